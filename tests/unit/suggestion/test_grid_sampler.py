"""Every point of the space once, in order."""

from __future__ import annotations

from tests.unit.suggestion.spaces import SMALL_GRID, page, run, spec
from wanllmdb_common.search_space.distributions import IntUniform, Parameter, SearchSpace
from wanllmdb_suggestion.study.model import Batch, Demand, SweepModel
from wanllmdb_suggestion.study.records import Exhausted, RunState

ORDER = [(1, "x"), (1, None), (2, "x"), (2, None), (3, "x"), (3, None)]


def points(batch: Batch) -> list[tuple[object, object]]:
    return [
        (p.parameters["a"], p.parameters["b"])
        for allotment in batch.allotments.values()
        for p in allotment.proposals
    ]


def model(*runs: object, next_number: int = 0) -> SweepModel:
    built = SweepModel(spec("grid", SMALL_GRID))
    built.apply(page(1, next_number, *runs))  # type: ignore[arg-type]
    return built


def point(a: int, b: str | None) -> dict[str, object]:
    return {"a": a, "b": b, "c": True}


def test_points_come_by_name_with_the_last_fastest() -> None:
    batch = model().propose([Demand(4), Demand(4)], seconds=9)
    assert points(batch) == ORDER
    assert [a.shortage for a in batch.allotments.values()] == [None, Exhausted.SPACE_EXHAUSTED]
    assert batch.space_exhausted


def test_the_flag_is_set_with_the_last_point_and_not_before() -> None:
    assert not model().propose([Demand(5)], seconds=9).space_exhausted
    assert model().propose([Demand(6)], seconds=9).space_exhausted


def test_an_enqueued_point_is_not_handed_out_again() -> None:
    queued = run(0, point(2, "x"), RunState.QUEUED, attempt=0)
    batch = model(queued, next_number=1).propose([Demand(6)], seconds=9)
    assert points(batch) == [(2, "x"), *[p for p in ORDER if p != (2, "x")]]
    assert batch.space_exhausted


def test_a_failed_point_is_not_handed_out_again() -> None:
    failed = run(0, point(1, "x"), RunState.FAILED)
    batch = model(failed, next_number=1).propose([Demand(1)], seconds=9)
    assert points(batch) == [(1, None)]


def test_a_partial_point_is_completed_by_a_free_one() -> None:
    ran = [run(0, point(2, "x"), RunState.FINISHED, 1.0)]
    queued = run(1, {"a": 2}, RunState.QUEUED, attempt=0)
    batch = model(*ran, queued, next_number=2).propose([Demand(9)], seconds=9)
    assert points(batch)[0] == (2, None)
    assert sorted(map(str, points(batch))) == sorted(str(p) for p in ORDER if p != (2, "x"))


def test_a_partial_point_with_no_free_one_is_tried_again() -> None:
    ran = [run(i, point(a, b), RunState.FINISHED, 1.0) for i, (a, b) in enumerate(ORDER)]
    queued = run(6, {"a": 2}, RunState.QUEUED, attempt=0)
    batch = model(*ran, queued, next_number=7).propose([Demand(2)], seconds=9)
    [allotment] = batch.allotments.values()
    assert [p.number for p in allotment.proposals] == [6]
    assert allotment.proposals[0].parameters["a"] == 2
    assert allotment.shortage is Exhausted.SPACE_EXHAUSTED


def test_an_off_grid_point_takes_none() -> None:
    space = SearchSpace((Parameter("a", IntUniform(0, 10, 5)),))
    built = SweepModel(spec("grid", space))
    built.apply(page(1, 1, run(0, {"a": 3}, RunState.FINISHED, 1.0)))
    batch = built.propose([Demand(9)], seconds=9)
    [allotment] = batch.allotments.values()
    assert [p.parameters["a"] for p in allotment.proposals] == [0, 5, 10]


def test_a_huge_grid_is_not_held_in_memory() -> None:
    space = SearchSpace(tuple(Parameter(f"p{i}", IntUniform(0, 10**9)) for i in range(4)))
    batch = SweepModel(spec("grid", space)).propose([Demand(3)], seconds=9)
    [allotment] = batch.allotments.values()
    assert [p.parameters["p3"] for p in allotment.proposals] == [0, 1, 2]
