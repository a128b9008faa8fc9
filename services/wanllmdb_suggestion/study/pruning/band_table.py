"""Hyperband's stopping rule by bands, on the values that runs reported.

A run is compared at the highest band that it reached with all runs that
reached it. The rule is W&B's; see `bands` for the paper.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from wanllmdb_suggestion.study.pruning.bands import Hyperband, values_at
from wanllmdb_suggestion.study.pruning.decision import Decision, count_of
from wanllmdb_suggestion.study.records import ObjectivePoint, RunRecord


def threshold_of(ascending: Sequence[float], eta: float) -> float:
    """The value at place floor(n/eta), counted from 0, of n >= 1 losses, best first."""
    # Rounding can lift n/eta to n where eta is next to 1.
    return ascending[min(int(len(ascending) / eta), len(ascending) - 1)]


@dataclass(slots=True)
class _Course:
    """One run's finite losses in step order, and how many bands' tables hold one of them."""

    attempt: int
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    # What stands in the bands' tables for this run, one entry a band reached.
    placed: list[float] = field(default_factory=list)


class BandTable:
    """The losses of all runs at every band, kept as values arrive.

    A value costs O(log n) comparisons (and a move of memory in a sorted list),
    a decision O(1) in the n runs and, unless strict, a pass over the run's own
    values. Where a step is reported again, the run's later bands are placed anew.
    """

    def __init__(self, rule: Hyperband, metric: str, *, minimize: bool) -> None:
        self._rule = rule
        self._metric = metric
        self._sign = 1.0 if minimize else -1.0
        self._further = rule.bands()
        self._bands: list[int] = []
        self._tables: list[list[float]] = []
        self._courses: dict[int, _Course] = {}
        self.points = 0

    @property
    def first_count(self) -> int | None:
        """See StopRule."""
        return self._count_at(0)

    def observe(self, record: RunRecord) -> None:
        """See StopRule."""
        self._start_attempt(record.number, record.attempt)

    def add(self, point: ObjectivePoint) -> None:
        """See StopRule."""
        self._start_attempt(point.number, point.attempt)
        course = self._courses.setdefault(point.number, _Course(point.attempt))
        if point.attempt < course.attempt:
            return
        at = bisect_left(course.steps, point.step)
        known = at < len(course.steps) and course.steps[at] == point.step
        if math.isfinite(point.value):
            loss = self._sign * point.value
            if known:
                course.losses[at] = loss
            else:
                course.steps.insert(at, point.step)
                course.losses.insert(at, loss)
                self.points += 1
        elif known:
            del course.steps[at], course.losses[at]
            self.points -= 1
        else:
            return
        self._place(course, at)

    def decide(self, number: int) -> Decision:
        """See StopRule; the run is tested at the highest band that it reached."""
        course = self._courses.get(number)
        reached = len(course.placed) if course is not None else 0
        next_count = self._count_at(reached)
        if course is None or reached == 0:
            return Decision(
                False,
                f"it is not at the first band yet, which takes {next_count} finite values of "
                f"'{self._metric}'",
                next_count=next_count,
            )
        table = self._tables[reached - 1]
        threshold = self._sign * threshold_of(table, self._rule.eta)
        loss = course.placed[-1] if self._rule.strict else min(course.losses)
        band, value = self._bands[reached - 1], self._sign * loss
        return Decision(
            should_stop=loss > self._sign * threshold,
            why=(
                f"at iteration {band} its {'' if self._rule.strict else 'best '}'{self._metric}' "
                f"is {value:g}, and {threshold:g} is needed to be among the best "
                f"1/{self._rule.eta:g} of the {count_of(len(table), 'run')} that got there"
            ),
            step=band,
            threshold=threshold,
            value=value,
            compared=len(table),
            next_count=next_count,
        )

    def _start_attempt(self, number: int, attempt: int) -> None:
        course = self._courses.get(number)
        if course is not None and attempt > course.attempt:
            self._unplace(course, 0)
            self.points -= len(course.steps)
            self._courses[number] = _Course(attempt)

    def _count_at(self, index: int) -> int | None:
        band = self._band(index)
        return None if band is None else values_at(band)

    def _band(self, index: int) -> int | None:
        while index >= len(self._bands):
            band = next(self._further, None)
            if band is None:
                return None
            self._bands.append(band)
            self._tables.append([])
        return self._bands[index]

    def _place(self, course: _Course, changed: int) -> None:
        """Enters the run's values at all bands from iteration `changed` on."""
        self._unplace(course, bisect_left(self._bands, changed + 1, key=values_at))
        while True:
            band = self._band(len(course.placed))
            if band is None or values_at(band) > len(course.losses):
                return
            loss = course.losses[values_at(band) - 1]
            insort(self._tables[len(course.placed)], loss)
            course.placed.append(loss)

    def _unplace(self, course: _Course, first: int) -> None:
        while len(course.placed) > first:
            loss = course.placed.pop()
            table = self._tables[len(course.placed)]
            del table[bisect_left(table, loss)]
