"""Grid search proposes every point of the space once, in order."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from tests.processor_time import soon
from tests.unit.suggestion.imagined_sweep import Ask
from tests.unit.suggestion.spaces import SMALL_GRID, page, run, spec
from wanllmdb_common.computing.cancellation import CallersGoneError, Computation
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_suggestion.optimizer.model import Round, SweepModel
from wanllmdb_suggestion.optimizer.samplers import grid
from wanllmdb_suggestion.optimizer.samplers.grid import GridSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import (
    ConstraintsNotMetError,
    UnfinishedSearchError,
)
from wanllmdb_suggestion.optimizer.types import AlgorithmChoice, Exhausted, Parameters, RunState

ORDER = [(1, "x"), (1, None), (2, "x"), (2, None), (3, "x"), (3, None)]


def points(batch: Round) -> list[tuple[object, object]]:
    return [
        (p.parameters["a"], p.parameters["b"])
        for suggestions in batch.suggestions.values()
        for p in suggestions.proposals
    ]


def model(*runs: object, next_number: int = 0) -> SweepModel:
    built = SweepModel(spec("grid", SMALL_GRID))
    built.apply(page(1, next_number, *runs))  # type: ignore[arg-type]
    return built


def point(a: int, b: str | None) -> dict[str, object]:
    return {"a": a, "b": b, "c": True}


def test_points_come_by_name_with_the_last_fastest() -> None:
    batch = model().propose([Ask(4), Ask(4)], seconds=9)
    assert points(batch) == ORDER
    assert [a.shortage for a in batch.suggestions.values()] == [None, Exhausted.SPACE_EXHAUSTED]
    assert batch.space_exhausted


def test_the_flag_is_set_with_the_last_point_and_not_before() -> None:
    assert not model().propose([Ask(5)], seconds=9).space_exhausted
    assert model().propose([Ask(6)], seconds=9).space_exhausted


def test_an_enqueued_point_is_not_handed_out_again() -> None:
    queued = run(0, point(2, "x"), RunState.QUEUED, attempt=0)
    batch = model(queued, next_number=1).propose([Ask(6)], seconds=9)
    assert points(batch) == [(2, "x"), *[p for p in ORDER if p != (2, "x")]]
    assert batch.space_exhausted


def test_a_failed_point_is_not_handed_out_again() -> None:
    failed = run(0, point(1, "x"), RunState.FAILED)
    batch = model(failed, next_number=1).propose([Ask(1)], seconds=9)
    assert points(batch) == [(1, None)]


def test_a_partial_point_is_completed_by_a_free_one() -> None:
    ran = [run(0, point(2, "x"), RunState.FINISHED, 1.0)]
    queued = run(1, {"a": 2}, RunState.QUEUED, attempt=0)
    batch = model(*ran, queued, next_number=2).propose([Ask(9)], seconds=9)
    assert points(batch)[0] == (2, None)
    assert sorted(map(str, points(batch))) == sorted(str(p) for p in ORDER if p != (2, "x"))


def test_a_partial_point_with_no_free_one_is_tried_again() -> None:
    ran = [run(i, point(a, b), RunState.FINISHED, 1.0) for i, (a, b) in enumerate(ORDER)]
    queued = run(6, {"a": 2}, RunState.QUEUED, attempt=0)
    batch = model(*ran, queued, next_number=7).propose([Ask(2)], seconds=9)
    [suggestions] = batch.suggestions.values()
    assert [p.number for p in suggestions.proposals] == [6]
    assert suggestions.proposals[0].parameters["a"] == 2
    assert suggestions.shortage is Exhausted.SPACE_EXHAUSTED


def test_an_off_grid_point_takes_none() -> None:
    space = SearchSpace((Parameter("a", IntUniform(0, 10, 5)),))
    built = SweepModel(spec("grid", space))
    built.apply(page(1, 1, run(0, {"a": 3}, RunState.FINISHED, 1.0)))
    batch = built.propose([Ask(9)], seconds=9)
    [suggestions] = batch.suggestions.values()
    assert [p.parameters["a"] for p in suggestions.proposals] == [0, 5, 10]


def test_a_huge_grid_is_not_held_in_memory() -> None:
    space = SearchSpace(tuple(Parameter(f"p{i}", IntUniform(0, 10**9)) for i in range(4)))
    batch = SweepModel(spec("grid", space)).propose([Ask(3)], seconds=9)
    [suggestions] = batch.suggestions.values()
    assert [p.parameters["p3"] for p in suggestions.proposals] == [0, 1, 2]


CONDITIONAL = SearchSpace(
    (
        Parameter("lr", IntUniform(1, 3)),
        Parameter("momentum", IntUniform(0, 2), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"))),
    )
)


def all_of(sampler: GridSampler, limit: int = 100_000) -> list[Parameters]:
    """Return the proposals, run by run, until no point is left."""
    handed_out: list[Parameters] = []
    while (parameters := sampler.propose(len(handed_out))) is not None:
        assert not sampler.is_exhausted
        sampler.observe(run(len(handed_out), parameters))
        handed_out.append(parameters)
        assert len(handed_out) <= limit
    assert sampler.is_exhausted
    return handed_out


def distinct(points: list[Parameters]) -> int:
    return len({repr(point) for point in points})


def test_conditional_points_come_once_with_what_they_have() -> None:
    points = all_of(GridSampler(CONDITIONAL, 7))
    assert points[:3] == [
        {"lr": 1, "optimizer": "adam"},
        {"lr": 1, "momentum": 0, "optimizer": "sgd"},
        {"lr": 1, "momentum": 1, "optimizer": "sgd"},
    ]
    assert len(points) == distinct(points) == 12


def test_points_that_break_a_constraint_are_not_handed_out_and_the_end_is_known() -> None:
    space = replace(CONDITIONAL, constraints=("momentum < lr", "lr != 3 or optimizer == 'adam'"))
    sampler = GridSampler(space, 7)
    points = all_of(sampler)
    assert [(p["lr"], p.get("momentum")) for p in points] == [
        *[(1, None), (1, 0)],
        *[(2, None), (2, 0), (2, 1)],
        *[(3, None)],
    ]


@pytest.mark.parametrize("constraints", [(), ("a + b * c < 40",), ("a == b", "c > 7"), ("a > 9",)])
def test_a_shuffled_grid_holds_the_same_points_in_another_order(
    constraints: tuple[str, ...],
) -> None:
    space = SearchSpace(tuple(Parameter(name, IntUniform(0, 9)) for name in "abc"), constraints)
    in_order = all_of(GridSampler(space, 7))
    shuffled = all_of(GridSampler(space, 7, shuffle=True))
    assert sorted(map(repr, shuffled)) == sorted(map(repr, in_order))
    if in_order:
        assert shuffled != in_order
        assert all_of(GridSampler(space, 8, shuffle=True)) != shuffled
    # Another replica, built from the runs so far, continues in the same order.
    half = len(shuffled) // 2
    other = GridSampler(space, 7, shuffle=True)
    for number in reversed(range(half)):
        other.observe(run(number, shuffled[number]))
    following = shuffled[half] if shuffled else None
    assert other.propose(half) == following


def test_continuous_parameters_are_cut_as_asked_for() -> None:
    space = SearchSpace((Parameter("x", Uniform(0.0, 1.0)),))
    assert [p["x"] for p in all_of(GridSampler(space, 1, grid_points=3))] == [0.0, 0.5, 1.0]


def test_options_reach_the_sampler() -> None:
    space = SearchSpace((Parameter("x", Uniform(0.0, 1.0)),))
    options = {"grid_points": 4, "shuffle": True}
    chosen = replace(spec("grid", space), sampler=AlgorithmChoice("grid", options))
    batch = SweepModel(chosen).propose([Ask(9)], seconds=9)
    [suggestions] = batch.suggestions.values()
    values = [p.parameters["x"] for p in suggestions.proposals]
    assert sorted(values, key=str) != values or values[0] != 0.0
    assert sorted(map(str, values)) == ["0.0", "0.3333333333333", "0.6666666666667", "1.0"]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_partial_point_is_completed_within_conditions_and_constraints(shuffle: bool) -> None:
    space = replace(CONDITIONAL, constraints=("momentum < lr",))
    sampler = GridSampler(space, 7, shuffle=shuffle)
    sampler.observe(run(0, {"lr": 1, "momentum": 0, "optimizer": "sgd"}))
    assert sampler.complete(1, {"lr": 1}) == {"lr": 1, "optimizer": "adam"}
    assert sampler.complete(2, {"lr": 2, "momentum": 1, "optimizer": "adam"}) == {
        "lr": 2,
        "optimizer": "adam",
    }
    # All points that agree with the given values are taken, so one of them is repeated.
    taken = {"lr": 1, "momentum": 0, "optimizer": "sgd"}
    assert sampler.complete(3, {"lr": 1, "optimizer": "sgd"}) == taken
    with pytest.raises(NoPointFoundError):
        sampler.complete(4, {"lr": 1, "momentum": 2, "optimizer": "sgd"})
    # Values that are not on the grid meet the constraints.
    odd = SearchSpace(
        (Parameter("x", IntUniform(0, 10, 5)), Parameter("y", Uniform(0.0, 10.0))), ("y > x + 4.9",)
    )
    point = GridSampler(odd, 7, grid_points=2, shuffle=shuffle).complete(0, {"x": 5})
    assert point == {"x": 5, "y": 10.0}
    assert GridSampler(odd, 7, grid_points=2).complete(0, {"x": 5.05})["y"] == 10.0


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("constraints", [(), ("a < 8", "c != d")])
def test_ten_million_points_cost_no_memory_each(
    shuffle: bool, constraints: tuple[str, ...]
) -> None:
    space = SearchSpace(tuple(Parameter(n, IntUniform(0, 9)) for n in "abcdefg"), constraints)
    sampler = GridSampler(space, 7, shuffle=shuffle)

    def hand_out(first: int, count: int) -> None:
        for number in range(first, first + count):
            parameters = sampler.propose(number)
            assert parameters is not None
            sampler.observe(run(number, parameters))

    hand_out(0, 400)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    hand_out(400, 1_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert sampler._taken == set()
    assert grown < 20_000  # of 1,000 points


def test_the_end_of_ten_million_points_is_found_without_looking_at_each() -> None:
    space = SearchSpace(
        tuple(Parameter(n, IntUniform(0, 9)) for n in "abcdefg"), ("a + g < 1", "b + c == 0")
    )
    with soon():
        sampler = GridSampler(space, 7)
        points = all_of(sampler)
        assert len(points) == 1_000


SIXTY = tuple(f"p{i:02}" for i in range(60))
# Only the first point in order meets the constraint.
HOPELESS = SearchSpace(
    tuple(Parameter(name, IntUniform(0, 7)) for name in SIXTY), (" + ".join(SIXTY) + " == 0",)
)
SPARSE = SearchSpace(
    tuple(Parameter(name, IntUniform(0, 9)) for name in "abc"), ("a * b * c % 37 == 5",)
)


def search_on(sampler: GridSampler, number: int) -> int:
    """Return how many asks it takes until the search is given up."""
    for asked in range(1, 1_000):
        try:
            assert sampler.propose(number) is None
        except UnfinishedSearchError:
            continue
        except ConstraintsNotMetError:
            return asked
    raise AssertionError("it is never given up")


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_hopeless_search_is_given_up_and_goes_on_from_there(shuffle: bool) -> None:
    sampler = GridSampler(HOPELESS, 7, shuffle=shuffle)
    first = dict.fromkeys(SIXTY, 0)
    if not shuffle:
        assert sampler.propose(0) == first
        # It takes long to find out whether the point is the last one.
        sampler.expect(0, first)
        assert not sampler.is_exhausted
        sampler.forget_expected()
    sampler.observe(run(0, first))
    with soon():
        assert 2 < search_on(sampler, 1) < 100
        reached = sampler._first_free
        assert 2 < search_on(sampler, 1) < 100
        assert sampler._first_free > reached > 0


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_interrupted_search_proposes_what_one_at_a_stretch_does(
    shuffle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = all_of(GridSampler(SPARSE, 7, shuffle=shuffle))
    assert len(expected) > 10
    monkeypatch.setattr(grid, "SEARCH_UNITS", 60)
    monkeypatch.setattr(grid, "LOOK_AHEAD_UNITS", 40)
    sampler, found, paused = GridSampler(SPARSE, 7, shuffle=shuffle), list[Parameters](), 0
    while True:
        try:
            point = sampler.propose(len(found))
        except UnfinishedSearchError:
            paused += 1
            continue
        if point is None:
            break
        sampler.expect(len(found), point)
        assert not (sampler.is_exhausted and len(found) + 1 < len(expected))
        sampler.forget_expected()
        sampler.observe(run(len(found), point))
        found.append(point)
    assert found == expected
    assert paused > len(expected)


def test_points_expected_together_are_those_that_come_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = all_of(GridSampler(SPARSE, 7))
    monkeypatch.setattr(grid, "SEARCH_UNITS", 500)
    sampler, found = GridSampler(SPARSE, 7), list[Parameters]()
    while len(found) < len(expected):
        batch = list[Parameters]()
        while len(batch) < 5 and len(found) + len(batch) < len(expected):
            try:
                point = sampler.propose(len(found) + len(batch))
            except UnfinishedSearchError:
                continue
            assert point is not None
            sampler.expect(len(found) + len(batch), point)
            batch.append(point)
        sampler.forget_expected()
        # Their runs are observed in another order.
        for number in reversed(range(len(batch))):
            sampler.observe(run(len(found) + number, batch[number]))
        found += batch
    assert found == expected
    assert not sampler._taken


def test_a_rebuilt_sampler_passes_a_sparse_grid_with_runs_without_giving_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = all_of(GridSampler(SPARSE, 7))
    monkeypatch.setattr(grid, "SEARCH_UNITS", 200)
    # More effort than between two wanted points, less than for all of them.
    monkeypatch.setattr(grid, "GIVE_UP_UNITS", 10_000)
    rebuilt = GridSampler(SPARSE, 7)
    for number, point in enumerate(points[:-1]):
        rebuilt.observe(run(number, point))
    for _ in range(1_000):
        try:
            assert rebuilt.propose(len(points) - 1) == points[-1]
            break
        except UnfinishedSearchError:
            continue
    else:
        raise AssertionError("it does not come to an end")


def test_a_search_that_no_caller_waits_for_ends() -> None:
    answers = iter([True] * 20)
    computation = Computation(60, lambda: next(answers, False))
    built = SweepModel(spec("grid", HOPELESS))
    built.apply(page(1, 1, run(0, dict.fromkeys(SIXTY, 0))))
    with pytest.raises(CallersGoneError):
        computation.run(lambda: built.propose([Ask(1)], seconds=9))
    assert next(answers, None) is None
    # The next call continues.
    assert built.propose([Ask(1)], seconds=9).is_searching
