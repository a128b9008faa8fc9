"""The volume that a growing set of points dominates (Zitzler and Thiele 1998)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from optuna._hypervolume import compute_hypervolume

from wanllmdb_suggestion.study.statistics.runs import Floats


def default_reference(losses: Floats) -> Floats:
    """The worst loss seen of each metric, moved by a tenth of its range to the worse.

    Args:
        losses: Shape (runs, metrics), at least one run; smaller is better.
    """
    worst, best = losses.max(axis=0), losses.min(axis=0)
    reference: Floats = worst + 0.1 * (worst - best)
    return reference


def hypervolumes(losses: Floats, reference: Floats) -> Floats:
    """The volume between the reference point and the front of the runs up to each one.

    Exact. Only points that join the front cost more than a look at it.

    Args:
        losses: Shape (runs, metrics), finite; smaller is better.
        reference: Shape (metrics,); points that are not better than it in every
            metric add nothing.

    Returns:
        Shape (runs,), ascending.
    """
    added = np.zeros(len(losses))
    front = _PlaneFront(reference) if len(reference) == 2 else _Front(reference)
    for row in np.flatnonzero((losses < reference).all(axis=1)):
        added[row] = front.add(losses[row])
    return np.cumsum(added)


class _Front:
    """Points none of which dominates another one."""

    def __init__(self, reference: Floats) -> None:
        self._reference = reference
        self._points = np.empty((0, len(reference)))

    def add(self, point: Floats) -> float:
        """The volume that the point adds: its own without what is dominated already."""
        if (self._points <= point).all(axis=1).any():
            return 0.0
        own = float(np.prod(self._reference - point))
        shared = compute_hypervolume(np.maximum(self._points, point), self._reference)
        rest = self._points[~(point <= self._points).all(axis=1)]
        self._points = np.concatenate([rest, point[np.newaxis]])
        return max(own - shared, 0.0)


class _PlaneFront:
    """The same for two metrics, where a point meets its neighbours alone."""

    def __init__(self, reference: Floats) -> None:
        self._right, self._top = reference.tolist()
        # Ascending, and descending.
        self._xs: list[float] = []
        self._ys: list[float] = []

    def add(self, point: Floats) -> float:
        """See `_Front.add`."""
        x, y = point.tolist()
        xs, ys = self._xs, self._ys
        left = bisect_right(xs, x)
        ceiling = ys[left - 1] if left else self._top
        if ceiling <= y:
            return 0.0
        # Those from here on that the point dominates: their y is at least as large.
        start = bisect_left(xs, x)
        end = start
        added: float = 0.0
        at: float = x
        while end < len(xs) and ys[end] >= y:
            added += (xs[end] - at) * (ceiling - y)
            at, ceiling = xs[end], ys[end]
            end += 1
        added += ((xs[end] if end < len(xs) else self._right) - at) * (ceiling - y)
        xs[start:end], ys[start:end] = [x], [y]
        return added
