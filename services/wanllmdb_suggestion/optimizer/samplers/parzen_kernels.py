"""The kernels of Parzen estimators: one normal or categorical distribution around each point.

The kernels and their bandwidths are those of Optuna 5's multivariate TPE. Optuna compares each
candidate with each kernel by a truncated normal distribution of its own. Here the part that does
not depend on the candidates is computed once a kernel, and all candidates are compared with all
kernels by one product of matrices. The densities differ by rounding errors.

From one ask to the next, few kernels change: a run starts or ends, and only the neighbors of its
point get other bandwidths. So kernels take over what earlier ones have computed. What they compute
depends on the kernel alone, so the result has the same bits as without earlier kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from scipy.special import ndtr

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
# Of more kernels than these, the different ones are sorted out together.
_MOST_ADDED = 32
# Of fewer kernels, all are computed in the time of finding out which have changed.
_LEAST_TAKEN = 256


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


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """The different kernels of a stepped parameter: runs share values and bandwidths.

    Attributes:
        different: The centers, with the bandwidths as imaginary parts.
        log_masses: The logarithms of the masses within the bounds.
        kernel_of: The index of each run's kernel among them.
        most: With more different kernels than these, too many belong to no run any more.
    """

    different: NDArray[np.complex128]
    log_masses: Floats
    kernel_of: Indexes
    most: int

    @classmethod
    def of(cls, kernels: NDArray[np.complex128], log_masses: Floats) -> _Steps:
        """Return the different ones of all runs' kernels."""
        different, first, kernel_of = np.unique(kernels, return_index=True, return_inverse=True)
        return cls(different, log_masses[first], kernel_of, 2 * len(different) + _MOST_ADDED)

    def with_changed(
        self, kernel_of: Indexes, changed: Indexes, kernels: Sequence[complex], log_masses: Floats
    ) -> _Steps:
        """Return the kernels of other runs, of which some have changed or are new."""
        known = {kernel: at for at, kernel in enumerate(self.different.tolist())}
        added: list[int] = []
        for at, (index, kernel) in enumerate(zip(changed.tolist(), kernels, strict=True)):
            if kernel not in known:
                known[kernel] = len(known)
                added.append(at)
            kernel_of[index] = known[kernel]
        if not added:
            return replace(self, kernel_of=kernel_of)
        return _Steps(
            np.append(self.different, [kernels[at] for at in added]),
            np.append(self.log_masses, log_masses[added]),
            kernel_of,
            self.most,
        )


