"""The percentile and median rules, which compare a run with finished runs at the same step."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from optuna.pruners import PercentilePruner
from typing_extensions import override

from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, Pruner, Setting, count_of

MEDIAN = 50.0


class IntervalPruner(Pruner):
    """A pruner that tests the first value in each `interval` of steps, from `warmup` on."""

    def __init__(self, setting: Setting, warmup: int, interval: int) -> None:
        self._setting = setting
        self._warmup = warmup
        self._interval = interval
        # The second value shows how far apart steps are.
        self.first_count = 1 if warmup == 0 else 2

    @override
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        begin = self._begin(curve.steps[-1])
        return None if begin < self._warmup else bisect_left(curve.steps, begin)

    @override
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        return curve.count_at(max(self._begin(curve.steps[-1]) + self._interval, self._warmup))

    @override
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        return f"it is at step {curve.steps[-1]}, and no run is stopped before step {self._warmup}"

    def _begin(self, step: int) -> int:
        """Return the first step of the interval that holds `step`."""
        return self._warmup + (step - self._warmup) // self._interval * self._interval


class Percentile(IntervalPruner):
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
        super().__init__(setting, n_warmup_steps, interval_steps)
        self._percentile = percentile
        self._startup = n_startup_trials
        self._min_trials = n_min_trials
        self._pruner = PercentilePruner(
            percentile, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials
        )

    @override
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        asked = curve.as_it_was(at)
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        should_stop = self._pruner.prune(view.as_study, asked)
        step, metric = curve.steps[at], self._setting.metric
        finished = curves.finished()
        if not finished or len(finished) < self._startup:
            needed = count_of(max(self._startup, 1), "run")
            return Decision(
                should_stop,
                f"nothing is compared before {needed} finished, and {len(finished)} did",
            )
        best = self._setting.best(curve.values[: at + 1])
        if best is None:
            return Decision(
                should_stop, f"at step {step} all its values of '{metric}' are NaN", step
            )
        there = [
            c.trial.intermediate_values[step]
            for c in finished
            if step in c.trial.intermediate_values
        ]
        known = [value for value in there if not math.isnan(value)]
        if len(there) < self._min_trials or not known:
            return Decision(
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
        return Decision(
            should_stop,
            f"at step {step} its best '{metric}' is {best:g}, and {threshold:g} is needed to be "
            f"{share} the values of {count_of(len(known), 'finished run')} at that step",
            step,
            threshold,
            best,
            len(known) + 1,
        )
