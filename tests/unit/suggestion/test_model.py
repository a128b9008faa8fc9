"""What a model hands out: queued runs first, up to the cap, as long as somebody wants it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.suggestion.spaces import SIX_PARAMETERS, page, run, spec
from wanllmdb_suggestion.study.model import Allotment, Demand, StaleModelError, SweepModel
from wanllmdb_suggestion.study.pruning.bands import Hyperband
from wanllmdb_suggestion.study.random_sampler import RandomSampler
from wanllmdb_suggestion.study.records import (
    Changes,
    Exhausted,
    ObjectivePoint,
    RunState,
    Standing,
    SweepState,
)

POINT = dict(RandomSampler(SIX_PARAMETERS, 0).propose(0))


def numbers(allotment: Allotment) -> list[int]:
    return [proposal.number for proposal in allotment.proposals]


def test_new_runs_get_the_next_numbers_over_all_demands() -> None:
    model = SweepModel(spec())
    model.apply(page(5, 3))
    batch = model.propose([Demand(2), Demand(1), Demand(3)], seconds=9)
    assert [numbers(a) for a in batch.allotments.values()] == [[3, 4], [5], [6, 7, 8]]
    assert all(a.shortage is None for a in batch.allotments.values())


def test_queued_runs_go_first_and_oldest_first() -> None:
    model = SweepModel(spec())
    queued = [run(n, {"lr": 0.002}, RunState.QUEUED, attempt=0) for n in (4, 1)]
    model.apply(page(5, 5, *queued))
    [allotment] = model.propose([Demand(3)], seconds=9).allotments.values()
    assert numbers(allotment) == [1, 4, 5]
    assert [p.parameters["lr"] for p in allotment.proposals[:2]] == [0.002, 0.002]
    assert set(allotment.proposals[0].parameters) == set(POINT)


def test_a_run_given_back_keeps_its_parameters() -> None:
    model = SweepModel(spec("tpe"))
    model.apply(page(5, 1, run(0, POINT, RunState.QUEUED)))
    [allotment] = model.propose([Demand(1)], seconds=9).allotments.values()
    assert allotment.proposals[0].parameters == POINT


def test_a_run_handed_out_leaves_the_queue() -> None:
    model = SweepModel(spec())
    model.apply(page(5, 1, run(0, POINT, RunState.QUEUED)))
    model.apply(page(6, 1, run(0, POINT, RunState.RUNNING)))
    assert model.queued() == []


def test_the_cap_is_kept_and_named() -> None:
    model = SweepModel(spec(run_cap=4))
    model.apply(page(5, 2, run(0, POINT, RunState.QUEUED), run(1, POINT)))
    batch = model.propose([Demand(1), Demand(3), Demand(1)], seconds=9)
    assert [numbers(a) for a in batch.allotments.values()] == [[0], [2, 3], []]
    shortages = [a.shortage for a in batch.allotments.values()]
    assert shortages == [None, Exhausted.RUN_CAP, Exhausted.RUN_CAP]


def test_a_raised_cap_gives_more_without_a_rebuild() -> None:
    model = SweepModel(spec(run_cap=1))
    model.apply(page(5, 1, run(0, POINT)))
    model.apply(replace(page(6, 1), spec=spec(run_cap=2)))
    [allotment] = model.propose([Demand(1)], seconds=9).allotments.values()
    assert numbers(allotment) == [1]


def test_nothing_is_drawn_for_those_who_have_gone() -> None:
    model = SweepModel(spec())
    demands = [Demand(1), Demand(1, lambda: False), Demand(1)]
    batch = model.propose(demands, seconds=9)
    assert batch.unwanted == [1]
    assert [numbers(batch.allotments[i]) for i in (0, 2)] == [[0], [1]]


def test_a_batch_ends_when_its_time_is_up_but_not_before_the_first() -> None:
    model = SweepModel(spec())
    batch = model.propose([Demand(2), Demand(1)], seconds=0)
    assert list(batch.allotments) == [0]


def test_a_batch_ends_at_its_limit_with_whole_demands() -> None:
    model = SweepModel(spec())
    batch = model.propose([Demand(4), Demand(4), Demand(4)], seconds=9, limit=10)
    assert [numbers(a) for a in batch.allotments.values()] == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    ("standing", "closed"),
    [
        (Standing(SweepState.PENDING), None),
        (Standing(SweepState.RUNNING), None),
        (Standing(SweepState.PAUSED), SweepState.PAUSED),
        (Standing(SweepState.FAILED), SweepState.FAILED),
        (Standing(SweepState.CANCELED), SweepState.CANCELED),
        (Standing(SweepState.FINISHED), SweepState.FINISHED),
        (Standing(SweepState.FINISHED, Exhausted.TARGET_REACHED), Exhausted.TARGET_REACHED),
    ],
)
def test_why_a_sweep_hands_out_nothing(
    standing: Standing, closed: Exhausted | SweepState | None
) -> None:
    model = SweepModel(spec())
    model.apply(Changes(1, standing))
    assert model.closed == closed


def test_early_termination_added_later_needs_a_new_model() -> None:
    model = SweepModel(spec())
    with pytest.raises(StaleModelError):
        model.apply(replace(page(1, 0), spec=replace(spec(), hyperband=Hyperband(1))))


def test_values_of_an_attempt_are_forgotten_when_the_next_begins() -> None:
    model = SweepModel(replace(spec(), hyperband=Hyperband(1)))
    points = [ObjectivePoint(0, 1, step, 1.0) for step in range(3)]
    model.apply(replace(page(1, 1, run(0, POINT)), points=points))
    assert model.stop_rule is not None
    assert model.stop_rule.decide(0).step == 3
    model.apply(page(2, 1, run(0, POINT, attempt=2)))
    assert model.stop_rule.decide(0).step is None
