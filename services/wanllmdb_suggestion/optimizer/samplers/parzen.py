"""Parzen estimators: the density of points as a mixture of one kernel for each run and a prior.

The kernels, their bandwidths and their draws are those of Optuna 5's multivariate TPE. Optuna
compares each candidate with each kernel by a truncated normal distribution of its own. Here the
part that does not depend on the candidates is computed once a kernel, and all candidates are
compared with all kernels by one product of matrices. The densities differ by rounding errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

PRIOR_WEIGHT = 1.0
# A bandwidth is at least the span of the parameter divided by this number.
_MOST_BANDWIDTHS = 100.0
# The smallest mass of an interval. A kernel that is that far from a candidate does not count
# beside the prior, whose density is never near zero.
_LEAST_MASS = 1e-300
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

    def scaled(self, values: Floats) -> Floats:
        """Return numbers, with the parameters in the last axis, on the scales of the kernels."""
        found = values.copy()
        found[..., self.is_log] = np.log(found[..., self.is_log])
        return found


@dataclass(frozen=True, slots=True)
class _Kernels:
    """The kernels of the numeric parameters: arrays of shape (parameters, kernels)."""

    centers: Floats
    bandwidths: Floats
    # The logarithm of a kernel's mass within the bounds.
    log_masses: Floats


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
        self._count = len(points)
        self._kernel_count = runs + 1
        total = np.append(weights, PRIOR_WEIGHT) if len(points) else np.ones(1)
        self._weights: Floats = total / total.sum()
        self._kernels = self._numeric_kernels(points[:, space.numbers].T)
        self._categories = points[:, list(space.categories)].T.astype(np.intp)

    def draw(self, random: np.random.RandomState, size: int) -> Floats:
        """Return `size` points, drawn with the same random numbers as Optuna draws them."""
        space = self._space
        chosen = random.choice(len(self._weights), p=self._weights, size=size)
        points = np.empty((size, space.parameters))
        for row, (column, choices) in enumerate(space.categories.items()):
            quantiles = random.rand(size)
            sums = np.cumsum(self._probabilities(row, choices)[chosen], axis=1)
            sums[:, -1] = 1.0
            points[:, column] = (sums < quantiles[:, None]).sum(axis=1)
        if space.numbers:
            points[:, space.numbers] = self._draw_numbers(random, chosen)
        return points

    def log_density(self, points: Floats) -> Floats:
        """Return the logarithms of the densities at the points."""
        space = self._space
        terms = np.zeros((len(points), self._count + 1))
        terms += np.log(self._weights)
        for row, (column, choices) in enumerate(space.categories.items()):
            terms += self._log_probabilities(row, choices, points[:, column])
        numbers = points[:, space.numbers]
        if not space.is_stepped.all():
            terms += self._log_normals(space.scaled(numbers))
        for row in np.flatnonzero(space.is_stepped).tolist():
            terms += self._log_steps(row, numbers[:, row])
        largest = terms.max(axis=1, keepdims=True)
        terms -= largest
        np.exp(terms, out=terms)
        found: Floats = np.log(terms.sum(axis=1)) + largest[:, 0]
        return found

    def _numeric_kernels(self, values: Floats) -> _Kernels:
        space = self._space
        starts, ends, spans = space.starts[:, None], space.ends[:, None], space.spans[:, None]
        centers = space.scaled(values.T).T
        bandwidths = np.clip(
            _distances(centers, starts, ends),
            spans / min(_MOST_BANDWIDTHS, 1.0 + self._kernel_count),
            spans,
        )
        centers = np.concatenate([centers, 0.5 * (starts + ends)], axis=1)
        bandwidths = np.concatenate([bandwidths, spans], axis=1)
        masses = ndtr((starts - centers) / bandwidths) + ndtr((centers - ends) / bandwidths)
        return _Kernels(centers, bandwidths, np.log1p(-masses))

    def _log_normals(self, numbers: Floats) -> Floats:
        """Return the log densities of the parameters without steps, of shape (points, kernels)."""
        space, kernels = self._space, self._kernels
        smooth = ~space.is_stepped
        starts, spans = space.starts[smooth], space.spans[smooth]
        # Relative to the span, so that no digits are lost.
        at = (numbers[:, smooth] - starts) / spans
        centers = (kernels.centers[smooth] - starts[:, None]) / spans[:, None]
        precisions = (spans[:, None] / kernels.bandwidths[smooth]) ** 2
        weighted = centers * precisions
        constants = -0.5 * centers * weighted
        constants -= np.log(kernels.bandwidths[smooth]) + kernels.log_masses[smooth]
        products = np.concatenate([at**2, at], axis=1) @ np.concatenate(
            [-0.5 * precisions, weighted]
        )
        found: Floats = products + (
            constants.sum(axis=0) - 0.5 * np.log(2 * np.pi) * np.count_nonzero(smooth)
        )
        return found

    def _log_steps(self, row: int, values: Floats) -> Floats:
        """Return the log masses of the steps around the values, of shape (points, kernels)."""
        space, kernels = self._space, self._kernels
        # Runs share values and bandwidths.
        different, kernel_of = np.unique(
            kernels.centers[row] + 1j * kernels.bandwidths[row], return_inverse=True
        )
        at, value_of = np.unique(values, return_inverse=True)
        half = space.steps[row] / 2
        left, right, widths = at - half, at + half, np.full(len(at), 2 * half)
        if space.is_log[row]:
            widths = np.log1p(widths / left)
            left, right = np.log(left), np.log(right)
        lower = (left[:, None] - different.real) / different.imag
        upper = (right[:, None] - different.real) / different.imag
        log_masses = _log_masses(lower, upper, widths[:, None] / different.imag)
        found: Floats = log_masses[:, kernel_of][value_of] - kernels.log_masses[row]
        return found

    def _probabilities(self, row: int, choices: int) -> Floats:
        """Return the probability of each choice by kernel, of shape (kernels, choices)."""
        found = np.full((self._count + 1, choices), PRIOR_WEIGHT / self._kernel_count)
        found[np.arange(self._count), self._categories[row]] += 1
        if not self._count:
            found[:] = 1.0
        normalized: Floats = found / found.sum(axis=1, keepdims=True)
        return normalized

    def _log_probabilities(self, row: int, choices: int, values: Floats) -> Floats:
        by_choice = np.log(self._probabilities(row, choices)).T
        found: Floats = by_choice[values.astype(np.intp)]
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
