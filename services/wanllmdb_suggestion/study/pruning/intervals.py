"""Checks every so many steps."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from wanllmdb_suggestion.study.pruning.courses import Course


@dataclass(frozen=True, slots=True)
class Intervals:
    """Checks at the first value in each `interval` of steps, counted from `warmup` on."""

    warmup: int
    interval: int

    @property
    def first_count(self) -> int:
        """How many values a run has at the first check, at least."""
        # The second value tells how far apart they are.
        return 1 if self.warmup == 0 else 2

    def last_check(self, course: Course) -> int | None:
        """The place of the value that was to be tested last; None for none yet."""
        begin = self._begin(course.steps[-1])
        return None if begin < self.warmup else bisect_left(course.steps, begin)

    def next_count(self, course: Course) -> int:
        """How many finite values the run has at the next check."""
        return course.count_at(max(self._begin(course.steps[-1]) + self.interval, self.warmup))

    def waiting_for(self, course: Course) -> str:
        """Why there was no check yet."""
        return f"it is at step {course.steps[-1]}, and no run is stopped before step {self.warmup}"

    def _begin(self, step: int) -> int:
        """Where the step's interval begins."""
        return self.warmup + (step - self.warmup) // self.interval * self.interval
