"""Random search, and the random first runs of the samplers that learn."""

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
    """Random search, which ignores all results."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._draws = PointDraws(space)
        self._seed = seed

    def observe(self, record: RunRecord) -> None:
        """Do nothing: random search learns nothing."""

    def propose(self, number: int, redraw: int = 0) -> Parameters:
        """Draw all parameters; raise what `PointDraws.draw` raises."""
        return self.complete(number, {}, redraw)

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Draw the missing parameters; raise what `PointDraws.draw` raises."""
        return self._draws.draw(ask_seed(self._seed, number, redraw), given)

    def expect(self, number: int, parameters: Parameters) -> None:
        """Do nothing: expected runs do not matter."""

    def forget_expected(self) -> None:
        """Do nothing: nothing was recorded."""


# Below every number of a redraw, so that no other draw shares the seeds.
_FIRST_SEED = -16


class SkewedCategories:
    """Draws categories by their probabilities, for the random first runs of a sampler that learns.

    Optuna draws all categories with equal probability.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._seed = seed
        self._of = {
            parameter.name: quantile(parameter.distribution)
            for parameter in space.parameters
            if isinstance(parameter.distribution, Categorical)
            and parameter.distribution.probabilities
        }

    def draw(self, number: int, redraw: int) -> dict[str, ParameterValue]:
        """Return a value for each parameter that has probabilities, by name."""
        if not self._of:
            return {}
        random = Random(ask_seed(self._seed, number, _FIRST_SEED - redraw))
        return {name: of(random.random()) for name, of in self._of.items()}


class RandomDraws:
    """Draws exactly what `optuna.samplers.RandomSampler(seed)` draws, several times faster.

    Optuna makes a transform for each parameter of each trial and a random state for each
    sampler, which takes 0.7 ms for a trial of six parameters. Here the transform of the space
    and the random state are made once, and a trial takes 0.1 ms.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._distributions = dict(distributions)
        self._random = np.random.RandomState(0)
        self._whole = _transform(self._distributions)

    def draw(self, seed: int, distributions: Mapping[str, BaseDistribution]) -> dict[str, Any]:
        """Return a value for each of the distributions, which are some or all of the space's."""
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
