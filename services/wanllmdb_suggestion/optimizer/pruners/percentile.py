"""The percentile rule, and the median rule, which is one of it."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from optuna.pruners import PercentilePruner

from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Pruner, Setting, Verdict, count_of


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

    def last_check(self, curve: LearningCurve) -> int | None:
        """The place of the value that was to be tested last; None for none yet."""
        begin = self._begin(curve.steps[-1])
        return None if begin < self.warmup else bisect_left(curve.steps, begin)

    def next_count(self, curve: LearningCurve) -> int:
        """How many finite values the run has at the next check."""
        return curve.count_at(max(self._begin(curve.steps[-1]) + self.interval, self.warmup))

    def waiting_for(self, curve: LearningCurve) -> str:
        """Why there was no check yet."""
        return f"it is at step {curve.steps[-1]}, and no run is stopped before step {self.warmup}"

    def _begin(self, step: int) -> int:
        """Where the step's interval begins."""
        return self.warmup + (step - self.warmup) // self.interval * self.interval


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

    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        """See Pruner."""
        return self._checks.last_check(curve)

    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        """See Pruner."""
        return self._checks.next_count(curve)

    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        """See Pruner."""
        return self._checks.waiting_for(curve)

    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Verdict:
        """See Pruner."""
        asked = curve.as_it_was(at)
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        should_stop = self._pruner.prune(view.as_study, asked)
        step, metric = curve.steps[at], self._setting.metric
        finished = curves.finished()
        if not finished or len(finished) < self._startup:
            needed = count_of(max(self._startup, 1), "run")
            return Verdict(
                should_stop,
                f"nothing is compared before {needed} finished, and {len(finished)} did",
            )
        best = self._setting.best(curve.values[: at + 1])
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
