"""The constraints between a space's parameters, which decide the points that may be proposed."""

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
    """A space's constraints, parsed once. Not thread-safe.

    A point need not be complete: an expression holds as long as one of its parameters has no
    value, whether it is undecided or absent from the run.

    Attributes:
        expressions: The parsed constraints, in the space's order.

    Raises:
        ExpressionError: a constraint can't be parsed; `problems_of_constraints` lists all.
    """

    def __init__(self, space: SearchSpace) -> None:
        names = [parameter.name for parameter in space.parameters]
        truth_values = _truth_values(space)
        self.expressions = tuple(parse(text, names, truth_values) for text in space.constraints)

    def __bool__(self) -> bool:
        return bool(self.expressions)

    def hold(self, values: Mapping[str, ParameterValue]) -> bool:
        """Whether a run with these values satisfies all constraints."""
        return all(expression.holds(values) for expression in self.expressions)

    def broken(self, values: Mapping[str, ParameterValue]) -> list[str]:
        """Return the text of each constraint that a run with these values violates."""
        return [e.text for e in self.expressions if not e.holds(values)]


def problems_of_constraints(space: SearchSpace) -> Iterator[tuple[int, str]]:
    """Yield the problems of a space's constraints, as pairs of an index and a text.

    Where there are more than `MAX_CONSTRAINTS`, the index of that problem is the first one
    beyond the limit.
    """
    if len(space.constraints) > MAX_CONSTRAINTS:
        yield (
            MAX_CONSTRAINTS,
            f"at most {MAX_CONSTRAINTS} constraints are allowed, got {len(space.constraints)}",
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
