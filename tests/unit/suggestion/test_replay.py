"""A model that lived through a sweep and one built anew from its runs propose the same."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.suggestion.spaces import SIX_PARAMETERS, SMALL_GRID, page, spec
from wanllmdb_suggestion.study.model import Batch, Demand, SweepModel
from wanllmdb_suggestion.study.records import RunRecord, RunState

FINAL = [
    RunState.FINISHED,
    RunState.FINISHED,
    RunState.FINISHED,
    RunState.PRUNED,
    RunState.FAILED,
    RunState.LOST,
    RunState.CANCELED,
]


class ImaginedSweep:
    """A registry in a dictionary: what a model is told, page by page."""

    def __init__(self) -> None:
        self.runs: dict[int, RunRecord] = {}
        self.changed: dict[int, int] = {}
        self.revision = 0

    def write(self, record: RunRecord) -> None:
        self.revision += 1
        self.runs[record.number] = record
        self.changed[record.number] = self.revision

    def sync(self, model: SweepModel) -> None:
        newer = [n for n, at in self.changed.items() if at > model.revision]
        runs = [self.runs[n] for n in sorted(newer, key=self.changed.__getitem__)]
        model.apply(page(self.revision, len(self.runs), *runs))

    def hand_out(self, batch: Batch) -> None:
        for allotment in batch.allotments.values():
            for proposal in allotment.proposals:
                before = self.runs.get(proposal.number)
                attempt = 1 if before is None else before.attempt + 1
                self.write(
                    RunRecord(proposal.number, RunState.RUNNING, attempt, proposal.parameters, None)
                )


def step(sweep: ImaginedSweep, model: SweepModel, choice: random.Random) -> None:
    """One thing that can happen to a sweep."""
    running = [r for r in sweep.runs.values() if r.state is RunState.RUNNING]
    match choice.choice(["suggest", "suggest", "end", "end", "requeue", "late", "enqueue", "sync"]):
        case "suggest":
            sweep.sync(model)
            demands = [Demand(choice.randint(1, 2)) for _ in range(choice.randint(1, 3))]
            sweep.hand_out(model.propose(demands, seconds=9))
        case "end" if running:
            state = choice.choice(FINAL)
            has_value = state in (RunState.FINISHED, RunState.PRUNED)
            value = choice.choice([choice.random(), 0.5, float("inf")]) if has_value else None
            sweep.write(replace(choice.choice(running), state=state, objective=value))
        case "requeue" if running:
            sweep.write(replace(choice.choice(running), state=RunState.QUEUED))
        case "late":
            lost = [r for r in sweep.runs.values() if r.state is RunState.LOST]
            if lost:
                late = replace(choice.choice(lost), state=RunState.FINISHED, objective=0.1)
                sweep.write(late)
        case "enqueue":
            given = {"momentum": choice.random()} if choice.random() < 0.5 else {}
            sweep.write(RunRecord(len(sweep.runs), RunState.QUEUED, 0, given, None))
        case _:
            sweep.sync(model)


def next_batch(model: SweepModel) -> Batch:
    return model.propose([Demand(1), Demand(2)], seconds=9)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 60), st.booleans())
def test_a_rebuilt_model_goes_on_as_the_warm_one(
    sampler: str, choice: random.Random, steps: int, minimize: bool
) -> None:
    sweep = ImaginedSweep()
    warm = SweepModel(spec(sampler, minimize=minimize))
    for _ in range(steps):
        step(sweep, warm, choice)
    sweep.sync(warm)
    cold = SweepModel(spec(sampler, minimize=minimize))
    sweep.sync(cold)
    assert next_batch(warm) == next_batch(cold)
    # Asking changes nothing.
    assert next_batch(warm) == next_batch(cold)


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 12))
def test_a_rebuilt_grid_goes_on_as_the_warm_one(choice: random.Random, steps: int) -> None:
    sweep = ImaginedSweep()
    warm = SweepModel(spec("grid", SMALL_GRID))
    for _ in range(steps):
        sweep.sync(warm)
        if choice.random() < 0.3:
            given: Any = choice.choice(
                [{}, {"a": 2}, {"a": 3, "b": None}, {"a": 1, "b": "x", "c": True}]
            )
            sweep.write(RunRecord(len(sweep.runs), RunState.QUEUED, 0, given, None))
        else:
            sweep.hand_out(warm.propose([Demand(choice.randint(1, 2))], seconds=9))
    sweep.sync(warm)
    cold = SweepModel(spec("grid", SMALL_GRID))
    sweep.sync(cold)
    first = next_batch(warm)
    assert first == next_batch(cold)
    # Asking changes nothing: what met a conflict is proposed again.
    assert first == next_batch(warm)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_killed_after_every_run_the_sequence_is_the_same(sampler: str) -> None:
    def sequence(*, killed: bool) -> list[object]:
        sweep = ImaginedSweep()
        model = SweepModel(spec(sampler))
        proposals: list[object] = []
        for _ in range(25):
            if killed:
                model = SweepModel(spec(sampler))
            sweep.sync(model)
            batch = model.propose([Demand(1)], seconds=9)
            [proposal] = batch.allotments[0].proposals
            proposals.append(proposal)
            sweep.hand_out(batch)
            momentum = proposal.parameters["momentum"]
            assert isinstance(momentum, float)
            running = sweep.runs[proposal.number]
            sweep.write(replace(running, state=RunState.FINISHED, objective=momentum))
        return proposals

    assert sequence(killed=True) == sequence(killed=False)


def test_a_different_seed_proposes_differently() -> None:
    models = [SweepModel(spec(seed=seed, space=SIX_PARAMETERS)) for seed in (1, 2)]
    assert next_batch(models[0]) != next_batch(models[1])
