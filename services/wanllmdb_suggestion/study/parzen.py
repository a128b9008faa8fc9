"""The draw of the tree-structured Parzen estimator, over kept columns.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011;
multivariate, after Falkner et al., BOHB, ICML 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from optuna.samplers._tpe.sampler import default_gamma

from wanllmdb_suggestion.study.observations import Observations, Places

# Optuna's defaults: so many runs must have ended before it is asked, so many
# points are compared.
STARTUP_RUNS = 10
CANDIDATES = 24


class ParzenDraws:
    """Draws exactly what Optuna 5's `TPESampler(seed)` draws with its defaults.

    The estimators, their draws and their comparison are Optuna's own code; what
    is left out is the reading and sorting of all trials at every ask.
    """

    def __init__(self, candidates: int = CANDIDATES) -> None:
        self._tpe = TPESampler(n_ei_candidates=candidates)
        self._random = np.random.RandomState(0)

    def draw(
        self,
        seed: int,
        place: int,
        observations: Observations,
        searched: Mapping[str, tuple[int, BaseDistribution]],
    ) -> dict[str, Any]:
        """A value for each parameter in `searched`, which gives its column and distribution.

        Needs at least one run that ended. The observation at `place` is left out.
        """
        split = observations.split(default_gamma(observations.ended), without=place)
        better = self._estimator(observations, split.below, searched)
        worse = self._estimator(observations, split.above, searched)
        self._random.seed(seed)
        candidates = better.sample(self._random, self._tpe._n_ei_candidates)
        scores = self._tpe._compute_acquisition_func(candidates, better, worse)
        drawn = TPESampler._compare(candidates, scores)
        return {
            name: distribution.to_external_repr(drawn[name])
            for name, (_, distribution) in searched.items()
        }

    def _estimator(
        self,
        observations: Observations,
        places: Places,
        searched: Mapping[str, tuple[int, BaseDistribution]],
    ) -> _ParzenEstimator:
        return _ParzenEstimator(
            {name: observations.columns(places, column) for name, (column, _) in searched.items()},
            {name: distribution for name, (_, distribution) in searched.items()},
            self._tpe._parzen_estimator_parameters,
        )
