"""The constraints between a space's parameters: which points of it are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Parameter,
    ParameterValue,
    SearchSpace,
)
from wanllmdb_common.search_space.expressions import Expression, ExpressionError, parse

MAX_CONSTRAINTS = 100


class Constraints:
    """A space's constraints, read once. Not thread-safe.

    A point need not be whole: an expression counts as met as long as one of its
    parameters is not among the values, be it undecided or absent from the run.

    Attributes:
        expressions: In the space's order.

    Raises:
        ExpressionError: one can't be read; `problems_of_constraints` tells of all.
    """

    def __init__(self, space: SearchSpace) -> None:
        names = [parameter.name for parameter in space.parameters]
        truth_values = _truth_values(space)
        self.expressions = tuple(parse(text, names, truth_values) for text in space.constraints)

    def __bool__(self) -> bool:
        return bool(self.expressions)

    def hold(self, values: Mapping[str, ParameterValue]) -> bool:
        """Whether a run with these values meets all of them."""
        return all(expression.holds(values) for expression in self.expressions)

    def broken(self, values: Mapping[str, ParameterValue]) -> list[str]:
        """Those that a run with these values does not meet, as they were written."""
        return [e.text for e in self.expressions if not e.holds(values)]


def problems_of_constraints(space: SearchSpace) -> Iterator[tuple[int, str]]:
    """What is wrong with a space's constraints: pairs of an index into them and a text.

    Nothing is said of an index only where there are more than `MAX_CONSTRAINTS`: it is that
    of the first one too many.
    """
    if len(space.constraints) > MAX_CONSTRAINTS:
        yield (
            MAX_CONSTRAINTS,
            f"at most {MAX_CONSTRAINTS} constraints are allowed, are {len(space.constraints)}",
        )
    names = [parameter.name for parameter in space.parameters]
    truth_values = _truth_values(space)
    for index, text in enumerate(space.constraints[:MAX_CONSTRAINTS]):
        try:
            parse(text, names, truth_values)
        except ExpressionError as error:
            for problem in error.problems:
                yield index, problem


def _truth_values(space: SearchSpace) -> set[str]:
    return {parameter.name for parameter in space.parameters if _may_be_true(parameter)}


def _may_be_true(parameter: Parameter) -> bool:
    match parameter.distribution:
        case Constant(value=value):
            return isinstance(value, bool)
        case Categorical(values=values):
            return any(isinstance(value, bool) for value in values)
        case _:
            return False


__all__ = [
    "MAX_CONSTRAINTS",
    "Constraints",
    "Expression",
    "ExpressionError",
    "problems_of_constraints",
]
