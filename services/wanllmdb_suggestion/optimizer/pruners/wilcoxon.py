"""The Wilcoxon rule: a statistical test against the best finished run."""

from __future__ import annotations

import math
from statistics import fmean

from optuna.pruners import WilcoxonPruner
from typing_extensions import override

from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, Pruner, Setting


class Wilcoxon(Pruner):
    """Compares a run's values with the best finished run's, by step; Optuna's Wilcoxon pruner."""

    def __init__(self, setting: Setting, p_threshold: float, n_startup_steps: int) -> None:
        self._setting = setting
        self._p_threshold = p_threshold
        self._startup = max(2, n_startup_steps)
        self._pruner = WilcoxonPruner(p_threshold=p_threshold, n_startup_steps=n_startup_steps)
        self.first_count = self._startup

    @override
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        return len(curve.steps) - 1 if len(curve.steps) >= self._startup else None

    @override
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        return curve.finite + 1

    @override
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        return f"nothing is compared before {self._startup} values, and it has {len(curve.steps)}"

    @override
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        asked = curve.as_it_was(at)
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        if not curves.finished():
            return Decision(False, "there is no finished run to compare it with")
        best = view.best_trial
        theirs, mine = best.intermediate_values, asked.intermediate_values
        # Optuna would write a warning to the server's log for every request.
        if not theirs or not all(map(math.isfinite, [*theirs.values(), *mine.values()])):
            return Decision(
                False,
                f"it or the best run, {best.number}, has values that can't be compared: NaN, "
                "infinite ones, or none",
            )
        common = sorted(mine.keys() & theirs.keys())
        if len(common) < self._startup:
            return Decision(
                False,
                f"it has {len(common)} of the {self._startup} steps needed in common with the "
                f"best run, {best.number}",
            )
        should_stop = self._pruner.prune(view.as_study, asked)
        value, threshold = fmean(mine[s] for s in common), fmean(theirs[s] for s in common)
        why = (
            f"over {len(common)} common steps its mean '{self._setting.metric}' is {value:g}, that "
            f"of the best run, {best.number}, is {threshold:g}; "
        )
        if should_stop:
            p = self._p_value([mine[step] - theirs[step] for step in common])
            why += f"it is worse with p = {p:.3g}, below {self._p_threshold:g}"
        else:
            why += f"it would take p < {self._p_threshold:g} and a worse mean to stop it"
        return Decision(should_stop, why, common[-1], threshold, value, 2)

    def _p_value(self, differences: list[float]) -> float:
        """Return the p-value of the test; used only in the text of the decision."""
        # The import takes half a second, and few sweeps need it.
        from scipy.stats import wilcoxon

        alternative = "greater" if self._setting.minimize else "less"
        return float(wilcoxon(differences, alternative=alternative, zero_method="zsplit").pvalue)
