"""Enqueued points with some parameters given: the parents that these parameters need."""

from __future__ import annotations

from random import Random

from wanllmdb_common.search_space.conditions import demanded, has_conditions
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import NoPointFoundError, PointDraws
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.types import Parameters

# How many choices of parents are tried while constraints exclude each of them.
_CHOICES = 16
_DRAWS = 200


class EnqueuedPoints:
    """Adds the parameters that the conditions of given parameters name.

    A point with a momentum needs an optimizer that has one: the optimizer is drawn at random
    among the suitable ones, before the sampler completes the other parameters.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._draws = PointDraws(space) if has_conditions(space) else None

    def with_parents(self, number: int, given: Parameters) -> Parameters:
        """Return the given parameters of run `number` and the parents that they need."""
        if self._draws is None:
            return given
        possible = {name: values for name, values in demanded(self._space, given).items() if values}
        if not possible:
            return given
        # A seed that differs from those of the sampler.
        random = Random(ask_seed(self._seed, number, -2))
        choices = []
        for _ in range(_CHOICES):
            chosen = {
                name: values[int(random.random() * len(values))]
                for name, values in possible.items()
            }
            choices.append({**given, **chosen})
            if not self._space.constraints:
                break
            try:
                self._draws.draw(0, choices[-1], max_draws=_DRAWS)
            except NoPointFoundError:
                continue
            return choices[-1]
        return choices[0]