class Kernels:
    """One kernel for each of several points, and the kernel of the prior as the last one.

    Args:
        space: The parameters.
        points: Of shape (points, parameters).
        runs: How many runs all points of the density stand for.
        bandwidths: By numeric parameter and point; by the distances of the points if None.
        has_prior: Whether there is the kernel of the prior.
        is_fine: Which stepped parameters are taken as normal distributions.
        ids: The runs that have the points, ascending; their positions if None.
        before: Other kernels with the same parameters and options. Runs whose kernels are the
            same take over what was computed for them.
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
        ids: Indexes | None = None,
        before: Kernels | None = None,
    ) -> None:
        self._space = space
        self._count = len(points)
        self._ids: Indexes = np.arange(len(points)) if ids is None else ids
        self._smooth = ~space.is_stepped if is_fine is None else ~space.is_stepped | is_fine
        starts, ends, spans = space.starts[:, None], space.ends[:, None], space.spans[:, None]
        centers = np.ascontiguousarray(space.scaled(points[:, space.numbers]).T)
        if bandwidths is None:
            bandwidths = np.clip(
                _distances(centers, starts, ends), spans / min(_MOST_BANDWIDTHS, 2.0 + runs), spans
            )
        if has_prior:
            centers = np.concatenate([centers, 0.5 * (starts + ends)], axis=1)
            bandwidths = np.concatenate([bandwidths, spans], axis=1)
        self.centers, self.bandwidths = centers, bandwidths
        self._size = centers.shape[1]
        self.chosen = points[:, list(space.categories)].T.astype(np.intp)
        self._smoothing = PRIOR_WEIGHT / (runs + 1)
        at, changed = self._taken_from(before)
        # The logarithms of the masses within the bounds.
        self.log_masses = self._log_masses(before, at, changed)
        self._factors, self._constants = self._product(before, at, changed)
        self._stepped = {
            row: self._steps(row, before, at, changed)
            for row in np.flatnonzero(~self._smooth).tolist()
        }

    def log_densities(self, points: Floats) -> Floats:
        """Return the logarithms of each kernel's density at the points: (points, kernels)."""
        space = self._space
        found: Floats = space.candidates(points, self._smooth) @ self._factors
        found += self._constants
        for row, steps in self._stepped.items():
            logs = self._log_steps(row, steps.different, points[:, space.numbers[row]])
            logs -= steps.log_masses
            found += np.take(logs, steps.kernel_of, axis=1)
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

    def _taken_from(self, before: Kernels | None) -> tuple[Indexes, Indexes]:
        """Return where each kernel is among those before, and the kernels that are not there.

        The first is empty if no kernel is taken over.
        """
        if before is None or not before._count or self._count < _LEAST_TAKEN:
            return np.zeros(0, dtype=np.intp), np.arange(self._size)
        # The kernel of the prior, if there is one, takes over nothing: it is a single one.
        at = np.zeros(self._size, dtype=np.intp)
        places = np.searchsorted(before._ids, self._ids)
        np.minimum(places, before._count - 1, out=at[: self._count])
        is_kept = np.zeros(self._size, dtype=bool)
        is_kept[: self._count] = np.take(before._ids, at[: self._count]) == self._ids
        for row in range(len(self.centers)):
            is_kept &= np.take(before.centers[row], at) == self.centers[row]
            is_kept &= np.take(before.bandwidths[row], at) == self.bandwidths[row]
        return at, np.flatnonzero(~is_kept)

    def _log_masses(self, before: Kernels | None, at: Indexes, changed: Indexes) -> Floats:
        starts, ends = self._space.starts[:, None], self._space.ends[:, None]
        centers = np.take(self.centers, changed, axis=1)
        bandwidths = np.take(self.bandwidths, changed, axis=1)
        lower, upper = (starts - centers) / bandwidths, (centers - ends) / bandwidths
        is_near = np.maximum(lower, upper) > -_FAR
        found = np.zeros_like(centers)
        found[is_near] = np.log1p(-ndtr(lower[is_near]) - ndtr(upper[is_near]))
        if before is None or not len(at):
            return found
        taken: Floats = np.take(before.log_masses, at, axis=1)
        taken[:, changed] = found
        return taken

    def _hit_and_miss(self, choices: int) -> tuple[float, float]:
        """Return the probabilities of a run's own choice and of each other choice."""
        total = 1.0 + self._smoothing * choices
        return (1.0 + self._smoothing) / total, self._smoothing / total

    def _product(
        self, before: Kernels | None, at: Indexes, changed: Indexes
    ) -> tuple[Floats, Floats]:
        """Return the factors and constants of all that one product of matrices compares."""
        numeric, constants = self._numeric(changed)
        first = len(numeric)
        factors = np.empty((first + self._space.choices, self._size))
        if before is None or not len(at):
            factors[:first] = numeric
        else:
            np.take(before._factors[:first], at, axis=1, out=factors[:first], mode="clip")
            factors[:first, changed] = numeric
            taken = before._constants[at]
            taken[changed] = constants
            constants = taken
        for row, choices in enumerate(self._space.categories.values()):
            hit, miss = self._hit_and_miss(choices)
            logs = factors[first : first + choices]
            logs[:] = np.log(miss)
            logs[self.chosen[row], np.arange(self._count)] = np.log(hit)
            logs[:, self._count :] = -np.log(choices)
            first += choices
        return factors, constants

    def _numeric(self, kernels: Indexes) -> tuple[Floats, Floats]:
        """Return the factors and constants of some kernels' normal distributions."""
        space, smooth = self._space, self._smooth
        starts, spans = space.starts[smooth, None], space.spans[smooth, None]
        variances = self.bandwidths[smooth][:, kernels] ** 2
        # A normal distribution in steps is nearly one with the variance of a step added.
        variances += space.steps[smooth, None] ** 2 / 12
        centers = (self.centers[smooth][:, kernels] - starts) / spans
        precisions = spans**2 / variances
        weighted = centers * precisions
        log_masses = self.log_masses[smooth][:, kernels]
        constants = -0.5 * (centers * weighted + np.log(variances)) - log_masses
        widths = space.steps[smooth & space.is_stepped]
        total = np.log(widths).sum() - 0.5 * np.log(2 * np.pi) * len(centers)
        # One row after the other: `sum` rounds a single kernel in another way than many.
        summed = reduce(np.add, constants, np.zeros(len(kernels)))
        return np.concatenate([-0.5 * precisions, weighted]), summed + total

    def _steps(self, row: int, before: Kernels | None, at: Indexes, changed: Indexes) -> _Steps:
        kernels = self.centers[row] + 1j * self.bandwidths[row]
        log_masses = self.log_masses[row]
        if before is None or not len(at) or len(changed) > _MOST_ADDED:
            return _Steps.of(kernels, log_masses)
        steps = before._stepped[row]
        if len(steps.different) > steps.most:
            return _Steps.of(kernels, log_masses)
        taken = steps.kernel_of[at]
        return steps.with_changed(taken, changed, kernels[changed].tolist(), log_masses[changed])

    def _log_steps(self, row: int, different: NDArray[np.complex128], values: Floats) -> Floats:
        """Return the log masses of the steps around the values, of shape (points, different)."""
        space = self._space
        half = space.steps[row] / 2
        left, right, widths = values - half, values + half, np.full(len(values), 2 * half)
        if space.is_log[row]:
            widths = np.log1p(widths / left)
            left, right = np.log(left), np.log(right)
        lower = (left[:, None] - different.real) / different.imag
        upper = (right[:, None] - different.real) / different.imag
        return _log_masses(lower, upper, widths[:, None] / different.imag)


def _distances(centers: Floats, starts: Floats, ends: Floats) -> Floats:
    """Return each center's distance to the farther one of its neighbors, by parameter.

    The bounds are neighbors of the first and the last center only if there is no other center.
    """
    rows, count = centers.shape
    if not count:
        return np.empty_like(centers)
    # Places in the array as a whole, which take less time than places by row.
    places = np.argsort(centers, axis=1)
    places += np.arange(0, rows * count, count)[:, None]
    ascending = np.take(centers, places)
    gaps = np.empty((rows, count + 1))
    np.subtract(ascending[:, 1:], ascending[:, :-1], out=gaps[:, 1:-1])
    gaps[:, 0] = ascending[:, 0] - starts[:, 0]
    gaps[:, -1] = ends[:, 0] - ascending[:, -1]
    widths = np.maximum(gaps[:, :-1], gaps[:, 1:])
    if count > 1:
        widths[:, 0], widths[:, -1] = gaps[:, 1], gaps[:, -2]
    found = np.empty_like(centers)
    np.put(found, places, widths)
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
