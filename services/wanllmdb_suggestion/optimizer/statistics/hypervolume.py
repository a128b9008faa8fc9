"""The volume that a growing set of points dominates (Zitzler and Thiele 1998)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_suggestion.optimizer.optuna_internals import compute_hypervolume
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats, Ints

# By number of metrics: the volume is computed exactly up to this product of the points that join
# the front and the size of the largest front, which takes about a second. The time grows with the
# front, and exponentially with the metrics.
_EXACT_UP_TO = {3: 10_000_000, 4: 100_000, 5: 5_000}

# Sample points of an estimate, whose error is some thousandths of the volume, rarely a hundredth.
_SAMPLES = 2**15


# Points that are compared with a front together.
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Hypervolumes:
    """The volumes, shape (runs,), ascending, and whether they are estimates."""

    volumes: Floats
    estimated: bool


def default_reference(losses: Floats) -> Floats:
    """Return the worst loss of each metric, made worse by a tenth of the metric's range.

    Args:
        losses: Shape (runs, metrics), at least one run; smaller is better.
    """
    worst, best = losses.max(axis=0), losses.min(axis=0)
    reference: Floats = worst + 0.1 * (worst - best)
    return reference


def hypervolumes(losses: Floats, reference: Floats) -> Hypervolumes:
    """Return the volume between the reference point and the front of the runs up to each run.

    The volume is exact for two metrics, and for more metrics if that takes only seconds.
    Otherwise it is estimated from a fixed set of sample points.

    Args:
        losses: Shape (runs, metrics), finite; smaller is better.
        reference: Shape (metrics,); points that are not better than it in every
            metric add nothing.
    """
    rows = np.flatnonzero((losses < reference).all(axis=1))
    if len(reference) == 2:
        plane = _PlaneFront(reference)
        added = [plane.add(x, y) for x, y in losses[rows].tolist()]
        return Hypervolumes(_summed(len(losses), rows, added), estimated=False)
    rows, largest = _joining(losses, rows)
    points = losses[rows]
    if len(rows) * largest <= _EXACT_UP_TO.get(len(reference), 0):
        return Hypervolumes(_summed(len(losses), rows, _exact(points, reference)), estimated=False)
    return Hypervolumes(_summed(len(losses), rows, _estimated(points, reference)), estimated=True)


def _summed(runs: int, rows: Ints, added: Floats | list[float]) -> Floats:
    volumes = np.zeros(runs)
    volumes[rows] = added
    return np.cumsum(volumes)


def _joining(losses: Floats, rows: Ints) -> tuple[Ints, int]:
    """Return the rows whose points join the front of earlier rows, and the largest front."""
    front = np.empty((losses.shape[1], 0))
    joining, largest = [], 0
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        points = losses[some].T
        # The front before dominates most points, which one comparison of all of them shows.
        behind = (front[:, :, np.newaxis] <= points[:, np.newaxis]).all(axis=0).any(axis=0)
        for index in np.flatnonzero(~behind).tolist():
            check_cancelled()
            point = points[:, index, np.newaxis]
            if not (front <= point).all(axis=0).any():
                front = _with_point(front, point)
                joining.append(int(some[index]))
                largest = max(largest, front.shape[1])
    return np.array(joining, dtype=np.int64), largest


def _with_point(front: Floats, point: Floats) -> Floats:
    """Return the front, shape (metrics, points), after adding a point of shape (metrics, 1)."""
    return np.concatenate([front[:, ~(point <= front).all(axis=0)], point], axis=1)


def _exact(points: Floats, reference: Floats) -> list[float]:
    """Return the volume that each point adds to the volume of the points before it."""
    corner = reference[:, np.newaxis]
    front = np.empty((len(reference), 0))
    added = []
    for point in points[:, :, np.newaxis]:
        check_cancelled()
        own = float(np.prod(corner - point))
        added.append(max(own - _shared(front, point, corner), 0.0))
        front = _with_point(front, point)
    return added


def _shared(front: Floats, point: Floats, corner: Floats) -> float:
    """Return the part of the point's volume that the front dominates."""
    rest = np.maximum(front, point)
    volumes = np.prod(corner - rest, axis=0)
    kept = []
    # The largest volume first, because it contains most of the others.
    while rest.shape[1]:
        largest = rest[:, np.argmax(volumes), np.newaxis]
        kept.append(largest[:, 0])
        outside = (rest < largest).any(axis=0)
        rest, volumes = rest[:, outside], volumes[outside]
    if not kept:
        return 0.0
    return float(compute_hypervolume(np.array(kept), corner[:, 0], assume_pareto=True))


def _estimated(points: Floats, reference: Floats) -> Floats:
    """Return what each point adds, by the sample points that it is the first to dominate."""
    ideal = points.min(axis=0)
    open_points = (ideal + (reference - ideal) * _spread(len(reference))).T.copy()
    share = float(np.prod(reference - ideal)) / _SAMPLES
    added = np.zeros(len(points))
    for row, point in enumerate(points[:, :, np.newaxis]):
        check_cancelled()
        dominated = (point <= open_points).all(axis=0)
        found = np.count_nonzero(dominated)
        if found:
            added[row] = share * found
            open_points = open_points[:, ~dominated]
    return added


def _spread(dimensions: int) -> Floats:
    """Return sample points in the unit cube by an additive recurrence, (_SAMPLES, dimensions).

    Roberts, The Unreasonable Effectiveness of Quasirandom Sequences, 2018: steps
    of powers of 1/g, where g solves g^(d+1) = g + 1.
    """
    g = 2.0
    for _ in range(64):
        g = (1 + g) ** (1 / (dimensions + 1))
    steps = g ** -np.arange(1.0, dimensions + 1)
    points: Floats = (0.5 + np.arange(1, _SAMPLES + 1)[:, np.newaxis] * steps) % 1.0
    return points


class _PlaneFront:
    """The front of two metrics, where a point interacts only with its neighbors."""

    def __init__(self, reference: Floats) -> None:
        self._right, self._top = reference.tolist()
        # Ascending x, and descending y.
        self._xs: list[float] = []
        self._ys: list[float] = []

    def add(self, x: float, y: float) -> float:
        """Add a point and return the volume that it adds."""
        xs, ys = self._xs, self._ys
        left = bisect_right(xs, x)
        ceiling = ys[left - 1] if left else self._top
        if ceiling <= y:
            return 0.0
        # The points from here on that the new point dominates: their y is at least as large.
        start = end = bisect_left(xs, x)
        added, at = 0.0, x
        while end < len(xs) and ys[end] >= y:
            added += (xs[end] - at) * (ceiling - y)
            at, ceiling = xs[end], ys[end]
            end += 1
        added += ((xs[end] if end < len(xs) else self._right) - at) * (ceiling - y)
        xs[start:end], ys[start:end] = [x], [y]
        return added
