"""Parzen estimators: the density of points as a mixture of one kernel for each run and a prior.

The kernels, their bandwidths and their draws are those of Optuna 5's multivariate TPE. Optuna
compares each candidate with each kernel by a truncated normal distribution of its own. Here the
part that does not depend on the candidates is computed once a kernel, and all candidates are
compared with all kernels by one product of matrices. The densities differ by rounding errors.

The density of many runs is made of fewer digits, and is kept while runs are in progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from scipy.special import log_ndtr, ndtr, ndtri_exp

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Flags = NDArray[np.bool_]

PRIOR_WEIGHT = 1.0
# A bandwidth is at least the span of the parameter divided by this number.
_MOST_BANDWIDTHS = 100.0
# The smallest mass of an interval. A kernel that is that far from a candidate does not count
# beside the prior, whose density is never near zero.
_LEAST_MASS = 1e-300
# A normal distribution has no mass farther from its center, in standard deviations.
_FAR = 9.0
# In an interval of fewer standard deviations, the difference of two masses loses its digits, and
# the density is constant.
_NARROW = 1e-5


class ParzenSpace:
    """The searched parameters: which columns of points are categories, steps and real numbers.

    Points are arrays of shape (points, parameters) in Optuna's internal representation.
    """

    def __init__(self, distributions: Sequence[BaseDistribution]) -> None:
        self.parameters = len(distributions)
        self.categories = {
            column: len(distribution.choices)
            for column, distribution in enumerate(distributions)
            if isinstance(distribution, CategoricalDistribution)
        }
        numbers: Mapping[int, Any] = {
            column: distribution
            for column, distribution in enumerate(distributions)
            if isinstance(distribution, FloatDistribution | IntDistribution)
        }
        self.numbers = list(numbers)
        self.is_log = np.array([d.log for d in numbers.values()], dtype=bool)
        self.steps = np.array([d.step or 0.0 for d in numbers.values()], dtype=float)
        self.lows = np.array([d.low for d in numbers.values()], dtype=float)
        self.highs = np.array([d.high for d in numbers.values()], dtype=float)
        # The bounds of kernels include half a step at each end.
        self.starts = self.scaled(self.lows - self.steps / 2)
        self.ends = self.scaled(self.highs + self.steps / 2)
        self.spans = self.ends - self.starts
        self.is_stepped = self.steps > 0
        self.least_bandwidths = self.spans / _MOST_BANDWIDTHS
        # Steps that are no wider than any bandwidth.
        self.is_fine = self.is_stepped & ~self.is_log & (self.steps <= self.least_bandwidths)
        # The columns of a candidate's categories among those of all categories.
        self.choices = sum(self.categories.values())

    def candidates(self, points: Floats, smooth: Flags) -> Floats:
        """Return what kernels are multiplied by: squares, numbers and categories of points.

        Args:
            points: Of shape (points, parameters).
            smooth: Which of the numeric parameters count.
        """
        numbers = self.scaled(points[:, self.numbers])[:, smooth]
        # Relative to the span, so that no digits are lost.
        at = (numbers - self.starts[smooth]) / self.spans[smooth]
        found = np.zeros((len(points), 2 * at.shape[1] + self.choices))
        found[:, : at.shape[1]] = at**2
        found[:, at.shape[1] : 2 * at.shape[1]] = at
        first, rows = 2 * at.shape[1], np.arange(len(points))
        for column, choices in self.categories.items():
            found[rows, first + points[:, column].astype(np.intp)] = 1.0
            first += choices
        return found

    def scaled(self, values: Floats) -> Floats:
        """Return numbers, with the parameters in the last axis, on the scales of the kernels."""
        found = values.copy()
        found[..., self.is_log] = np.log(found[..., self.is_log])
        return found


class _Kernels:
    """One kernel for each of several points, and the kernel of the prior as the last one.

    Args:
        space: The parameters.
        points: Of shape (points, parameters).
        runs: How many runs all points of the density stand for.
        bandwidths: By numeric parameter and point; by the distances of the points if None.
        has_prior: Whether there is the kernel of the prior.
        is_fine: Which stepped parameters are taken as normal distributions.
    """

    def __init__(
        self,
        space: ParzenSpace,
        points: Floats,
        runs: int,
        *,
        bandwidths: Floats | None = None,
        has_prior: bool = True,
        is_fine: Flags | None = None,
    ) -> None:
        self._space = space
        self._count = len(points)
        self._smooth = ~space.is_stepped if is_fine is None else ~space.is_stepped | is_fine
        starts, ends, spans = space.starts[:, None], space.ends[:, None], space.spans[:, None]
        centers = space.scaled(points[:, space.numbers]).T
        if bandwidths is None:
            bandwidths = np.clip(
                _distances(centers, starts, ends), spans / min(_MOST_BANDWIDTHS, 2.0 + runs), spans
            )
        if has_prior:
            centers = np.concatenate([centers, 0.5 * (starts + ends)], axis=1)
            bandwidths = np.concatenate([bandwidths, spans], axis=1)
        self.centers, self.bandwidths = centers, bandwidths
        lower, upper = (starts - centers) / bandwidths, (centers - ends) / bandwidths
        is_near = np.maximum(lower, upper) > -_FAR
        # The logarithms of the masses within the bounds.
        self.log_masses: Floats = np.zeros_like(centers)
        self.log_masses[is_near] = np.log1p(-ndtr(lower[is_near]) - ndtr(upper[is_near]))
        self._size = centers.shape[1]
        self.chosen = points[:, list(space.categories)].T.astype(np.intp)
        self._smoothing = PRIOR_WEIGHT / (runs + 1)
        self._factors, self._constants = self._product()
        self._stepped = {row: self._distinct(row) for row in np.flatnonzero(~self._smooth).tolist()}

    def log_densities(self, points: Floats) -> Floats:
        """Return the logarithms of each kernel's density at the points: (points, kernels)."""
        space = self._space
        found: Floats = space.candidates(points, self._smooth) @ self._factors
        found += self._constants
        for row, (different, log_masses, kernel_of) in self._stepped.items():
            steps = self._log_steps(row, different, points[:, space.numbers[row]])
            steps -= log_masses
            found += steps[:, kernel_of]
        return found

    def probabilities(self, row: int, choices: int, kernels: Indexes) -> Floats:
        """Return the probability of each choice by kernel, of shape (kernels, choices)."""
        hit, miss = self._hit_and_miss(choices)
        found = np.full((len(kernels), choices), miss)
        is_prior = kernels == self._count
        found[is_prior] = 1.0 / choices
        others = np.flatnonzero(~is_prior)
        found[others, self.chosen[row, kernels[others]]] = hit
        return found

    def _hit_and_miss(self, choices: int) -> tuple[float, float]:
        """Return the probabilities of a run's own choice and of each other choice."""
        total = 1.0 + self._smoothing * choices
        return (1.0 + self._smoothing) / total, self._smoothing / total

    def _product(self) -> tuple[Floats, Floats]:
        """Return the factors and constants of all that one product of matrices compares."""
        space, smooth = self._space, self._smooth
        starts, spans = space.starts[smooth, None], space.spans[smooth, None]
        variances = self.bandwidths[smooth] ** 2
        # A normal distribution in steps is nearly one with the variance of a step added.
        variances += space.steps[smooth, None] ** 2 / 12
        centers = (self.centers[smooth] - starts) / spans
        precisions = spans**2 / variances
        weighted = centers * precisions
        constants = -0.5 * (centers * weighted + np.log(variances)) - self.log_masses[smooth]
        widths = space.steps[smooth & space.is_stepped]
        total = np.log(widths).sum() - 0.5 * np.log(2 * np.pi) * len(centers)
        factors = [-0.5 * precisions, weighted]
        for row, choices in enumerate(space.categories.values()):
            hit, miss = self._hit_and_miss(choices)
            logs = np.full((choices, self._size), np.log(miss))
            logs[self.chosen[row], np.arange(self._count)] = np.log(hit)
            logs[:, self._count :] = -np.log(choices)
            factors.append(logs)
        return np.concatenate(factors), constants.sum(axis=0) + total

    def _distinct(self, row: int) -> tuple[NDArray[np.complex128], Floats, Indexes]:
        """Return the different centers and bandwidths of a parameter, and those of each kernel.

        Runs share values and bandwidths. The bandwidth is the imaginary part; the second array
        has the logarithms of the masses within the bounds.
        """
        kernels = self.centers[row] + 1j * self.bandwidths[row]
        different, first, kernel_of = np.unique(kernels, return_index=True, return_inverse=True)
        return different, self.log_masses[row, first], kernel_of

    def _log_steps(self, row: int, different: NDArray[np.complex128], values: Floats) -> Floats:
        """Return the log masses of the steps around the values, of shape (points, different)."""
        space = self._space
        at, value_of = np.unique(values, return_inverse=True)
        half = space.steps[row] / 2
        left, right, widths = at - half, at + half, np.full(len(at), 2 * half)
        if space.is_log[row]:
            widths = np.log1p(widths / left)
            left, right = np.log(left), np.log(right)
        lower = (left[:, None] - different.real) / different.imag
        upper = (right[:, None] - different.real) / different.imag
        return _log_masses(lower, upper, widths[:, None] / different.imag)[value_of]


