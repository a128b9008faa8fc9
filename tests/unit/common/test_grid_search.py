"""The points of a grid that satisfy the constraints."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processor_time import soon
from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.grid import Grid
from wanllmdb_common.search_space.grid_search import (
    GridSearch,
    SearchPausedError,
    grid_infeasibility,
)

PARAMETERS = (
    Parameter("a", IntUniform(0, 2)),
    Parameter("b", IntUniform(0, 3), (Condition("kind", ("x", "y")),)),
    Parameter("c", Uniform(0.0, 1.0)),
    Parameter("d", IntUniform(0, 3), (Condition("b", (1, 2)),)),
    Parameter("kind", Categorical(("x", "y", "z"))),
    Parameter("z", IntUniform(0, 2)),
)
EXPRESSIONS = [
    "a < b",
    "a + z == 4",
    "z > a and kind != 'x'",
    "d <= b",
    "c * 3 < d",
    "kind in ('x', 'z')",
    "1 / (a - z) > 0",
    "z > 9",
    "b > 9",
    "d + z > 3 or c == 0",
]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=3, unique=True))
def test_no_wanted_point_is_jumped_over(expressions: list[str]) -> None:
    space = SearchSpace(PARAMETERS, tuple(expressions))
    g, constraints = Grid(space, 2), Constraints(space)
    expected = [i for i in range(g.size) if constraints.hold(g.point(i))]
    search = GridSearch(space, 2)
    found = []
    index = search.first_from(0, WorkBudget(10**9))
    while index is not None:
        found.append(index)
        index = search.first_from(index + 1, WorkBudget(10**9))
    assert found == expected
    assert all(map(search.is_wanted, expected))


@pytest.mark.parametrize(
    "constraint", ["a > 9", "g > 9", "a + g > 18", "d * e > 99", "a + b > 20", "a / g > 9"]
)
def test_ten_million_points_without_a_wanted_one_are_gone_through_at_once(constraint: str) -> None:
    space = SearchSpace(tuple(Parameter(n, IntUniform(0, 9)) for n in "abcdefg"), (constraint,))
    with soon():
        assert GridSearch(space).first_from(0, WorkBudget(10**9)) is None


def test_infeasible_grids_are_reported_soon() -> None:
    x, y = Parameter("x", Uniform(0.0, 1.0)), Parameter("y", Uniform(0.0, 1.0))
    assert grid_infeasibility(SearchSpace((x, y), ("x + y == 1",)), 11) is None
    text = grid_infeasibility(SearchSpace((x, y), ("x + y == 0.15",)), 11)
    assert text == "the constraints hold for none of the 121 points of the grid"
    # Far from the start, but not rare.
    seven = tuple(Parameter(n, IntUniform(0, 9)) for n in "abcdefg")
    assert grid_infeasibility(SearchSpace(seven, ("a * b * c * d * e * f * g > 99",))) is None
    with soon():
        everywhere = grid_infeasibility(SearchSpace(seven, ("a + b + c + d + e + f + g > 63",)))
        assert everywhere is not None
        assert "10,000,000 points" in everywhere


# One point alone meets the constraint: the first.
HOPELESS = SearchSpace(
    tuple(Parameter(f"p{i:02}", IntUniform(0, 7)) for i in range(60)),
    (" + ".join(f"p{i:02}" for i in range(60)) + " == 0",),
)


def test_a_search_ends_with_its_effort_and_goes_on_where_it_ended() -> None:
    search = GridSearch(HOPELESS)
    assert search.first_from(0, WorkBudget(10_000)) == 0
    places = [1]
    with soon():
        for _ in range(5):
            effort = WorkBudget(10_000)
            with pytest.raises(SearchPausedError) as paused:
                search.first_from(places[-1], effort)
            assert effort.looks < 1_000
            places.append(paused.value.index)
    assert places == sorted(set(places))


@pytest.mark.parametrize("constraints", [1, 100])
def test_infeasible_grids_of_many_long_constraints_are_reported_soon(constraints: int) -> None:
    names = [f"p{i:02}" for i in range(60)]
    long = " + ".join(f"{name} * {name} * 2" for name in names)
    never = (*(f"{long} >= {i - 99}" for i in range(constraints - 1)), f"{long} > 5880")
    space = SearchSpace(tuple(Parameter(n, IntUniform(0, 7)) for n in names), never)
    with soon():
        assert grid_infeasibility(space) is not None
