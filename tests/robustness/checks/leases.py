"""Leases hold until the promised time; late results count by the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts, Write
from tests.robustness.checks.violation import Violation
from tests.robustness.platform import LEASE_SECONDS
from tests.robustness.sweep_states import CANCELED, LOST, RUNNING

HELD = "a lease holds until the promised time"
LATE = "a late result counts until the run is assigned again, and not afterwards"

_SECOND = 1_000_000_000


def check_leases(facts: Facts) -> Iterator[Violation]:
    """Check that runs were lost after their lease; times are the database's, in nanoseconds."""
    promised = _promises(facts)
    starts: dict[Attempt, int] = {}
    for seen_states in facts.sightings.values():
        for seen in seen_states:
            if seen.run.attempt:
                key = seen.run.number, seen.run.attempt
                starts.setdefault(key, seen.run.start_time.ToNanoseconds())
    for (number, attempt), until in promised.items():
        key = number, attempt
        after = starts.get((number, attempt + 1))
        is_due = facts.may_give_back(key) or facts.retries_of(number) > 0
        if after is not None and not is_due and after < until:
            early = (until - after) / _SECOND
            text = f"run {number} was assigned again {early:.3f} s before its lease ended"
            yield Violation(HELD, text, facts.sightings[number])
        kept = facts.final_runs.get(number)
        is_lost = kept is not None and kept.state == LOST and kept.attempt == attempt
        if kept is not None and is_lost and kept.end_time.ToNanoseconds() < until:
            text = f"run {number} was lost before its lease ended"
            yield Violation(HELD, text, facts.sightings[number])


def _promises(facts: Facts) -> Mapping[Attempt, int]:
    """Return the latest promised end of each attempt's lease."""
    found: defaultdict[Attempt, int] = defaultdict(int)
    for one in facts.history.of("Heartbeat"):
        answer: Any = one.answer
        for status in answer.statuses if answer is not None else ():
            if status.HasField("expire_time"):
                key = status.lease.number, status.lease.attempt
                found[key] = max(found[key], status.expire_time.ToNanoseconds())
    for seen in facts.seen:
        run = seen.run
        key = run.number, run.attempt
        if run.state == RUNNING:
            least = run.start_time.ToNanoseconds() + int(LEASE_SECONDS * _SECOND)
            found[key] = max(found[key], least, run.lease_expire_time.ToNanoseconds())
    return found


def check_late_results(facts: Facts) -> Iterator[Violation]:
    """Check that an attempt's results count until the run is assigned to another agent."""
    begun = _times_of_later_attempts(facts)
    for write in facts.writes:
        number, attempt = write.attempt
        if write.answer is not None:
            known = begun.get((number, attempt + 1))
            if known is not None and known < write.start:
                text = f"attempt {attempt} of run {number} was accepted after the next one began"
                yield Violation(LATE, text, [write])
        if write.method == "FinishRun" and write.answer is not None:
            revision = write.answer.run.revision
            for seen in facts.sightings[number]:
                if seen.run.attempt > attempt and seen.order < revision:
                    text = f"attempt {attempt} of run {number} ended another attempt's run"
                    yield Violation(LATE, text, [write, seen])
        yield from _refusals(facts, write)


def _times_of_later_attempts(facts: Facts) -> Mapping[Attempt, float]:
    """Return when it was known that an attempt, or a later one, had begun."""
    found: dict[Attempt, float] = {}
    for one, run in facts.assigned:
        for attempt in range(1, run.attempt + 1):
            key = run.number, attempt
            found[key] = min(one.returned, found.get(key, one.returned))
    return found


def _refusals(facts: Facts, write: Write) -> Iterator[Violation]:
    number, attempt = write.attempt
    kept = facts.final_runs.get(number)
    for one in write.tries:
        if one.reason == "RUN_LEASE_LOST" and (kept is None or kept.attempt <= attempt):
            text = f"attempt {attempt} of run {number} was rejected, and no later one began"
            yield Violation(LATE, text, [write])
        if one.reason == "RUN_NOT_RUNNING" and not _may_have_ended(facts, write):
            text = f"attempt {attempt} of run {number} was rejected, and no call had ended it"
            yield Violation(LATE, text, [write, *facts.sightings.get(number, ())])


def _may_have_ended(facts: Facts, write: Write) -> bool:
    """Return whether another call may have ended the attempt before."""
    if write.method == "ReleaseRun":
        # A lost run without retries cannot be released, although its result would count.
        return True
    number, attempt = write.attempt
    others = [
        other
        for other in facts.writes_of[number, attempt]
        if other.key != write.key
        and other.method in ("FinishRun", "ReleaseRun")
        and not other.is_refused
    ]
    was_canceled = any(
        seen.run.state == CANCELED and seen.run.attempt == attempt
        for seen in facts.sightings.get(number, ())
    )
    # If a retry followed, perhaps no watcher or read saw the end.
    return bool(others) or was_canceled or facts.retries_of(number) > 0
