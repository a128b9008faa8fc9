"""Events: what happened to a sweep, at whose request, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

# Events that are kept of one sweep; older ones are deleted.
MAX_EVENTS = 10_000
# Characters of an event's detail.
MAX_DETAIL = 500
# Ranges of run numbers that a detail names.
_MAX_RANGES = 10


class SweepEventKind(StrEnum):
    """What happened; see SweepEventKind in the protos."""

    CREATED = "CREATED"
    STARTED = "STARTED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UPDATED = "UPDATED"
    RUNS_IMPORTED = "RUNS_IMPORTED"
    RUNS_ENQUEUED = "RUNS_ENQUEUED"
    RUNS_RETRIED = "RUNS_RETRIED"
    RUNS_CANCELED = "RUNS_CANCELED"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked for a change: the id of the caller's key and the caller's address, or empty."""

    key_id: str = ""
    address: str = ""


NO_REQUESTER = Requester()
"""Of changes that no caller asked for."""


@dataclass(frozen=True, slots=True)
class SweepEvent:
    """Something that happened to a sweep.

    Attributes:
        index: Counts the sweep's events, from 0.
        revision: The sweep's revision after it.
        time: When it happened, by the database's clock.
        kind: What happened.
        detail: Details in a sentence; may be empty.
        requester: Who asked for it.
    """

    index: int
    revision: int
    time: datetime
    kind: SweepEventKind
    detail: str = ""
    requester: Requester = NO_REQUESTER


def cut(detail: str) -> str:
    """Return a detail of at most MAX_DETAIL characters."""
    return detail if len(detail) <= MAX_DETAIL else detail[: MAX_DETAIL - 3] + "..."


def runs_named(numbers: Sequence[int]) -> str:
    """Return ascending numbers of runs in words, shortened: runs 3, 5 to 9 and 12."""
    if len(numbers) == 1:
        return f"run {numbers[0]}"
    ranges = list(islice(_ranges(numbers), _MAX_RANGES))
    named = sum(last - first + 1 for first, last in ranges)
    words = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    if named < len(numbers):
        words.append(f"{len(numbers) - named:,} more")
    text = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"runs {text}"


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last
