"""Optuna's pruners as rules: each decides on a run as it was at its last check."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from wanllmdb_suggestion.study.pruning.courses import Course, Courses
from wanllmdb_suggestion.study.pruning.decision import Decision
from wanllmdb_suggestion.study.records import ObjectivePoint, RunRecord


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """See Decision; without a `value` nothing was tested, unless the run stops."""

    should_stop: bool
    why: str
    step: int | None = None
    threshold: float | None = None
    value: float | None = None
    compared: int = 0


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
    def last_check(self, course: Course, courses: Courses) -> int | None:
        """The place of the value at which the run was to be tested last; None for none yet."""

    @abstractmethod
    def judge(self, course: Course, at: int, courses: Courses) -> Verdict:
        """Tests the run as it was at the check."""

    @abstractmethod
    def next_count(self, course: Course, courses: Courses) -> int:
        """How many finite values the run has at its next check, rather too few than too many."""

    @abstractmethod
    def waiting_for(self, course: Course, courses: Courses) -> str:
        """Why there was no check yet: the rest of "run 3 goes on: "."""


class PrunerRule:
    """A StopRule by a pruner."""

    def __init__(self, pruner: Pruner) -> None:
        self._pruner = pruner
        self._courses = Courses()

    @property
    def points(self) -> int:
        """See StopRule."""
        return self._courses.points

    @property
    def first_count(self) -> int | None:
        """See StopRule."""
        return self._pruner.first_count

    def observe(self, record: RunRecord) -> None:
        """See StopRule."""
        self._courses.observe(record)

    def add(self, point: ObjectivePoint) -> None:
        """See StopRule."""
        self._courses.add(point)

    def decide(self, number: int) -> Decision:
        """See StopRule."""
        course = self._courses[number]
        at = self._pruner.last_check(course, self._courses) if course.steps else None
        if at is None:
            why = "it has no value yet"
            if course.steps:
                why = self._pruner.waiting_for(course, self._courses)
            verdict = Verdict(False, why)
        else:
            verdict = self._pruner.judge(course, at, self._courses)
        next_count = self._pruner.first_count
        if course.steps:
            next_count = max(next_count, self._pruner.next_count(course, self._courses))
        return Decision(
            should_stop=verdict.should_stop,
            why=verdict.why,
            step=verdict.step,
            threshold=verdict.threshold,
            value=verdict.value,
            compared=verdict.compared,
            next_count=next_count,
        )
