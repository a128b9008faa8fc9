"""Points of a low-discrepancy sequence: the run's number is the point's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.quantiles import quantile
from wanllmdb_suggestion.study.random_sampler import RandomSampler
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import Sampler
from wanllmdb_suggestion.study.seeding import ask_seed
from wanllmdb_suggestion.study.space_mapping import SpaceMapping

if TYPE_CHECKING:
    from scipy.stats.qmc import QMCEngine

# No run has this number, so that no run's draws share the sequence's seed.
_SEQUENCE = -1


class QmcSampler(Sampler):
    """Sobol's or Halton's sequence, a coordinate a parameter, through each law's quantiles.

    Sobol 1967, On the distribution of points in a cube; Halton 1960, On the efficiency of
    certain quasi-random sequences of points. Point n is run n's, whatever came before
    it: there is no counter to keep, and none to be read twice.
    """

    def __init__(self, space: SearchSpace, seed: int, *, kind: str, scramble: bool) -> None:
        """
        Args:
            space: What is searched.
            seed: The sweep's.
            kind: `sobol` or `halton`.
            scramble: Whether the seed moves the points; else they are the same for
                every seed, and the first is where all quantiles are 0.
        """
        self._kind = kind
        self._scramble = scramble
        self._seed = seed
        mapping = SpaceMapping(space)
        self._quantiles = {
            parameter.name: quantile(parameter.distribution)
            for parameter in space.parameters
            if parameter.name in mapping.dimensions
        }
        # For points that were turned down.
        self._random = RandomSampler(space, seed)
        # For what is not searched, and to leave out what a run does not have.
        self._rest = PointDraws(replace(space, constraints=()))
        self._engine: QMCEngine | None = None

    def observe(self, record: RunRecord) -> None:
        """Nothing to learn."""

    def propose(self, number: int, redraw: int = 0) -> Parameters:
        """See `Sampler.propose`; a point turned down is replaced by random ones."""
        return self.complete(number, {}, redraw)

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """See `Sampler.complete`."""
        if redraw or not self._quantiles:
            return self._random.complete(number, given, redraw)
        coordinates = self._point(number)
        point = {
            name: of(float(at))
            for (name, of), at in zip(self._quantiles.items(), coordinates, strict=True)
        }
        return self._rest.draw(0, {**point, **given})

    def expect(self, number: int, parameters: Parameters) -> None:
        """Nothing to note."""

    def forget_expected(self) -> None:
        """Nothing was noted."""

    def _point(self, number: int) -> list[float]:
        engine = self._engine
        if engine is None or engine.num_generated > number:
            engine = self._engine = self._new_engine()
        if engine.num_generated < number:
            engine.fast_forward(number - engine.num_generated)
        point: list[float] = engine.random(1)[0].tolist()
        return point

    def _new_engine(self) -> QMCEngine:
        # Slow to import.
        from scipy.stats.qmc import Halton, Sobol

        kind = {"sobol": Sobol, "halton": Halton}[self._kind]
        return kind(
            len(self._quantiles), scramble=self._scramble, rng=ask_seed(self._seed, _SEQUENCE)
        )
