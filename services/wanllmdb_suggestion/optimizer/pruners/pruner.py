"""The interface of rules of early termination, and Optuna's pruners as such rules.

Each pruner decides on a run as it was at its last check.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Protocol

from wanllmdb_suggestion.optimizer.pruners.learning_curves import LearningCurve, LearningCurves
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, RunRecord


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run stops, and the compared values.

    Attributes:
        should_stop: Whether the run should stop now.
        why: The rest of a sentence that begins with "run 3 stops: ".
        step: The rung or step that was tested; None if nothing was.
        threshold: The value that the run had to reach, in the metric's own sign.
        value: The value that the run reached, in the metric's own sign.
        compared: How many runs were compared, this one included.
        next_count: How many finite values the run has at its next test; None if its own
            values can no longer change the decision.
    """

    should_stop: bool
    why: str
    step: int | None = None
    threshold: float | None = None
    value: float | None = None
    compared: int = 0
    next_count: int | None = None


class StopRule(Protocol):
    """A rule of early termination over the values of all runs.

    A decision follows from the latest record and the values of each run alone, not from when or
    how often decisions were requested. So all replicas and rebuilt rules decide the same.
    """

    @property
    def points(self) -> int:
        """How many values the rule holds."""

    @property
    def first_count(self) -> int | None:
        """How many finite values a run has at its first test; None if it is never tested."""

    def observe(self, record: RunRecord) -> None:
        """Take the state of a run; a new attempt discards the values of earlier attempts."""

    def add(self, point: ObjectivePoint) -> None:
        """Take a value; ignore an earlier attempt's, and overwrite the value of a known step."""

    def decide(self, number: int) -> Decision:
        """Return whether a running run should stop."""


def count_of(things: int, singular: str) -> str:
    """Return the count in words: "1 run", "3 runs"."""
    return f"{things:,} {singular}" if things == 1 else f"{things:,} {singular}s"


@dataclass(frozen=True, slots=True)
class Setting:
    """The metric of a sweep's pruners, and a study name that makes their draws repeatable."""

    metric: str
    minimize: bool
    name: str

    def best(self, values: list[float]) -> float | None:
        """Return the best value that is not NaN; None if there is none."""
        known = [value for value in values if not math.isnan(value)]
        return (min if self.minimize else max)(known, default=None)

    def worse(self, left: float, right: float) -> bool:
        """Return whether `left` is strictly worse than `right`."""
        return left > right if self.minimize else left < right


class Pruner(ABC):
    """One of Optuna's pruners, over the records.

    Optuna tests a run at every value and remembers each result. Here an agent may ask late,
    twice or never, so a run is judged as it was at its last check: the value at which Optuna
    would have tested it last. If an agent asks at every value, one run after the other, the
    decisions equal Optuna's.
    """

    # How many finite values a run has at its first test.
    first_count = 1

    @abstractmethod
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        """Return the index of the value at the run's last check; None if there was no check."""

    @abstractmethod
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        """Return the decision on the run as it was at the check, without `next_count`.

        Without a `value` nothing was tested, unless the run stops.
        """

    @abstractmethod
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        """Estimate how many finite values the run has at its next check, erring on the low side."""

    @abstractmethod
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        """Return why there was no check yet: the rest of "run 3 goes on: "."""


class PrunerRule:
    """A StopRule that asks a pruner."""

    def __init__(self, pruner: Pruner) -> None:
        self._pruner = pruner
        self._curves = LearningCurves()

    @property
    def points(self) -> int:
        return self._curves.points

    @property
    def first_count(self) -> int | None:
        return self._pruner.first_count

    def observe(self, record: RunRecord) -> None:
        self._curves.observe(record)

    def add(self, point: ObjectivePoint) -> None:
        self._curves.add(point)

    def decide(self, number: int) -> Decision:
        curve = self._curves[number]
        at = self._pruner.last_check(curve, self._curves) if curve.steps else None
        if at is None:
            why = "it has no value yet"
            if curve.steps:
                why = self._pruner.waiting_for(curve, self._curves)
            decision = Decision(False, why)
        else:
            decision = self._pruner.judge(curve, at, self._curves)
        next_count = self._pruner.first_count
        if curve.steps:
            next_count = max(next_count, self._pruner.next_count(curve, self._curves))
        return replace(decision, next_count=next_count)
