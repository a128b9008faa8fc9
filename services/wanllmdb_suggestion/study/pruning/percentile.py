"""The percentile rule, and the median rule, which is one of it."""

from __future__ import annotations

import math

import numpy as np
from optuna.pruners import PercentilePruner

from wanllmdb_suggestion.study.pruning.courses import Course, Courses, StudyView
from wanllmdb_suggestion.study.pruning.decision import count_of
from wanllmdb_suggestion.study.pruning.intervals import Intervals
from wanllmdb_suggestion.study.pruning.pruner import Pruner, Setting, Verdict

MEDIAN = 50.0


class Percentile(Pruner):
    """A run's best value so far against the finished runs' values at the same step."""

    def __init__(
        self,
        setting: Setting,
        percentile: float,
        n_startup_trials: int,
        n_warmup_steps: int,
        interval_steps: int,
        n_min_trials: int,
    ) -> None:
        self._setting = setting
        self._percentile = percentile
        self._startup = n_startup_trials
        self._min_trials = n_min_trials
        self._checks = Intervals(n_warmup_steps, interval_steps)
        self._pruner = PercentilePruner(
            percentile, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials
        )
        self.first_count = self._checks.first_count

    def last_check(self, course: Course, courses: Courses) -> int | None:
        """See Pruner."""
        return self._checks.last_check(course)

    def next_count(self, course: Course, courses: Courses) -> int:
        """See Pruner."""
        return self._checks.next_count(course)

    def waiting_for(self, course: Course, courses: Courses) -> str:
        """See Pruner."""
        return self._checks.waiting_for(course)

    def judge(self, course: Course, at: int, courses: Courses) -> Verdict:
        """See Pruner."""
        asked = course.as_it_was(at)
        view = StudyView(courses, self._setting.name, asked, minimize=self._setting.minimize)
        should_stop = self._pruner.prune(view.as_study, asked)
        step, metric = course.steps[at], self._setting.metric
        finished = courses.finished()
        if not finished or len(finished) < self._startup:
            needed = count_of(max(self._startup, 1), "run")
            return Verdict(
                should_stop,
                f"nothing is compared before {needed} finished, and {len(finished)} did",
            )
        best = self._setting.best(course.values[: at + 1])
        if best is None:
            return Verdict(
                should_stop, f"at step {step} all its values of '{metric}' are NaN", step
            )
        there = [
            c.trial.intermediate_values[step]
            for c in finished
            if step in c.trial.intermediate_values
        ]
        known = [value for value in there if not math.isnan(value)]
        if len(there) < self._min_trials or not known:
            return Verdict(
                should_stop,
                f"{count_of(len(known), 'finished run')} of the {self._min_trials} needed have a "
                f"value at step {step}",
            )
        rank = self._percentile if self._setting.minimize else 100 - self._percentile
        threshold = float(np.nanpercentile(known, rank))
        share = (
            "no worse than the median of"
            if self._percentile == MEDIAN
            else f"among the best {self._percentile:g}% of"
        )
        return Verdict(
            should_stop,
            f"at step {step} its best '{metric}' is {best:g}, and {threshold:g} is needed to be "
            f"{share} the values of {count_of(len(known), 'finished run')} at that step",
            step,
            threshold,
            best,
            len(known) + 1,
        )
