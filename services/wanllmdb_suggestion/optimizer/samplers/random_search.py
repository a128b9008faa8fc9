"""Draws of categories that have probabilities: Optuna takes all of them to be equally likely."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution

from wanllmdb_common.search_space.distributions import Categorical, ParameterValue, SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.quantiles import quantile
from wanllmdb_suggestion.optimizer.optuna_internals import SearchSpaceTransform
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler, ask_seed
from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord


class RandomSampler(Sampler):
    """Random search; knows no history."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._draws = PointDraws(space)
        self._seed = seed

    def observe(self, record: RunRecord) -> None:
        """Nothing to learn."""

    def propose(self, number: int, redraw: int = 0) -> Parameters:
        """See `Sampler.propose`; raises what `PointDraws.draw` does."""
        return self.complete(number, {}, redraw)

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """See `Sampler.complete`; raises what `PointDraws.draw` does."""
        return self._draws.draw(ask_seed(self._seed, number, redraw), given)

    def expect(self, number: int, parameters: Parameters) -> None:
        """Nothing to note."""

    def forget_expected(self) -> None:
        """Nothing was noted."""


# Set apart from the numbers of redraws, so that no other draw shares the seeds.
_FIRST_SEED = -16


class SkewedCategories:
    """What random runs of a sampler that learns have in place of Optuna's draws."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._seed = seed
        self._of = {
            parameter.name: quantile(parameter.distribution)
            for parameter in space.parameters
            if isinstance(parameter.distribution, Categorical)
            and parameter.distribution.probabilities
        }

    def draw(self, number: int, redraw: int) -> dict[str, ParameterValue]:
        """A value for each parameter that has probabilities, by name."""
        if not self._of:
            return {}
        random = Random(ask_seed(self._seed, number, _FIRST_SEED - redraw))
        return {name: of(random.random()) for name, of in self._of.items()}


class RandomDraws:
    """Draws exactly what `optuna.samplers.RandomSampler(seed)` draws, several times faster.

    Optuna makes a transform for each parameter of each trial and a random
    state for each sampler (0.7 ms a trial of six parameters); here the
    transform of the space and the state are made once (0.1 ms).
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._distributions = dict(distributions)
        self._random = np.random.RandomState(0)
        self._whole = _transform(self._distributions)

    def draw(self, seed: int, distributions: Mapping[str, BaseDistribution]) -> dict[str, Any]:
        """A value for each distribution; several of the space's, or all of them."""
        if not distributions:
            return {}
        whole = len(distributions) == len(self._distributions)
        transform = self._whole if whole else _transform(distributions)
        assert transform is not None
        self._random.seed(seed)
        bounds = transform.bounds
        return transform.untransform(self._random.uniform(bounds[:, 0], bounds[:, 1]))


def _transform(distributions: Mapping[str, BaseDistribution]) -> SearchSpaceTransform | None:
    return SearchSpaceTransform(dict(distributions)) if distributions else None