class ParzenEstimator:
    """A density of the points of a space.

    Args:
        space: The parameters.
        points: The points of the runs, of shape (runs, parameters).
        weights: The weights of the runs, beside `PRIOR_WEIGHT` for the prior.
        runs: How many runs the points stand for, which may be a sample of them.
    """

    def __init__(self, space: ParzenSpace, points: Floats, weights: Floats, runs: int) -> None:
        self._space = space
        total = np.append(weights, PRIOR_WEIGHT) if len(points) else np.ones(1)
        self._weights: Floats = total / total.sum()
        self._log_weights = np.log(self._weights)
        self._kernels = _Kernels(space, points, runs)

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
    """

    def __init__(self, space: ParzenSpace, points: Floats, represented: Floats) -> None:
        self._space = space
        self._ended = round(float(represented.sum()))
        self._represented = represented
        self._firsts = np.cumsum(represented) - represented
        self._kernels = _Kernels(space, points, self._ended, is_fine=space.is_fine)

    def log_density(self, points: Floats, running: Floats) -> Floats:
        """Return the logarithms of the densities at the points, with the points of other runs."""
        space, ended = self._space, self._ended
        terms = self._kernels.log_densities(points)
        # Running runs are the last ones, so older runs have less weight by one line.
        weights = recent_weights(self._firsts, ended + len(running)) * self._represented
        weights = np.append(weights, PRIOR_WEIGHT)
        if len(running):
            bandwidths = np.repeat(space.least_bandwidths[:, None], len(running), axis=1)
            kernels = _Kernels(
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


def _distances(centers: Floats, starts: Floats, ends: Floats) -> Floats:
    """Return each center's distance to the farther one of its neighbours, by parameter.

    The bounds are neighbours of the first and the last center only if there is no other center.
    """
    count = centers.shape[1]
    order = np.argsort(centers, axis=1)
    gaps = np.diff(
        np.concatenate([starts, np.take_along_axis(centers, order, axis=1), ends], axis=1), axis=1
    )
    widths = np.maximum(gaps[:, :-1], gaps[:, 1:])
    if count > 1:
        widths[:, 0], widths[:, -1] = gaps[:, 1], gaps[:, -2]
    found = np.empty_like(centers)
    np.put_along_axis(found, order, widths, axis=1)
    return found


def _log_masses(lower: Floats, upper: Floats, widths: Floats) -> Floats:
    """Return the logarithms of a standard normal's masses between the bounds.

    `widths` are the differences of the bounds, with the digits that the bounds lack.
    """
    # Masses of the left tail keep their digits.
    is_right = lower > 0
    masses = ndtr(np.where(is_right, -lower, upper)) - ndtr(np.where(is_right, -upper, lower))
    middles = (lower + upper) / 2
    found: Floats = np.where(
        widths < _NARROW,
        np.log(widths) - 0.5 * middles**2 - 0.5 * np.log(2 * np.pi),
        np.log(np.maximum(masses, _LEAST_MASS)),
    )
    return found
