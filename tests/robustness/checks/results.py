"""Acknowledged results and metric values are stored unaltered, and no others are."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts, Write, has_objectives, same
from tests.robustness.checks.violation import Violation
from tests.robustness.diary import SET_METRIC
from tests.robustness.sweep_states import (
    CANCELED,
    CLOSED_RUN_STATES,
    FAILED,
    FINAL_SWEEP_STATES,
    FINISHED,
    PRUNED,
)
from wanllmdb.api.registry.v1 import run_pb2

RESULTS = "acknowledged results are kept, unaltered"
EXPLAINED = "every end of a run was requested"
OBJECTIVE = "an objective is one that its agent sent or reported"
POINTS = "acknowledged metric values are kept, unaltered"
INVENTED = "every metric value was reported"
SUMMARY = "a run's summary holds its last reported values"

# Replaces a value that a summary lacks; no program reports it.
_ABSENT = -1.5e300

_OUTCOMES = {FINISHED: "succeeded", PRUNED: "pruned", CANCELED: "canceled", FAILED: "failed"}

# A metric's name and a step.
Place = tuple[str, int]


def check_results(facts: Facts) -> Iterator[Violation]:
    """Check how each run ended."""
    for write in facts.writes:
        if write.method == "FinishRun" and write.answer is not None:
            yield from _kept(facts, write)
    for run in facts.final.runs:
        if run.state in _OUTCOMES and not _is_explained(facts, run):
            text = f"run {run.number} is {run_pb2.RunState.Name(run.state)}, unrequested"
            yield Violation(EXPLAINED, text, [run])
        if run.state == FINISHED:
            yield from _objectives(facts, run)


def _kept(facts: Facts, write: Write) -> Iterator[Violation]:
    answered = write.answer.run
    number, attempt = write.attempt
    if (answered.number, answered.attempt) != (number, attempt):
        yield Violation(RESULTS, f"run {number} was answered with another run", [write])
        return
    if answered.state not in CLOSED_RUN_STATES:
        # A failure that is retried.
        return
    kept = facts.final_runs.get(number)
    if kept is None:
        yield Violation(RESULTS, f"run {number}, whose end was acknowledged, is missing", [write])
        return
    if facts.may_be_retried(answered) and (kept.attempt > attempt or kept.state == CANCELED):
        # The run as the retry left it: in another attempt, or canceled before its assignment.
        return
    for name in ("state", "attempt", "objective", "objectives", "error", "end_time", "parameters"):
        if getattr(kept, name) != getattr(answered, name):
            text = f"the {name} of run {number} differs from the acknowledged one"
            yield Violation(RESULTS, text, [write, kept])


def _is_explained(facts: Facts, run: run_pb2.Run) -> bool:
    outcome = _OUTCOMES[run.state]
    for write in facts.writes_of.get((run.number, run.attempt), ()):
        if write.is_refused:
            continue
        if write.method == "FinishRun":
            kind = write.request.WhichOneof("outcome")
            if kind == outcome:
                return True
        elif write.method == "ReleaseRun" and run.state == CANCELED:
            return True
    if run.state != CANCELED:
        return False
    # The end of a sweep cancels queued runs.
    return facts.final.sweep.state in FINAL_SWEEP_STATES or facts.may_be_canceled(run.number)


def _objectives(facts: Facts, run: run_pb2.Run) -> Iterator[Violation]:
    """Check that a request that may have ended the run has its objectives."""
    metrics = [metric.name for metric in facts.final.sweep.spec.metrics]
    kept = list(run.objectives)
    if len(metrics) == 1 and has_objectives(run):
        kept = [run.objective]
    ends = [
        write
        for write in facts.writes_of.get((run.number, run.attempt), ())
        if write.method == "FinishRun" and not write.is_refused
    ]
    allowed = [_worth(write.request.succeeded, metrics, run.summary) for write in ends]
    if kept not in allowed:
        text = f"run {run.number} has objective {kept}, and its agent sent {allowed}"
        yield Violation(OBJECTIVE, text, [*ends, run])


def _worth(given: Any, metrics: Sequence[str], summary: Mapping[str, float]) -> list[float]:
    """Return the objectives, or none if one of them is missing, NaN or infinite."""
    values = [
        given.objective
        if len(metrics) == 1 and given.HasField("objective")
        else given.objectives[name]
        if name in given.objectives
        else summary.get(name, math.nan)
        for name in metrics
    ]
    return values if all(map(math.isfinite, values)) else []


def check_points(facts: Facts) -> Iterator[Violation]:
    """Check that every value was sent, and was the last one for its step."""
    for attempt, points in facts.final.points.items():
        senders = _senders(facts, attempt)
        for place, point in points.items():
            yield from _point(attempt, place, point, senders.get(place, ()))
        for place, writes in senders.items():
            acknowledged = [write for write in writes if write.answer is not None]
            if acknowledged and place not in points:
                text = f"{_where(attempt, place)} was acknowledged and is missing"
                yield Violation(POINTS, text, acknowledged)


def check_summaries(facts: Facts) -> Iterator[Violation]:
    """Check summaries by the stored values of the last attempt and the values that were set."""
    for run in facts.final.runs:
        attempt = run.number, run.attempt
        writes = facts.writes_of.get(attempt, ())
        if facts.history.work is not None:
            # The calls of real agents are unknown; their diaries hold the values that were set.
            run = _without_set(run)
        yield from _summary(run, facts.final.points.get(attempt, {}), writes)


def _senders(facts: Facts, attempt: Attempt) -> Mapping[Place, Sequence[Write]]:
    found: defaultdict[Place, list[Write]] = defaultdict(list)
    for write in facts.writes_of.get(attempt, ()):
        if write.is_refused or write.method == "ReleaseRun":
            continue
        for row in write.request.rows:
            for name in () if row.is_summary else row.values:
                found[name, row.step].append(write)
    return found


def _point(
    attempt: Attempt, place: Place, point: run_pb2.MetricPoint, writes: Sequence[Write]
) -> Iterator[Violation]:
    where = _where(attempt, place)
    authors = [write for write in writes if _says(write, place, point)]
    if not authors:
        prop = POINTS if any(write.answer is not None for write in writes) else INVENTED
        yield Violation(prop, f"{where} is {point.value}, which no call sent", [*writes, point])
        return
    for later in writes:
        if later.answer is None or later in authors:
            continue
        if all(author.end < later.start for author in authors):
            text = f"{where} was overwritten, and is {point.value} as before"
            yield Violation(POINTS, text, [*authors, later, point])


def _says(write: Write, place: Place, point: run_pb2.MetricPoint) -> bool:
    name, step = place
    return any(
        row.step == step
        and not row.is_summary
        and name in row.values
        and same(row.values[name], point.value)
        and (not row.HasField("time") or row.time == point.time)
        for row in write.request.rows
    )


def _without_set(run: run_pb2.Run) -> run_pb2.Run:
    copy = run_pb2.Run()
    copy.CopyFrom(run)
    copy.summary.pop(SET_METRIC, None)
    return copy


def _summary(
    run: run_pb2.Run, points: Mapping[Place, run_pb2.MetricPoint], writes: Sequence[Write]
) -> Iterator[Violation]:
    last: dict[str, int] = {}
    for name, step in points:
        last[name] = max(step, last.get(name, step))
    rows = _rows(writes)
    for name in {*run.summary, *last, *rows}:
        logged = None if name not in last else points[name, last[name]]
        allowed = _allowed(logged, rows.get(name, ()))
        if not any(same(run.summary.get(name, _ABSENT), value) for value in allowed):
            text = f"run {run.number} has {run.summary.get(name)} as its {name}, not {allowed}"
            yield Violation(SUMMARY, text, [*writes, run])
    if run.HasField("last_step") != bool(last) or run.last_step != max(last.values(), default=0):
        text = f"run {run.number} has last_step {run.last_step}, and reported {last}"
        yield Violation(SUMMARY, text, [run])


@dataclass(frozen=True, slots=True)
class _Row:
    """A value of a metric that may have been stored.

    Attributes:
        place: The index of the row in its request.
    """

    write: Write
    place: int
    step: int
    value: float
    is_summary: bool

    def precedes(self, other: _Row) -> bool:
        """Return whether the row was certainly stored before the other one."""
        if self.write is other.write:
            return self.place < other.place
        return self.write.end < other.write.start


def _rows(writes: Sequence[Write]) -> Mapping[str, Sequence[_Row]]:
    """Return the rows by metric."""
    found: defaultdict[str, list[_Row]] = defaultdict(list)
    for write in writes:
        if write.is_refused or write.method == "ReleaseRun":
            continue
        for place, row in enumerate(write.request.rows):
            for name, value in row.values.items():
                found[name].append(_Row(write, place, row.step, value, row.is_summary))
    return found


def _allowed(logged: run_pb2.MetricPoint | None, rows: Sequence[_Row]) -> list[float]:
    """Return the permitted summary values of a metric; `logged` is the last of its stored points.

    The summary is the value of the highest step, and within one step the last one to arrive.
    """
    certain = [row for row in rows if row.write.answer is not None]
    highest = max((row.step for row in certain if row.is_summary), default=-1)
    if logged is not None:
        highest = max(highest, logged.step)
    authors = [
        row
        for row in rows
        if logged is not None
        and not row.is_summary
        and row.step == logged.step
        and same(row.value, logged.value)
    ]
    is_overtaken = bool(authors) and any(
        row.is_summary
        and row.step == logged.step
        and all(author.precedes(row) for author in authors)
        for row in certain
        if logged is not None
    )
    allowed = [
        row.value
        for row in rows
        if row.is_summary
        and row.step >= highest
        and not any(other.step >= row.step and row.precedes(other) for other in certain)
    ]
    if logged is not None and logged.step == highest and not is_overtaken:
        allowed.append(logged.value)
    if highest < 0:
        allowed.append(_ABSENT)
    return allowed


def _where(attempt: Attempt, place: Place) -> str:
    return f"{place[0]} of run {attempt[0]}, attempt {attempt[1]}, step {place[1]}"
