"""The constraints between parameters."""

from __future__ import annotations

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_registry.domain.config.rules.values import Problems, problems_of_text

MAX_CONSTRAINTS = 100
MAX_LENGTH = 2_000


def problems_of_constraints(space: SearchSpace) -> Problems:
    """Each is an expression of the space's parameters."""
    if len(space.constraints) > MAX_CONSTRAINTS:
        text = f"at most {MAX_CONSTRAINTS}, are {len(space.constraints)}"
        yield "constraints", text
        return
    for index, constraint in enumerate(space.constraints):
        yield from problems_of_text(f"constraints[{index}]", constraint, MAX_LENGTH)
