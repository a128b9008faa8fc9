"""Ends a sweep when the expected improvement is small.

Makarova et al., Automatic Termination for Hyperparameter Optimization, AutoML
2022, as implemented in Optuna. Needs torch.
"""

from __future__ import annotations

import math

from optuna.search_space import intersection_search_space
from optuna.study import StudyDirection
from optuna.terminator import MedianErrorEvaluator, RegretBoundEvaluator
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import RunRecord, StudySpec

# The time of a Gaussian process grows with the cube of the runs. Of more runs, the best are used.
MAX_RUNS = 1_000


class RegretBound:
    """Ends a sweep when no point of the space is likely to be much better than the best run."""

    def __init__(
        self,
        spec: StudySpec,
        *,
        min_runs: int,
        max_regret: float | None,
        top_trials_ratio: float,
        warm_up_trials: int,
        n_initial_trials: int,
        threshold_ratio: float,
    ) -> None:
        self._seed = spec.seed
        self._direction = StudyDirection.MINIMIZE if spec.minimize else StudyDirection.MAXIMIZE
        self._metric = spec.metric
        self._space = SpaceMapping(spec.space)
        self._min_runs = min_runs
        self._max_regret = max_regret
        self._top_trials_ratio = top_trials_ratio
        self._warm_up = warm_up_trials
        self._initial = n_initial_trials
        self._ratio = threshold_ratio
        # The first runs, and the regret that counts as small by them. The twenty models for it
        # are made only once, unless a run with a lower number finishes late.
        self._little: tuple[list[RunRecord], float] | None = None

    def why(self, finished: list[RunRecord]) -> str | None:
        finite = [r for r in finished if r.objective is not None and math.isfinite(r.objective)]
        if len(finite) < self._min_runs:
            return None
        trials = [self._trial(record) for record in self._best(finite)]
        # Optuna raises an error if no parameter is common to all trials.
        if not intersection_search_space(trials):
            return None
        little = self._max_regret
        if little is None:
            little = self._share_of_beginning(finite)
            if little is None:
                return None
        bound = float(self._evaluator().evaluate(trials, self._direction))
        if bound >= little:
            return None
        share = (
            ""
            if self._max_regret is not None
            else f", {self._ratio:g} of what it was in the beginning"
        )
        return (
            f"regret_bound: no point of the space is likely to be better than the best of "
            f"{len(finite)} runs by more than {bound:.3g} of {self._metric}, which is less than "
            f"{little:.3g}{share}"
        )

    def _best(self, finite: list[RunRecord]) -> list[RunRecord]:
        """Return the best `MAX_RUNS` runs by number; of equal runs, the first ones."""
        if len(finite) <= MAX_RUNS:
            return finite
        sign = 1.0 if self._direction is StudyDirection.MINIMIZE else -1.0
        ranked = sorted(finite, key=lambda record: sign * (record.objective or 0.0))
        return sorted(ranked[:MAX_RUNS], key=lambda record: record.number)

    def _share_of_beginning(self, finite: list[RunRecord]) -> float | None:
        """Return the regret that is small by the first runs; None while there are too few."""
        first = finite[: self._warm_up + self._initial]
        if len(first) < self._warm_up + self._initial:
            return None
        if self._little is None or self._little[0] != first:
            error = MedianErrorEvaluator(
                self._evaluator(), self._warm_up, self._initial, self._ratio
            )
            trials = [self._trial(record) for record in first]
            self._little = (first, float(error.evaluate(trials, self._direction)))
        return self._little[1]

    def _evaluator(self) -> RegretBoundEvaluator:
        """Return a new evaluator, whose draws are always the same."""
        return RegretBoundEvaluator(
            self._top_trials_ratio, self._min_runs, seed=ask_seed(self._seed, 0)
        )

    def _trial(self, record: RunRecord) -> FrozenTrial:
        params = self._space.encode(record.parameters)
        return FrozenTrial(
            number=record.number,
            trial_id=record.number,
            state=TrialState.COMPLETE,
            value=record.objective,
            datetime_start=None,
            datetime_complete=None,
            params=params,
            distributions={name: self._space.distributions[name] for name in params},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )
