"""The constraints between parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wanllmdb_common.search_space import constraints
from wanllmdb_common.search_space.distributions import Constant, Parameter, SearchSpace
from wanllmdb_registry.domain.config.rules.values import Problems, problems_of_text


def problems_of_constraints(space: SearchSpace, unreadable: Iterable[str] = ()) -> Problems:
    """Each is an expression of the space's parameters.

    Whether they leave a point of the space is looked for elsewhere: see `check_feasible`.

    Args:
        space: What could be read.
        unreadable: Parameters that are there, but could not be read.
    """
    texts = [
        problem
        for index, constraint in enumerate(space.constraints)
        for problem in problems_of_text(f"constraints[{index}]", constraint)
    ]
    yield from texts
    if texts:
        return
    others = tuple(Parameter(name, Constant(True)) for name in unreadable)
    known = replace(space, parameters=(*space.parameters, *others))
    for index, text in constraints.problems_of_constraints(known):
        yield f"constraints[{index}]", text
