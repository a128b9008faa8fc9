"""Quasi-random search: run n gets point n of a low-discrepancy sequence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.quantiles import quantile
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler, ask_seed
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord

if TYPE_CHECKING:
    from scipy.stats.qmc import QMCEngine

# Not a number of a run, so that no run shares the seed of the sequence.
_SEQUENCE = -1


class QmcSampler(Sampler):
    """Sobol's or Halton's sequence, one coordinate a parameter, mapped by the quantile functions.

    Sobol 1967, On the distribution of points in a cube; Halton 1960, On the efficiency of
    certain quasi-random sequences of points. Run n gets point n, whatever came before, so that
    the sampler needs no counter.
    """

    def __init__(self, space: SearchSpace, seed: int, *, kind: str, scramble: bool) -> None:
        """
        Args:
            space: The search space.
            seed: The seed of the sweep.
            kind: `sobol` or `halton`.
            scramble: Whether the seed shifts the points. Otherwise the points are the same
                for every seed, and the first one has all quantiles at 0.
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
        # For redraws of rejected points.
        self._random = RandomSampler(space, seed)
        # Adds parameters that are not searched, and drops parameters that a run does not have.
        self._rest = PointDraws(replace(space, constraints=()))
        self._engine: QMCEngine | None = None

    def observe(self, record: RunRecord) -> None:
        """Do nothing: the sequence does not depend on results."""

    def propose(self, number: int, redraw: int = 0) -> Parameters:
        """Return the point of the run; redraws are random."""
        return self.complete(number, {}, redraw)

    @override
    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        if redraw or not self._quantiles:
            return self._random.complete(number, given, redraw)
        coordinates = self._point(number)
        point = {
            name: of(float(at))
            for (name, of), at in zip(self._quantiles.items(), coordinates, strict=True)
        }
        return self._rest.draw(0, {**point, **given})

    def expect(self, number: int, parameters: Parameters) -> None:
        """Do nothing: expected runs do not matter."""

    def forget_expected(self) -> None:
        """Do nothing: nothing was recorded."""

    def _point(self, number: int) -> list[float]:
        engine = self._engine
        if engine is None or engine.num_generated > number:
            engine = self._engine = self._new_engine()
        if engine.num_generated < number:
            engine.fast_forward(number - engine.num_generated)
        point: list[float] = engine.random(1)[0].tolist()
        return point

    def _new_engine(self) -> QMCEngine:
        # Imported late, because the import is slow.
        from scipy.stats.qmc import Halton, Sobol

        kind = {"sobol": Sobol, "halton": Halton}[self._kind]
        return kind(
            len(self._quantiles), scramble=self._scramble, rng=ask_seed(self._seed, _SEQUENCE)
        )
