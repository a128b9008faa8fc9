"""The threshold rule: fixed bounds for the values of a run."""

from __future__ import annotations

import math

from optuna.pruners import ThresholdPruner
from typing_extensions import override

from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
)
from wanllmdb_suggestion.optimizer.pruners.percentile import IntervalPruner
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, Setting


class Threshold(IntervalPruner):
    """Compares a run's value with bounds; Optuna's threshold pruner."""

    def __init__(
        self,
        setting: Setting,
        lower: float | None,
        upper: float | None,
        n_warmup_steps: int,
        interval_steps: int,
    ) -> None:
        super().__init__(setting, n_warmup_steps, interval_steps)
        self._lower = lower
        self._upper = upper
        self._pruner = ThresholdPruner(lower, upper, n_warmup_steps, interval_steps)

    @override
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        asked = curve.as_it_was(at)
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        should_stop = self._pruner.prune(view.as_study, asked)
        step, value = curve.steps[at], curve.values[at]
        said = f"at step {step} its '{self._setting.metric}' is {value:g}"
        if math.isnan(value):
            return Decision(should_stop, said, step)
        if self._lower is not None and (self._upper is None or value < self._lower):
            bound, words = self._lower, "at least"
        else:
            assert self._upper is not None, "the registry has checked that there is a bound"
            bound, words = self._upper, "at most"
        return Decision(
            should_stop, f"{said}, and {words} {bound:g} is needed", step, bound, value, 1
        )
