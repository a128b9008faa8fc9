"""Calls end in time with a known code; a request id has one answer; reads are current."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from tests.robustness.checks.facts import RUN_METHODS, SWEEP_METHODS, Facts
from tests.robustness.checks.violation import Violation
from tests.robustness.history import Try
from tests.robustness.keys import REFUSALS
from wanllmdb.api.registry.v1 import run_pb2

HANGS = "no client hangs"
KNOWN = "every error is known"
ONCE = "a request id has one answer"
CURRENT = "reads see what was acknowledged before"

_AWAY = frozenset(["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"])
_NOT_HELD = frozenset(["RUN_LEASE_LOST", "RUN_NOT_RUNNING"])
# The errors that each method may return under this traffic.
_REASONS = {
    "Suggest": frozenset(["SWEEP_NOT_RUNNING"]),
    "ReportMetrics": _NOT_HELD,
    "FinishRun": _NOT_HELD,
    "ReleaseRun": _NOT_HELD,
    "RetryRuns": frozenset(["RUN_NOT_RETRYABLE", "SWEEP_STATE_CONFLICT"]),
    "EnqueueRuns": frozenset(["SWEEP_NOT_RUNNING", "RUN_CAP_REACHED"]),
    # A key that is to expire may already be past its expiry when it is created.
    "CreateKey": frozenset(["INVALID_REQUEST"]),
    **dict.fromkeys(
        ["PauseSweep", "ResumeSweep", "CancelSweep", "FinishSweep"],
        frozenset(["SWEEP_STATE_CONFLICT"]),
    ),
}
# Errors of any method that ask the caller to retry.
_RETRY = frozenset(["OVERLOADED", "RATE_LIMITED"])


def check_calls(facts: Facts) -> Iterator[Violation]:
    """Check that calls end within the deadline, and only with errors of the contract."""
    history = facts.history
    for text in history.gave_up:
        yield Violation(HANGS, text)
    for one in history.tries:
        late = one.returned - one.start - one.timeout
        if math.isfinite(late) and late > history.slack:
            text = f"{one.method} ended {late:.1f} s after its deadline"
            yield Violation(HANGS, text, [one])
        if not one.code or one.code in _AWAY:
            continue
        if one.reason in REFUSALS and one.by is not None:
            # The rules for keys decide whether the error is right.
            continue
        if one.reason not in _REASONS.get(one.method, frozenset()) | _RETRY:
            text = f"{one.method} failed with {one.code} {one.reason}"
            yield Violation(KNOWN, text, [one])


def check_request_ids(facts: Facts) -> Iterator[Violation]:
    """Check that the same request gets the same answer, however often and wherever it is sent."""
    for key, tries in facts.history.requests.items():
        answered = [one for one in tries if one.is_answered]
        if key.startswith("read-") or not answered:
            continue
        for other in answered[1:]:
            if _essence(other) != _essence(answered[0]):
                text = f"{other.method} {key} was answered in two ways"
                yield Violation(ONCE, text, [answered[0], other])
        for other in tries:
            if other.is_refused and _can_tell(other, answered):
                text = f"{other.method} {key} was carried out and rejected"
                yield Violation(ONCE, text, [answered[0], other])


def _essence(one: Try) -> bytes:
    """Return the part that must be equal; for a Suggest the runs, because the reason may change.

    The count of values of a resumed run is that of the moment of the answer.
    """
    answer: Any = one.answer
    if one.method == "Suggest":
        runs = [run_pb2.Run.FromString(run.SerializeToString()) for run in answer.runs]
        for run in runs:
            run.ClearField("metric_values")
        return b"\0".join(run.SerializeToString(deterministic=True) for run in runs)
    encoded: bytes = answer.SerializeToString(deterministic=True)
    return encoded


def _can_tell(refused: Try, answered: list[Try]) -> bool:
    """Return whether the error contradicts the answer.

    An attempt that cannot be reported now never can again, so errors about attempts always
    contradict. Other requests may fail at first, for example on a paused sweep, and succeed later.
    """
    if refused.method in RUN_METHODS:
        return True
    return min(one.returned for one in answered) < refused.start


def check_reads(facts: Facts) -> Iterator[Violation]:
    """Check that a read that began after an answer includes the change of that answer."""
    acknowledged = sorted(
        (one.returned, _revision(one)) for one in facts.history.tries if _revision(one) > 0
    )
    times = [at for at, _ in acknowledged]
    highest: list[int] = []
    for _, revision in acknowledged:
        highest.append(max(revision, highest[-1] if highest else 0))
    for one in facts.history.of("GetSweep"):
        answer: Any = one.answer
        before = bisect_left(times, one.start)
        if answer is None or not before:
            continue
        if answer.sweep.revision < highest[before - 1]:
            text = f"GetSweep gave revision {answer.sweep.revision} after {highest[before - 1]}"
            yield Violation(CURRENT, text, [one])


def _revision(one: Try) -> int:
    """Return the highest revision in an answer; 0 for none."""
    answer: Any = one.answer
    if answer is None:
        return 0
    match one.method:
        case "Suggest" | "EnqueueRuns" | "ListRuns":
            return max((run.revision for run in answer.runs), default=0)
        case "FinishRun" | "ReleaseRun" | "UpdateRun":
            return int(answer.run.revision)
        case "GetSweep" | "CreateSweep" | "RetryRuns" | "CancelRuns":
            return int(answer.sweep.revision)
        case method if method in SWEEP_METHODS:
            return int(answer.sweep.revision)
        case _:
            return 0
