"""Points that a user wishes for in part: what must be there so that a run can have them."""

from __future__ import annotations

from random import Random

from wanllmdb_common.search_space.conditions import demanded, has_conditions
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import NoPointFoundError, PointDraws
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.types import Parameters

# How many choices are looked at where constraints leave none for the first.
_CHOICES = 16
_DRAWS = 200


class EnqueuedPoints:
    """Adds to parameters with conditions those that the conditions name.

    Who wishes for a momentum wishes for an optimizer that has one: it is chosen at
    random among those that do, before the sampler completes the rest.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._draws = PointDraws(space) if has_conditions(space) else None

    def with_parents(self, number: int, given: Parameters) -> Parameters:
        """The parameters given for run `number`, and the parents that they need."""
        if self._draws is None:
            return given
        possible = {name: values for name, values in demanded(self._space, given).items() if values}
        if not possible:
            return given
        # Not the numbers that the sampler draws from.
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
