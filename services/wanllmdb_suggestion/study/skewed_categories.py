"""Draws of categories that have probabilities: Optuna takes all of them to be equally likely."""

from __future__ import annotations

from random import Random

from wanllmdb_common.search_space.distributions import Categorical, ParameterValue, SearchSpace
from wanllmdb_common.search_space.quantiles import quantile
from wanllmdb_suggestion.study.seeding import ask_seed

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
