"""A model proposes queued runs first, then new runs up to the cap, for callers that still wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.suggestion.imagined_sweep import Ask
from tests.unit.suggestion.spaces import SIX_PARAMETERS, page, run, spec
from wanllmdb_suggestion.optimizer.model import StaleModelError, Suggestions, SweepModel
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler
from wanllmdb_suggestion.optimizer.types import (
    Changes,
    Exhausted,
    ObjectivePoint,
    RunState,
    SweepState,
    SweepStatus,
    WandbHyperband,
)

POINT = dict(RandomSampler(SIX_PARAMETERS, 0).propose(0))


def numbers(suggestions: Suggestions) -> list[int]:
    return [proposal.number for proposal in suggestions.proposals]


def test_new_runs_get_the_next_numbers_over_all_demands() -> None:
    model = SweepModel(spec())
    model.apply(page(5, 3))
    batch = model.propose([Ask(2), Ask(1), Ask(3)], seconds=9)
    assert [numbers(a) for a in batch.suggestions.values()] == [[3, 4], [5], [6, 7, 8]]
    assert all(a.shortage is None for a in batch.suggestions.values())


def test_the_etag_of_a_faster_sync_outlives_the_record_of_an_assignment() -> None:
    model = SweepModel(spec())
    model.apply(replace(page(5, 3), spec=spec(), etag="s-1"))
    model.record_assigned([run(3, POINT, RunState.RUNNING)], "s-1", "s-2")
    assert model.etag == "s-2"
    # A user changes the sweep, and a sync returns that before the next assignment is recorded.
    model.apply(replace(page(8, 5), spec=spec(), etag="s-3"))
    model.record_assigned([run(4, POINT, RunState.RUNNING)], "s-2", "s-2")
    assert (model.etag, model.status.next_number) == ("s-3", 5)


def test_queued_runs_go_first_and_oldest_first() -> None:
    model = SweepModel(spec())
    queued = [run(n, {"lr": 0.002}, RunState.QUEUED, attempt=0) for n in (4, 1)]
    model.apply(page(5, 5, *queued))
    [suggestions] = model.propose([Ask(3)], seconds=9).suggestions.values()
    assert numbers(suggestions) == [1, 4, 5]
    assert [p.parameters["lr"] for p in suggestions.proposals[:2]] == [0.002, 0.002]
    assert set(suggestions.proposals[0].parameters) == set(POINT)


def test_a_run_given_back_keeps_its_parameters() -> None:
    model = SweepModel(spec("tpe"))
    model.apply(page(5, 1, run(0, POINT, RunState.QUEUED)))
    [suggestions] = model.propose([Ask(1)], seconds=9).suggestions.values()
    assert suggestions.proposals[0].parameters == POINT


def test_a_run_handed_out_leaves_the_queue() -> None:
    model = SweepModel(spec())
    model.apply(page(5, 1, run(0, POINT, RunState.QUEUED)))
    model.apply(page(6, 1, run(0, POINT, RunState.RUNNING)))
    assert model.queued() == []


def test_the_cap_is_kept_and_named() -> None:
    model = SweepModel(spec(run_cap=4))
    model.apply(page(5, 2, run(0, POINT, RunState.QUEUED), run(1, POINT)))
    batch = model.propose([Ask(1), Ask(3), Ask(1)], seconds=9)
    assert [numbers(a) for a in batch.suggestions.values()] == [[0], [2, 3], []]
    shortages = [a.shortage for a in batch.suggestions.values()]
    assert shortages == [None, Exhausted.RUN_CAP, Exhausted.RUN_CAP]


def test_a_raised_cap_gives_more_without_a_rebuild() -> None:
    model = SweepModel(spec(run_cap=1))
    model.apply(page(5, 1, run(0, POINT)))
    model.apply(replace(page(6, 1), spec=spec(run_cap=2)))
    [suggestions] = model.propose([Ask(1)], seconds=9).suggestions.values()
    assert numbers(suggestions) == [1]


def test_nothing_is_drawn_for_those_who_have_gone() -> None:
    model = SweepModel(spec())
    asks = [Ask(1), Ask(1, is_waiting=False), Ask(1)]
    batch = model.propose(asks, seconds=9)
    assert list(batch.suggestions) == [0, 2]
    assert [numbers(batch.suggestions[i]) for i in (0, 2)] == [[0], [1]]


def test_a_batch_ends_when_its_time_is_up_but_not_before_the_first() -> None:
    model = SweepModel(spec())
    batch = model.propose([Ask(2), Ask(1)], seconds=0)
    assert list(batch.suggestions) == [0]


def test_a_batch_ends_at_its_limit_with_whole_demands() -> None:
    model = SweepModel(spec())
    batch = model.propose([Ask(4), Ask(4), Ask(4)], seconds=9, limit=10)
    assert [numbers(a) for a in batch.suggestions.values()] == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    ("status", "closed"),
    [
        (SweepStatus(SweepState.PENDING), None),
        (SweepStatus(SweepState.RUNNING), None),
        (SweepStatus(SweepState.PAUSED), SweepState.PAUSED),
        (SweepStatus(SweepState.FAILED), SweepState.FAILED),
        (SweepStatus(SweepState.CANCELED), SweepState.CANCELED),
        (SweepStatus(SweepState.FINISHED), SweepState.FINISHED),
        (SweepStatus(SweepState.FINISHED, Exhausted.TARGET_REACHED), Exhausted.TARGET_REACHED),
    ],
)
def test_why_a_sweep_hands_out_nothing(
    status: SweepStatus, closed: Exhausted | SweepState | None
) -> None:
    model = SweepModel(spec())
    model.apply(Changes(1, status))
    assert model.closed == closed


def test_early_termination_added_later_needs_a_new_model() -> None:
    model = SweepModel(spec())
    with pytest.raises(StaleModelError):
        model.apply(replace(page(1, 0), spec=replace(spec(), hyperband=WandbHyperband(1))))


def test_values_of_an_attempt_are_forgotten_when_the_next_begins() -> None:
    model = SweepModel(replace(spec(), hyperband=WandbHyperband(1)))
    points = [ObjectivePoint(0, 1, step, 1.0) for step in range(3)]
    model.apply(replace(page(1, 1, run(0, POINT)), points=points))
    assert model.stop_rule is not None
    assert model.stop_rule.decide(0).step == 3
    model.apply(page(2, 1, run(0, POINT, attempt=2)))
    assert model.stop_rule.decide(0).step is None
