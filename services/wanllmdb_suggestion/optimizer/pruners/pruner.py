"""Optuna's pruners as rules: each decides on a run as it was at its last check."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Protocol

from wanllmdb_suggestion.optimizer.pruners.learning_curves import LearningCurve, LearningCurves
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, RunRecord


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run stops, and what was compared.

    Attributes:
        should_stop: Whether the run should stop now.
        why: The rest of a sentence that begins with "run 3 stops: ".
        step: The rung, rung or step that was tested; None when nothing was.
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


@dataclass(frozen=True, slots=True)
class Setting:
    """What all pruners of a sweep go by: the metric, and a name that makes draws repeatable."""

    metric: str
    minimize: bool
    name: str

    def best(self, values: list[float]) -> float | None:
        """The best of those that are not NaN."""
        known = [value for value in values if not math.isnan(value)]
        return (min if self.minimize else max)(known, default=None)

    def worse(self, left: float, right: float) -> bool:
        """Whether `left` is strictly worse."""
        return left > right if self.minimize else left < right


class Pruner(ABC):
    """One of Optuna's pruners, over the records.

    Optuna asks at every value, and forgets none of its answers. Here an agent
    may ask late, twice or never, so a run is judged as it was at its last check:
    the value at which Optuna would have tested it last. For who asks at every
    value of one run after the other, the answers are Optuna's.
    """

    # How many finite values a run has when it is to be tested first.
    first_count = 1

    @abstractmethod
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        """The place of the value at which the run was to be tested last; None for none yet."""

    @abstractmethod
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        """Return the decision on the run as it was at the check, without `next_count`.

        Without a `value` nothing was tested, unless the run stops.
        """

    @abstractmethod
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        """How many finite values the run has at its next check, rather too few than too many."""

    @abstractmethod
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        """Why there was no check yet: the rest of "run 3 goes on: "."""


class PrunerRule:
    """A StopRule by a pruner."""

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
