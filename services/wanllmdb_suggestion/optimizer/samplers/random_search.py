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
    """Draws what `optuna.samplers.RandomSampler(seed)` draws for one parameter after the other.

    Optuna makes a transform for each parameter of each trial and a random state for each
    sampler, which takes 0.7 ms for a trial of six parameters. Here they are made once.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self._transforms = {
            name: SearchSpaceTransform({name: distribution})
            for name, distribution in distributions.items()
        }
        self._random = np.random.RandomState(0)

    def seed(self, seed: int) -> None:
        """Begin an ask."""
        self._random.seed(seed)

    def draw(self, name: str) -> Any:
        """Return a value of the parameter for Optuna."""
        transform = self._transforms[name]
        bounds = transform.bounds
        return transform.untransform(self._random.uniform(bounds[:, 0], bounds[:, 1]))[name]
