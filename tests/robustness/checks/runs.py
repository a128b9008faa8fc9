"""Acknowledged runs exist, are numbered without gaps, and change state as permitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.robustness.checks.facts import Facts, RunSeen
from tests.robustness.checks.violation import Violation
from tests.robustness.sweep_states import (
    CANCELED,
    CLOSED_RUN_STATES,
    FINAL_RUN_STATES,
    LOST,
    QUEUED,
)
from tests.robustness.users import REQUEST_LABEL
from wanllmdb.api.registry.v1 import run_pb2

KEPT = "acknowledged runs are kept, unaltered"
NUMBERS = "numbers are unique and without gaps"
QUEUED_ONCE = "an enqueued point is queued once"
MACHINE = "a run's states follow the permitted transitions"
ATTEMPTS = "attempts ascend"


def check_acknowledged_runs(facts: Facts) -> Iterator[Violation]:
    """Check that assigned and enqueued runs exist, with their parameters."""
    for one, run in facts.assigned:
        kept = facts.final_runs.get(run.number)
        if kept is None:
            yield Violation(KEPT, f"run {run.number} is missing", [one])
        elif _values(kept) != _values(run):
            text = f"run {run.number} has other parameters than at its assignment"
            yield Violation(KEPT, text, [one, kept])
        elif kept.attempt < run.attempt:
            text = f"run {run.number} has a lower attempt than {run.attempt}, which was assigned"
            yield Violation(KEPT, text, [one, kept])
    yield from _queued_runs(facts)


def _queued_runs(facts: Facts) -> Iterator[Violation]:
    found = Counter(
        run.labels[REQUEST_LABEL] for run in facts.final.runs if REQUEST_LABEL in run.labels
    )
    for key, tries in facts.history.requests.items():
        if tries[0].method != "EnqueueRuns":
            continue
        request: Any = tries[0].request
        wanted = len(request.runs)
        answer = facts.history.answer(key)
        allowed = {wanted} if answer is not None else {0, wanted}
        if facts.history.is_refused(key):
            allowed = {0}
        if found[key] not in allowed:
            text = f"a request for {wanted} queued runs made {found[key]}"
            yield Violation(QUEUED_ONCE, text, tries)
        for asked, run in zip(request.runs, answer.runs if answer else (), strict=False):
            kept = facts.final_runs.get(run.number)
            if kept is None or not _is_part(_values(asked), _values(kept)):
                text = f"run {run.number}, which was enqueued, is missing or has other parameters"
                yield Violation(KEPT, text, [*tries, kept])


def _values(run: Any) -> Mapping[str, bytes]:
    return {name: value.SerializeToString() for name, value in run.parameters.items()}


def _is_part(part: Mapping[str, bytes], whole: Mapping[str, bytes]) -> bool:
    return part.items() <= whole.items()


def check_numbers(facts: Facts) -> Iterator[Violation]:
    """Check that the numbers are 0, 1, 2, ..."""
    numbers = [run.number for run in facts.final.runs]
    if numbers != list(range(len(numbers))):
        yield Violation(NUMBERS, f"the sweep has the runs {numbers}")
    unknown = sorted(facts.sightings.keys() - facts.final_runs.keys())
    for number in unknown:
        yield Violation(NUMBERS, f"run {number} was seen and is missing", facts.sightings[number])


def check_states(facts: Facts) -> Iterator[Violation]:
    """Check that permitted transitions lead from each seen state of a run to the next one."""
    for number, seen_states in facts.sightings.items():
        for before, after in pairwise(seen_states):
            if after.run.attempt < before.run.attempt:
                text = f"run {number} went from attempt {before.run.attempt} back"
                yield Violation(ATTEMPTS, text, [before, after])
            elif not _is_way(facts, before, after):
                text = f"run {number} went from {_name(before)} to {_name(after)}"
                yield Violation(MACHINE, text, [before, after])
    for run in facts.final.runs:
        if run.state not in FINAL_RUN_STATES:
            text = f"run {run.number} has not ended: {run_pb2.RunState.Name(run.state)}"
            yield Violation(MACHINE, text, facts.sightings[run.number])


def _is_way(facts: Facts, before: RunSeen, after: RunSeen) -> bool:
    """Return whether transitions lead from one state to the other; some changes are not seen."""
    old, new = before.run, after.run
    again = new.attempt > old.attempt
    if old.state in CLOSED_RUN_STATES:
        is_kept = not again and _result(old) == _result(new)
        return is_kept or facts.may_be_retried(old)
    if old.state == LOST and (again or new.state == QUEUED):
        # Only a late failure that is retried, or a user, queues the run again.
        return facts.may_be_retried(old) or facts.may_give_back((old.number, old.attempt))
    if old.state == QUEUED and old.attempt == 0 and not again:
        return new.state in (QUEUED, CANCELED)
    if old.state == QUEUED and not again:
        if new.state == QUEUED or new.state in CLOSED_RUN_STATES:
            return True
        # The run was not assigned again: its agent may resume it or send a heartbeat.
        return old.agent_id in facts.resuming or (old.number, old.attempt) in facts.with_heartbeat
    return True


def _result(run: run_pb2.Run) -> tuple[Any, ...]:
    return (
        run.state,
        run.objective,
        tuple(run.objectives),
        run.error.message,
        run.end_time.ToNanoseconds(),
    )


def _name(seen: RunSeen) -> str:
    return f"{run_pb2.RunState.Name(seen.run.state)} in attempt {seen.run.attempt}"
