"""A registry in a dictionary, which returns changes to models page by page."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.unit.suggestion.spaces import page
from wanllmdb_suggestion.optimizer.model import Round, SweepModel
from wanllmdb_suggestion.optimizer.types import (
    ObjectivePoint,
    Point,
    PriorRecord,
    RunRecord,
    RunState,
)
from wanllmdb_suggestion.registry.state_seal import StateSeal

ENDS = [
    RunState.FINISHED,
    RunState.FINISHED,
    RunState.FINISHED,
    RunState.PRUNED,
    RunState.FAILED,
    RunState.LOST,
    RunState.CANCELED,
]

THINGS = ["suggest", "suggest", "report", "report", "end", "end"]
THINGS += ["requeue", "retry", "late", "enqueue", "sync"]
RETRYABLE = (RunState.PRUNED, RunState.FAILED, RunState.LOST, RunState.CANCELED)


@dataclass(frozen=True, slots=True)
class Ask:
    """A caller that waits for runs."""

    count: int
    is_waiting: bool = True


_SEAL = StateSeal(b"key", "imagined")


class ImaginedSweep:
    """Stores runs in the forms of the real registry: sealed states, and parameters as text."""

    def __init__(self, metrics: int = 1) -> None:
        self.metrics = metrics
        self.runs: dict[int, RunRecord] = {}
        self.priors: list[PriorRecord] = []
        self.changed: dict[int, int] = {}
        self.imported: list[int] = []
        # What each run reported, by attempt and step, with the revision that it came with.
        self.points: dict[tuple[int, int, int], tuple[float, int]] = {}
        self.revision = 0

    def write(self, record: RunRecord) -> None:
        self.revision += 1
        self.runs[record.number] = record
        self.changed[record.number] = self.revision

    def report(self, record: RunRecord, step: int, value: float) -> None:
        """Report a value of the metric, replacing an earlier value at this step."""
        self.revision += 1
        self.points[record.number, record.attempt, step] = (value, self.revision)

    def import_run(self, parameters: Mapping[str, Any], *objectives: float) -> None:
        self.revision += 1
        state = RunState.FINISHED if objectives else RunState.FAILED
        self.priors.append(PriorRecord(len(self.priors), state, Point(parameters), objectives))
        self.imported.append(self.revision)

    def sync(self, model: SweepModel) -> None:
        newer = [n for n, at in self.changed.items() if at > model.revision]
        runs = [self.runs[n] for n in sorted(newer, key=self.changed.__getitem__)]
        priors = [
            prior
            for prior, at in zip(self.priors, self.imported, strict=True)
            if at > model.revision
        ]
        points = [
            ObjectivePoint(*place, value)
            for place, (value, at) in self.points.items()
            if at > model.revision and model.needs_points
        ]
        changes = page(self.revision, len(self.runs), *runs)
        model.apply(replace(changes, prior_runs=priors, points=points))

    def hand_out(self, batch: Round) -> list[RunRecord]:
        handed = []
        for suggestions in batch.suggestions.values():
            for proposal in suggestions.proposals:
                before = self.runs.get(proposal.number)
                sealed = _SEAL.seal(proposal.number, proposal.sampler_state)
                record = RunRecord(
                    proposal.number,
                    RunState.RUNNING,
                    1 if before is None else before.attempt + 1,
                    Point(json.loads(json.dumps(proposal.parameters))),
                    None,
                    sampler_state=_SEAL.open(proposal.number, sealed),
                )
                self.write(record)
                handed.append(record)
        return handed

    def end(self, record: RunRecord, state: RunState, *objectives: float) -> None:
        """End a run, with `objectives` for states that have some."""
        if self.metrics == 1:
            self.write(
                replace(record, state=state, objective=objectives[0] if objectives else None)
            )
        elif state is RunState.PRUNED:
            # Early termination is for one metric.
            self.write(replace(record, state=RunState.CANCELED))
        else:
            self.write(replace(record, state=state, objectives=tuple(objectives)))


def live_on(sweep: ImaginedSweep, model: SweepModel, choice: random.Random) -> None:
    """Apply one random event to a sweep."""
    running = [r for r in sweep.runs.values() if r.state is RunState.RUNNING]
    match choice.choice(THINGS):
        case "suggest":
            sweep.sync(model)
            asks = [Ask(choice.randint(1, 2)) for _ in range(choice.randint(1, 3))]
            sweep.hand_out(model.propose(asks, seconds=99))
        case "report" if running:
            value = choice.choice([choice.random(), 0.5, float("nan"), float("-inf")])
            sweep.report(choice.choice(running), choice.randint(0, 3), value)
        case "end" if running:
            state = choice.choice(ENDS)
            # Some runs report nothing, or end with NaN.
            has_value = state in (RunState.FINISHED, RunState.PRUNED) and choice.random() < 0.8
            values = [choice.choice([choice.random(), 0.5]) for _ in range(sweep.metrics)]
            if sweep.metrics == 1 and choice.random() < 0.1:
                values = [float("inf")]
            sweep.end(choice.choice(running), state, *(values if has_value else ()))
        case "requeue" if running:
            sweep.write(replace(choice.choice(running), state=RunState.QUEUED))
        case "retry":
            ended = [r for r in sweep.runs.values() if r.state in RETRYABLE]
            if ended:
                retried = choice.choice(ended)
                sweep.write(replace(retried, state=RunState.QUEUED, objective=None, objectives=()))
        case "late":
            lost = [r for r in sweep.runs.values() if r.state is RunState.LOST]
            if lost:
                sweep.end(choice.choice(lost), RunState.FINISHED, *[0.1] * sweep.metrics)
        case "enqueue":
            names = list(model.spec.space.parameters)
            given = {}
            if choice.random() < 0.5 and sweep.runs:
                like = choice.choice(list(sweep.runs.values()))
                name = choice.choice(names).name
                given = {k: v for k, v in like.parameters.items() if k == name}
            sweep.write(RunRecord(len(sweep.runs), RunState.QUEUED, 0, Point(given), None))
        case _:
            sweep.sync(model)
