"""What a rule says of a run, and what every rule can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wanllmdb_suggestion.study.records import ObjectivePoint, RunRecord


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run stops, and what was compared.

    Attributes:
        should_stop: Whether the run should stop now.
        why: The rest of a sentence that begins with "run 3 stops: ".
        step: The band, rung or step that was tested; None when nothing was.
        threshold: What the run had to reach, in the metric's own sign.
        value: What the run reached, in the metric's own sign.
        compared: How many runs were compared, this one included.
        next_count: How many finite values the run has when it is to be tested
            again; None when its own values can change nothing any more.
    """

    should_stop: bool
    why: str
    step: int | None = None
    threshold: float | None = None
    value: float | None = None
    compared: int = 0
    next_count: int | None = None


class StopRule(Protocol):
    """The values of all runs, and which run is to stop.

    What it answers follows from the latest record and the values of each run
    alone: not from when or how often it was asked. So every replica says the
    same, and so does one that was built anew.
    """

    @property
    def points(self) -> int:
        """How many values it holds."""

    @property
    def first_count(self) -> int | None:
        """How many finite values a run has when it is to be tested first; None for never."""

    def observe(self, record: RunRecord) -> None:
        """Takes where a run stands; a new attempt forgets what earlier ones reported."""

    def add(self, point: ObjectivePoint) -> None:
        """Takes a value; one of an earlier attempt is ignored, a known step overwritten."""

    def decide(self, number: int) -> Decision:
        """Whether the run, which is running, should stop."""


def count_of(things: int, singular: str) -> str:
    """In words: "1 run", "3 runs"."""
    return f"{things:,} {singular}" if things == 1 else f"{things:,} {singular}s"
