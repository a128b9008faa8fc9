"""TPE's draws: values where the better runs are dense and the worse ones are not.

From one ask to the next, few runs change. So densities are kept, and the next ones take over what
has not changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution

from wanllmdb_suggestion.optimizer.optuna_internals import (
    default_gamma,
    default_gamma_multiobjective,
    default_weights,
)
from wanllmdb_suggestion.optimizer.samplers.parzen import ParzenEstimator, SampledEstimator
from wanllmdb_suggestion.optimizer.samplers.parzen_kernels import ParzenSpace
from wanllmdb_suggestion.optimizer.samplers.tpe_columns import MOST_ENDED, Flags, Floats
from wanllmdb_suggestion.optimizer.samplers.tpe_observations import EndedSplit, Observations

# Of fewer worse runs, as of those with a rare parameter, no density is kept.
_LEAST_SAMPLED = 1024
# Of more sets of parameters than these, no densities are kept from one ask to the next.
_MOST_KEPT = 64


@dataclass(slots=True, eq=False)
class _Densities:
    """The densities of some parameters, as the last ask left them.

    Attributes:
        space: The parameters.
        ended: The ended runs that the others are made of.
        points: The points of the better runs.
        below: The density of the better runs.
        sampled: The density of a sample of the worse ended runs.
        worse: The density of the worse runs, running ones included.
    """

    space: ParzenSpace
    ended: EndedSplit | None = None
    points: Floats | None = None
    below: ParzenEstimator | None = None
    sampled: SampledEstimator | None = None
    worse: ParzenEstimator | None = None


class ParzenDraws:
    """Draws what Optuna 5's `TPESampler(seed)` draws, up to rounding errors.

    Args:
        distributions: The distributions of all searched parameters, by column.
        metrics: How many metrics the runs have.
        candidates: How many points are compared for each draw.
    """

    def __init__(
        self, distributions: Mapping[str, BaseDistribution], metrics: int, candidates: int
    ) -> None:
        self._metrics = metrics
        self._distributions = dict(distributions)
        self._columns = {name: column for column, name in enumerate(distributions)}
        # By parameters.
        self._kept: dict[tuple[str, ...], _Densities] = {}
        self._candidates = candidates
        self._random = np.random.RandomState(0)
        self._observations = Observations(0)
        self._split = self._observations.split(0, without=0)

    def begin(self, seed: int, observations: Observations, *, without: int) -> None:
        """Begin an ask, from which the observation at index `without` is left out.

        At least one run must have ended.
        """
        self._random.seed(seed)
        self._observations = observations
        ended = observations.ended
        if self._metrics == 1:
            best = default_gamma(ended)
        else:
            best = default_gamma_multiobjective(min(ended, MOST_ENDED))
        self._split = observations.split(best, without=without)

    def draw(self, names: Sequence[str]) -> dict[str, Any]:
        """Return a value for each of the parameters, drawn together."""
        columns = [self._columns[name] for name in names]
        distributions = [self._distributions[name] for name in names]
        kept = self._kept.get(tuple(names))
        if kept is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[tuple(names)] = _Densities(ParzenSpace(distributions))
        below = self._of_ended(kept, columns)
        candidates = below.draw(self._random, self._candidates)
        ratios = below.log_density(candidates)
        if kept.sampled is not None:
            running = self._observations.points(self._split.running, columns)
            ratios -= kept.sampled.log_density(candidates, running[_are_there(running)])
        else:
            ratios -= self._worse(kept, columns).log_density(candidates)
        best = candidates[np.argmax(ratios)].tolist()
        return {
            name: distribution.to_external_repr(value)
            for name, distribution, value in zip(names, distributions, best, strict=True)
        }

    def _of_ended(self, kept: _Densities, columns: Sequence[int]) -> ParzenEstimator:
        """Return the density of the better runs, and keep that of a sample of the worse ones."""
        ended = self._split.ended
        if kept.ended is ended and kept.below is not None:
            return kept.below
        kept.ended = ended
        points = self._observations.points(ended.below, columns)
        points = points[_are_there(points)]
        is_same = kept.points is not None and np.array_equal(points, kept.points)
        if kept.below is None or not is_same:
            kept.points = points
            kept.below = ParzenEstimator(kept.space, points, np.ones(len(points)), len(points))
        points = self._observations.points(ended.above, columns)
        is_there = _are_there(points)
        represented = ended.represented[is_there]
        if ended.is_sample and represented.sum() >= _LEAST_SAMPLED:
            ids = ended.above[is_there]
            kept.worse = None
            kept.sampled = SampledEstimator(
                kept.space, points[is_there], represented, ids=ids, before=kept.sampled
            )
        else:
            kept.sampled = None
        return kept.below

    def _worse(self, kept: _Densities, columns: Sequence[int]) -> ParzenEstimator:
        """Return the density of the worse runs, among which running ones have their places."""
        ended, running = self._split.ended, self._split.running
        worse = np.concatenate([ended.above, running])
        order = np.argsort(worse)
        worse = worse[order]
        points = self._observations.points(worse, columns)
        represented = np.append(ended.represented, np.ones(len(running)))[order]
        is_there = _are_there(points)
        points, represented = points[is_there], represented[is_there]
        runs = round(float(represented.sum()))
        weights = default_weights(runs)
        if ended.is_sample:
            # A run that stands for several has the weight of the first of them.
            firsts = np.cumsum(represented) - represented
            weights = weights[firsts.astype(np.intp)] * represented
        kept.worse = ParzenEstimator(
            kept.space, points, weights, runs, ids=worse[is_there], before=kept.worse
        )
        return kept.worse


def _are_there(points: Floats) -> Flags:
    """Return which of the points have all their parameters."""
    found: Flags = ~np.logical_or.reduce(np.isnan(points), axis=1)
    return found
