"""Hyperband's stopping rule by bands, on the values that runs reported.

Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter
Optimization, JMLR 18, 2018; in the form that W&B sweeps use: a run is compared
at the highest band that it reached with all runs that reached it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Bands at min_iter * eta^i, cut to integers; the best 1/eta goes on.

    `strict` tests the value at the band, else the best one up to it.
    """

    min_iter: int
    eta: float = 3.0
    strict: bool = False

    def bands(self) -> Iterator[int]:
        """Ascending iterations, counted from 0, each once; without end."""
        last = -1
        exact = float(self.min_iter)
        while math.isfinite(exact):
            if int(exact) > last:
                last = int(exact)
                yield last
            exact *= self.eta


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a run stops, and what was compared.

    Attributes:
        should_stop: True when the run is strictly worse than the threshold.
        band: The band that was tested; None when the run has reached none.
        threshold: What the run had to reach, in the metric's own sign.
        value: What the run reached, in the metric's own sign.
        compared: How many runs reached the band, this one included.
        next_count: How many finite values the run has when it reaches its next
            band.
    """

    should_stop: bool
    band: int | None
    threshold: float | None
    value: float | None
    compared: int
    next_count: int


def threshold_of(ascending: Sequence[float], eta: float) -> float:
    """The value at place floor(n/eta), counted from 0, of n >= 1 losses, best first."""
    # Rounding can lift n/eta to n where eta is next to 1.
    return ascending[min(int(len(ascending) / eta), len(ascending) - 1)]


@dataclass(slots=True)
class _Course:
    """One run's finite losses in step order, and their best up to each."""

    attempt: int
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    # What stands in the bands' tables for this run, one entry a band reached.
    placed: list[float] = field(default_factory=list)


class BandTable:
    """The losses of all runs at every band, kept as values arrive.

    A value costs O(log n) comparisons (and a move of memory in a sorted list),
    a decision O(1), for n runs. Where a step is reported again, the run's later
    bands are placed anew.
    """

    def __init__(self, rule: Hyperband, *, minimize: bool) -> None:
        self._rule = rule
        self._sign = 1.0 if minimize else -1.0
        self._endless = rule.bands()
        self._bands = [next(self._endless)]
        self._tables: list[list[float]] = [[]]
        self._courses: dict[int, _Course] = {}
        self.points = 0

    def start_attempt(self, number: int, attempt: int) -> None:
        """Forgets what earlier attempts of the run reported."""
        course = self._courses.get(number)
        if course is not None and attempt > course.attempt:
            self._unplace(course, 0)
            self.points -= len(course.steps)
            self._courses[number] = _Course(attempt)

    def add(self, number: int, attempt: int, step: int, value: float) -> None:
        """Takes a value; one of an earlier attempt is ignored, a known step overwritten."""
        self.start_attempt(number, attempt)
        course = self._courses.setdefault(number, _Course(attempt))
        if attempt < course.attempt:
            return
        at = bisect_left(course.steps, step)
        known = at < len(course.steps) and course.steps[at] == step
        if math.isfinite(value):
            loss = self._sign * value
            if known:
                course.losses[at] = loss
            else:
                course.steps.insert(at, step)
                course.losses.insert(at, loss)
                self.points += 1
        elif known:
            del course.steps[at], course.losses[at]
            self.points -= 1
        else:
            return
        del course.best[at:]
        for loss in course.losses[at:]:
            course.best.append(min(loss, course.best[-1]) if course.best else loss)
        self._place(course, at)

    def decide(self, number: int) -> Decision:
        """Tests the run at the highest band that it reached."""
        course = self._courses.get(number)
        reached = len(course.placed) if course is not None else 0
        next_count = self._band(reached) + 1
        if course is None or reached == 0:
            return Decision(False, None, None, None, 0, next_count)
        table = self._tables[reached - 1]
        threshold = threshold_of(table, self._rule.eta)
        loss = course.placed[-1]
        return Decision(
            should_stop=loss > threshold,
            band=self._bands[reached - 1],
            threshold=self._sign * threshold,
            value=self._sign * loss,
            compared=len(table),
            next_count=next_count,
        )

    def _band(self, index: int) -> int:
        while index >= len(self._bands):
            # Past the largest double there is no band, nor a run that long.
            self._bands.append(next(self._endless, 2**62))
            self._tables.append([])
        return self._bands[index]

    def _place(self, course: _Course, changed: int) -> None:
        """Enters the run's values at all bands from iteration `changed` on."""
        self._unplace(course, bisect_left(self._bands, changed))
        values = course.losses if self._rule.strict else course.best
        while (band := self._band(len(course.placed))) < len(values):
            insort(self._tables[len(course.placed)], values[band])
            course.placed.append(values[band])

    def _unplace(self, course: _Course, first: int) -> None:
        while len(course.placed) > first:
            loss = course.placed.pop()
            table = self._tables[len(course.placed)]
            del table[bisect_left(table, loss)]
