"""Keys: forbidden calls are rejected and leave no trace; valid keys are never rejected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.robustness.checks.facts import Facts
from tests.robustness.checks.violation import Violation
from tests.robustness.history import UNCERTAIN_CODES, Try
from tests.robustness.keys import EARLY_EXPIRY, REFUSALS, WATCH_SECONDS, Key, Refusal
from tests.robustness.users import REQUEST_LABEL
from wanllmdb.api.registry.v1 import sweep_pb2

GOOD = "a valid key is never rejected"
FORBIDDEN = "a call without permission is rejected"
NO_TRACE = "a call without permission leaves no trace"
OWN = "nothing of another project is returned"
WATCH = "a watch ends with its key"

# The longest time for which a schedule's faults delay a message or freeze a server.
_UNDER_WAY = 7.0


def check_keys(facts: Facts) -> Iterator[Violation]:
    """Check all calls by the key that each sent."""
    history = facts.history
    for one in history.tries:
        key = one.by
        if key is None:
            continue
        if one.reason in REFUSALS and key.is_good(
            one.method, history.project, one.start, one.returned
        ):
            yield Violation(GOOD, f"the {key} was rejected with {one.reason}", [one])
        yield from _of_others(facts, one, key)
    for one in history.intrusions:
        yield from _intrusion(facts, one)


def _of_others(facts: Facts, one: Try, key: Key) -> Iterator[Violation]:
    """Yield what an answer holds of projects in which the key is not valid."""
    if not key.project or one.answer is None:
        return
    answer: Any = one.answer
    projects = {sweep.project for sweep in getattr(answer, "sweeps", ())}
    if one.method == "ListKeys":
        projects |= {project for listed in answer.keys for project in listed.projects}
    if hasattr(answer, "sweep"):
        projects.add(answer.sweep.project)
    sweep_ids = {run.sweep_id for run in getattr(answer, "runs", ())}
    foreign = projects - {key.project}
    if foreign or sweep_ids - {facts.history.sweep_id}:
        yield Violation(OWN, f"the {key} saw something of {sorted(foreign)}", [one])


def _intrusion(facts: Facts, one: Try) -> Iterator[Violation]:
    assert one.by is not None
    project = facts.history.project
    why = one.by.refusal(one.method, project, one.target, one.start)
    if one.is_answered:
        yield Violation(FORBIDDEN, f"{one.method} was answered, not rejected with {why}", [one])
    elif (
        one.code
        and one.code not in UNCERTAIN_CODES
        and one.reason not in _due(one, one.by, project)
    ):
        yield Violation(FORBIDDEN, f"{one.method} was rejected with {one.reason}, not {why}", [one])


def _due(one: Try, key: Key, project: str) -> Iterator[str]:
    """Return the permitted errors; while a key ends, they include that it has ended."""
    yield str(key.refusal(one.method, project, one.target, one.start))
    if one.returned >= key.revoking:
        yield Refusal.REVOKED
    if one.returned >= key.expires - EARLY_EXPIRY:
        yield Refusal.EXPIRED


def check_traces(facts: Facts) -> Iterator[Violation]:
    """Check that forbidden calls have no effect.

    The known calls of agents and users explain every other effect: other properties find results,
    values, assignments, ends and texts that no call explains.
    """
    history = facts.history
    asked = {key for key, tries in history.requests.items() if tries[0].method == "EnqueueRuns"}
    for run in facts.final.runs:
        label = run.labels.get(REQUEST_LABEL, "")
        if label and label not in asked:
            yield Violation(NO_TRACE, f"run {run.number} was queued by {label}", [run])
    names = {""} | {
        tries[0].request.run.name  # type: ignore[attr-defined]
        for tries in history.requests.values()
        if tries[0].method == "UpdateRun"
    }
    for run in facts.final.runs:
        if run.name not in names:
            yield Violation(NO_TRACE, f"run {run.number} was named {run.name!r}", [run])
    for run in facts.final.runs:
        if run.stop_requested and not facts.may_be_canceled(run.number):
            yield Violation(NO_TRACE, f"run {run.number} was canceled", [run])
    if sweep_pb2.SWEEP_STATE_PAUSED in facts.own_changes.values() and not any(
        not one.is_refused for one in history.of("PauseSweep")
    ):
        yield Violation(NO_TRACE, "the sweep was paused, which no user asked for")


def check_peeks(facts: Facts) -> Iterator[Violation]:
    """Check that no watch continues for long after its key was revoked."""
    history = facts.history
    for peek in history.peeks:
        key = peek.key
        why = key.refusal("WatchSweep", history.project, peek.target, peek.opened)
        if why is not None:
            text = f"a watch was opened at {peek.opened:.3f} with the {key}, not {why}"
            yield Violation(FORBIDDEN, text, [peek])
        elif peek.at > key.revoked + WATCH_SECONDS + _UNDER_WAY + history.slack:
            late = peek.at - key.revoked
            text = f"a watch continued for {late:.1f} s after its key was revoked"
            yield Violation(WATCH, text, [peek])
