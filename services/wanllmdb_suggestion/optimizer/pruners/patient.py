"""Optuna's patient pruner: stops runs that have not improved for a number of values."""

from __future__ import annotations

from optuna.pruners import PatientPruner
from typing_extensions import override

from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, Pruner, Setting


class Stagnation:
    """Whether a run has gone without an improvement for too long."""

    def __init__(self, setting: Setting, patience: int, min_delta: float) -> None:
        self._setting = setting
        self._pruner = PatientPruner(None, patience, min_delta)
        # The latest `window` values are compared with all values before them.
        self.window = patience + 1
        self.min_delta = min_delta

    def is_stagnant(self, curve: LearningCurve, at: int) -> bool:
        """Return whether the run was stagnant at the value of this index."""
        if at < self.window:
            return False
        asked = curve.as_it_was(at)
        view = StudyView(
            LearningCurves(), self._setting.name, asked, minimize=self._setting.minimize
        )
        return bool(self._pruner.prune(view.as_study, asked))


class Patient(Pruner):
    """Stops a stagnant run, if the wrapped pruner, if any, would stop it too."""

    def __init__(self, setting: Setting, stagnation: Stagnation, wrapped: Pruner | None) -> None:
        self._setting = setting
        self._stagnation = stagnation
        self._wrapped = wrapped
        self.first_count = stagnation.window + 1
        if wrapped is not None:
            self.first_count = max(self.first_count, wrapped.first_count)

    @override
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        at = len(curve.steps) - 1
        if self._wrapped is not None:
            checked = self._wrapped.last_check(curve, curves)
            if checked is None:
                return None
            at = checked
        return at if at >= self._stagnation.window else None

    @override
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        missing = self._stagnation.window + 1 - len(curve.steps)
        count = curve.finite + max(missing, 1)
        if self._wrapped is None:
            return count
        return max(count, self._wrapped.next_count(curve, curves))

    @override
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        if self._wrapped is not None and self._wrapped.last_check(curve, curves) is None:
            return self._wrapped.waiting_for(curve, curves)
        needed = self._stagnation.window + 1
        return f"nothing is compared before {needed} values, and it has {len(curve.steps)}"

    @override
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        is_stagnant = self._stagnation.is_stagnant(curve, at)
        if is_stagnant and self._wrapped is not None:
            decision = self._wrapped.judge(curve, at, curves)
            return Decision(
                decision.should_stop,
                f"its last {self._stagnation.window} values of '{self._setting.metric}' were no "
                f"improvement, and {decision.why}",
                decision.step,
                decision.threshold,
                decision.value,
                decision.compared,
            )
        values = curve.values[: at + 1]
        before = self._setting.best(values[: -self._stagnation.window])
        after = self._setting.best(values[-self._stagnation.window :])
        if before is None or after is None:
            why = f"up to step {curve.steps[at]} it has only NaN to compare"
            return Decision(is_stagnant, why)
        delta = self._stagnation.min_delta
        threshold = before + delta if self._setting.minimize else before - delta
        return Decision(
            is_stagnant,
            f"at step {curve.steps[at]} the best of its last {self._stagnation.window} values of "
            f"'{self._setting.metric}' is {after:g}, and {threshold:g} is needed to be as good as "
            "those before" + (f" within {delta:g}" if delta else ""),
            curve.steps[at],
            threshold,
            after,
            1,
        )
