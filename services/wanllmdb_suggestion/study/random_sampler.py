"""Independent draws from each parameter's law."""

from __future__ import annotations

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import Sampler
from wanllmdb_suggestion.study.seeding import ask_seed


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
