"""Acknowledged results and metric values are there, unaltered; nothing else is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts, Write, same
from tests.robustness.checks.violation import Violation
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
EXPLAINED = "every end of a run was asked for"
OBJECTIVE = "an objective is what its agent said or reported"
POINTS = "acknowledged metric values are kept, unaltered"
INVENTED = "every metric value was reported"
SUMMARY = "a run's summary is the last of what it reported"

_OUTCOMES = {FINISHED: "succeeded", PRUNED: "pruned", CANCELED: "canceled", FAILED: "failed"}

# A metric's name and a step.
Place = tuple[str, int]


def check_results(facts: Facts) -> Iterator[Violation]:
    """How each run ended."""
    for write in facts.writes:
        if write.method == "FinishRun" and write.answer is not None:
            yield from _kept(facts, write)
    for run in facts.final.runs:
        if run.state in _OUTCOMES and not _is_explained(facts, run):
            text = f"run {run.number} is {run_pb2.RunState.Name(run.state)}, by nobody's request"
            yield Violation(EXPLAINED, text, [run])
        if run.state == FINISHED:
            yield from _objectives(facts, run)


def _kept(facts: Facts, write: Write) -> Iterator[Violation]:
    told = write.answer.run
    number, attempt = write.attempt
    if (told.number, told.attempt) != (number, attempt):
        yield Violation(RESULTS, f"run {number} was answered as another one", [write])
        return
    if told.state not in CLOSED_RUN_STATES:
        # A failure that is retried.
        return
    kept = facts.final_runs.get(number)
    if kept is None:
        yield Violation(RESULTS, f"run {number}, whose end was acknowledged, is gone", [write])
        return
    for name in ("state", "attempt", "objective", "objectives", "error", "end_time", "parameters"):
        if getattr(kept, name) != getattr(told, name):
            text = f"the {name} of run {number} is not what was acknowledged"
            yield Violation(RESULTS, text, [write, kept])


def _is_explained(facts: Facts, run: run_pb2.Run) -> bool:
    outcome = _OUTCOMES[run.state]
    for write in facts.writes_of.get((run.number, run.attempt), ()):
        if write.is_refused:
            continue
        if write.method == "FinishRun":
            kind = write.request.WhichOneof("outcome")
            if kind == outcome or (run.state == FAILED and kind == "succeeded"):
                return True
        elif write.method == "ReleaseRun" and run.state == CANCELED:
            return True
    # The end of a sweep cancels what is queued.
    return run.state == CANCELED and facts.final.sweep.state in FINAL_SWEEP_STATES


def _objectives(facts: Facts, run: run_pb2.Run) -> Iterator[Violation]:
    """One of the requests that may have ended it says so."""
    metrics = [metric.name for metric in facts.final.sweep.spec.metrics]
    kept = list(run.objectives) if len(metrics) > 1 else [run.objective]
    ends = [
        write
        for write in facts.writes_of.get((run.number, run.attempt), ())
        if write.method == "FinishRun" and not write.is_refused
    ]
    allowed = [_worth(write.request.succeeded, metrics, run.summary) for write in ends]
    if kept not in allowed:
        text = f"run {run.number} is worth {kept}, and its agent said {allowed}"
        yield Violation(OBJECTIVE, text, [*ends, run])


def _worth(given: Any, metrics: Sequence[str], summary: Mapping[str, float]) -> list[float | None]:
    if len(metrics) == 1 and given.HasField("objective"):
        return [given.objective]
    return [
        given.objectives[name] if name in given.objectives else summary.get(name)
        for name in metrics
    ]


def check_points(facts: Facts) -> Iterator[Violation]:
    """Every value is one that was sent, and the last one for its place."""
    for attempt, points in facts.final.points.items():
        senders = _senders(facts, attempt)
        for place, point in points.items():
            yield from _point(attempt, place, point, senders.get(place, ()))
        for place, writes in senders.items():
            acknowledged = [write for write in writes if write.answer is not None]
            if acknowledged and place not in points:
                text = f"{_where(attempt, place)} was acknowledged and is gone"
                yield Violation(POINTS, text, acknowledged)


def check_summaries(facts: Facts) -> Iterator[Violation]:
    """Of the values that are stored for the last attempt."""
    for run in facts.final.runs:
        yield from _summary(run, facts.final.points.get((run.number, run.attempt), {}))


def _senders(facts: Facts, attempt: Attempt) -> Mapping[Place, Sequence[Write]]:
    found: defaultdict[Place, list[Write]] = defaultdict(list)
    for write in facts.writes_of.get(attempt, ()):
        if write.is_refused or write.method == "ReleaseRun":
            continue
        for row in write.request.rows:
            for name in row.values:
                found[name, row.step].append(write)
    return found


def _point(
    attempt: Attempt, place: Place, point: run_pb2.MetricPoint, writes: Sequence[Write]
) -> Iterator[Violation]:
    where = _where(attempt, place)
    authors = [write for write in writes if _says(write, place, point)]
    if not authors:
        prop = POINTS if any(write.answer is not None for write in writes) else INVENTED
        yield Violation(prop, f"{where} is {point.value}, which nobody sent", [*writes, point])
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
        and name in row.values
        and same(row.values[name], point.value)
        and (not row.HasField("time") or row.time == point.time)
        for row in write.request.rows
    )


def _summary(run: run_pb2.Run, points: Mapping[Place, run_pb2.MetricPoint]) -> Iterator[Violation]:
    last: dict[str, int] = {}
    for name, step in points:
        last[name] = max(step, last.get(name, step))
    expected = {name: points[name, step].value for name, step in last.items()}
    if run.summary.keys() != expected.keys() or not all(
        same(run.summary[name], value) for name, value in expected.items()
    ):
        text = f"run {run.number} has the summary {dict(run.summary)}, and reported {expected}"
        yield Violation(SUMMARY, text, [run])
    if run.HasField("last_step") != bool(last) or run.last_step != max(last.values(), default=0):
        text = f"run {run.number} has last_step {run.last_step}, and reported {last}"
        yield Violation(SUMMARY, text, [run])


def _where(attempt: Attempt, place: Place) -> str:
    return f"{place[0]} of run {attempt[0]}, attempt {attempt[1]}, step {place[1]}"
