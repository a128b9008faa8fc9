"""Leases hold as long as they were promised; late results count by the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts, Write
from tests.robustness.checks.violation import Violation
from tests.robustness.platform import LEASE_SECONDS
from tests.robustness.sweep_states import CANCELED, LOST, RUNNING

HELD = "a lease holds as long as it was promised"
LATE = "a late result counts until the run is handed out again, and not afterwards"

_SECOND = 1_000_000_000


def check_leases(facts: Facts) -> Iterator[Violation]:
    """What was lost was lost after its lease; times are the database's, in nanoseconds."""
    promised = _promises(facts)
    starts: dict[Attempt, int] = {}
    for course in facts.courses.values():
        for seen in course:
            if seen.run.attempt:
                key = seen.run.number, seen.run.attempt
                starts.setdefault(key, seen.run.start_time.ToNanoseconds())
    for (number, attempt), until in promised.items():
        key = number, attempt
        after = starts.get((number, attempt + 1))
        is_due = facts.may_give_back(key) or facts.retries_of(number) > 0
        if after is not None and not is_due and after < until:
            early = (until - after) / _SECOND
            text = f"run {number} was handed out again {early:.3f} s before its lease ended"
            yield Violation(HELD, text, facts.courses[number])
        kept = facts.final_runs.get(number)
        is_lost = kept is not None and kept.state == LOST and kept.attempt == attempt
        if kept is not None and is_lost and kept.end_time.ToNanoseconds() < until:
            text = f"run {number} was lost before its lease ended"
            yield Violation(HELD, text, facts.courses[number])


def _promises(facts: Facts) -> Mapping[Attempt, int]:
    """Until when each attempt's lease was said to hold, at the latest."""
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
    """An attempt's word counts while nobody else was given the run."""
    told = _times_of_later_attempts(facts)
    for write in facts.writes:
        number, attempt = write.attempt
        if write.answer is not None:
            known = told.get((number, attempt + 1))
            if known is not None and known < write.start:
                text = f"attempt {attempt} of run {number} was heard after the next one began"
                yield Violation(LATE, text, [write])
        if write.method == "FinishRun" and write.answer is not None:
            revision = write.answer.run.revision
            for seen in facts.courses[number]:
                if seen.run.attempt > attempt and seen.order < revision:
                    text = f"attempt {attempt} of run {number} ended what was another's"
                    yield Violation(LATE, text, [write, seen])
        yield from _refusals(facts, write)


def _times_of_later_attempts(facts: Facts) -> Mapping[Attempt, float]:
    """When it was known that an attempt, or a later one, had begun."""
    found: dict[Attempt, float] = {}
    for one, run in facts.handed_out:
        for attempt in range(1, run.attempt + 1):
            key = run.number, attempt
            found[key] = min(one.returned, found.get(key, one.returned))
    return found


def _refusals(facts: Facts, write: Write) -> Iterator[Violation]:
    number, attempt = write.attempt
    kept = facts.final_runs.get(number)
    for one in write.tries:
        if one.reason == "RUN_LEASE_LOST" and (kept is None or kept.attempt <= attempt):
            text = f"attempt {attempt} of run {number} was refused, and no later one began"
            yield Violation(LATE, text, [write])
        if one.reason == "RUN_NOT_RUNNING" and not _may_have_ended(facts, write):
            text = f"attempt {attempt} of run {number} was refused, and nobody had ended it"
            yield Violation(LATE, text, [write, *facts.courses.get(number, ())])


def _may_have_ended(facts: Facts, write: Write) -> bool:
    """Whether something else ended the attempt before."""
    if write.method == "ReleaseRun":
        # What was lost can't be given back, though its result would count.
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
        for seen in facts.courses.get(number, ())
    )
    # Where a retry followed, no watcher or read may have seen its end.
    return bool(others) or was_canceled or facts.retries_of(number) > 0
