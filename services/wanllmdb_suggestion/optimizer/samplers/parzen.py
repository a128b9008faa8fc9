"""Parzen estimators: the density of points as a mixture of one kernel for each run and a prior.

The draws are those of Optuna 5's multivariate TPE. The density of many runs is made of fewer
digits, and is kept while runs are in progress.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from wanllmdb_suggestion.optimizer.samplers.parzen_kernels import (
    PRIOR_WEIGHT,
    Floats,
    Indexes,
    Kernels,
    ParzenSpace,
)


class ParzenEstimator:
    """A density of the points of a space.

    Args:
        space: The parameters.
        points: The points of the runs, of shape (runs, parameters).
        weights: The weights of the runs, beside `PRIOR_WEIGHT` for the prior.
        runs: How many runs the points stand for, which may be a sample of them.
        ids: The runs, ascending; their positions if None.
        before: A density of earlier runs, with much the same kernels.
    """

    def __init__(
        self,
        space: ParzenSpace,
        points: Floats,
        weights: Floats,
        runs: int,
        *,
        ids: Indexes | None = None,
        before: ParzenEstimator | None = None,
    ) -> None:
        self._space = space
        total = np.append(weights, PRIOR_WEIGHT) if len(points) else np.ones(1)
        self._weights: Floats = total / total.sum()
        self._log_weights = np.log(self._weights)
        known: Kernels | None = None if before is None else before._kernels
        self._kernels: Kernels = Kernels(space, points, runs, ids=ids, before=known)

    def draw(self, random: np.random.RandomState, size: int) -> Floats:
        """Return `size` points, drawn with the same random numbers as Optuna draws them."""
        space = self._space
        chosen = random.choice(len(self._weights), p=self._weights, size=size)
        points = np.empty((size, space.parameters))
        for row, (column, choices) in enumerate(space.categories.items()):
            quantiles = random.rand(size)
            sums = np.cumsum(self._kernels.probabilities(row, choices, chosen), axis=1)
            sums[:, -1] = 1.0
            points[:, column] = (sums < quantiles[:, None]).sum(axis=1)
        if space.numbers:
            points[:, space.numbers] = self._draw_numbers(random, chosen)
        return points

    def log_density(self, points: Floats) -> Floats:
        """Return the logarithms of the densities at the points."""
        terms = self._kernels.log_densities(points)
        terms += self._log_weights
        largest = terms.max(axis=1, keepdims=True)
        terms -= largest
        np.exp(terms, out=terms)
        found: Floats = np.log(terms.sum(axis=1)) + largest[:, 0]
        return found

    def _draw_numbers(self, random: np.random.RandomState, chosen: Indexes) -> Floats:
        space, kernels = self._space, self._kernels
        centers, bandwidths = kernels.centers[:, chosen], kernels.bandwidths[:, chosen]
        log_masses = kernels.log_masses[:, chosen]
        quantiles = random.uniform(low=0, high=1, size=centers.shape)
        lower = (space.starts[:, None] - centers) / bandwidths
        upper = (space.ends[:, None] - centers) / bandwidths
        # A kernel at the lower bound is drawn from its upper tail, whose masses are more exact.
        left = np.logaddexp(log_ndtr(lower), np.log(quantiles) + log_masses)
        right = np.logaddexp(log_ndtr(-upper), np.log1p(-quantiles) + log_masses)
        deviations = np.where(lower < 0, ndtri_exp(left), -ndtri_exp(right))
        drawn = (deviations * bandwidths + centers).T
        drawn[:, space.is_log] = np.exp(drawn[:, space.is_log])
        stepped = space.is_stepped
        lows, steps = space.lows[stepped], space.steps[stepped]
        drawn[:, stepped] = np.clip(
            lows + np.round((drawn[:, stepped] - lows) / steps) * steps,
            lows,
            space.highs[stepped],
        )
        found: Floats = drawn
        return found


class SampledEstimator:
    """The density of many runs: a sample of the ended ones, which is kept, and runs in progress.

    A run in progress has a kernel of the least bandwidth, which nearly all runs have among many.
    Fine steps are taken as normal distributions, and exponentials have seven digits. The density
    differs by a thousandth at most from that of a `ParzenEstimator` with these bandwidths.

    Args:
        space: The parameters.
        points: The points of the ended runs, of shape (runs, parameters).
        represented: How many runs each of them stands for.
        ids: The runs, ascending; their positions if None.
        before: A density of earlier runs, with much the same kernels.
    """

    def __init__(
        self,
        space: ParzenSpace,
        points: Floats,
        represented: Floats,
        *,
        ids: Indexes | None = None,
        before: SampledEstimator | None = None,
    ) -> None:
        self._space = space
        self._ended = round(float(represented.sum()))
        self._represented = represented
        self._firsts = np.cumsum(represented) - represented
        known: Kernels | None = None if before is None else before._kernels
        self._kernels: Kernels = Kernels(
            space, points, self._ended, is_fine=space.is_fine, ids=ids, before=known
        )

    def log_density(self, points: Floats, running: Floats) -> Floats:
        """Return the logarithms of the densities at the points, with the points of other runs."""
        space, ended = self._space, self._ended
        terms = self._kernels.log_densities(points)
        # Running runs are the last ones, so older runs have less weight by one line.
        weights = recent_weights(self._firsts, ended + len(running)) * self._represented
        weights = np.append(weights, PRIOR_WEIGHT)
        if len(running):
            bandwidths = np.repeat(space.least_bandwidths[:, None], len(running), axis=1)
            kernels = Kernels(
                space,
                running,
                ended,
                bandwidths=bandwidths,
                has_prior=False,
                is_fine=space.is_fine,
            )
            terms = np.concatenate([terms, kernels.log_densities(points)], axis=1)
            weights = np.append(weights, np.ones(len(running)))
        terms += np.log(weights / weights.sum())
        largest = terms.max(axis=1)
        terms -= largest[:, None]
        # Single precision takes a fraction of the time, and errs far less than a sample.
        shares = np.exp(terms.astype(np.float32))
        found: Floats = np.log(shares.sum(axis=1, dtype=np.float64)) + largest
        return found


def recent_weights(ages: Floats, runs: int) -> Floats:
    """Return Optuna's weights of runs: the latest 25 have the weight 1, the first one 1 / runs.

    Args:
        ages: The places of the runs in order, the first run at 0.
        runs: How many runs there are; more than 26.
    """
    return np.minimum(1.0, 1.0 / runs + ages * ((1.0 - 1.0 / runs) / (runs - 26)))
