"""The Pareto front: the results that no other result dominates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_suggestion.optimizer.types import Metric, RunRecord, RunState

Floats = NDArray[np.float64]


def losses(objectives: Floats, minimize: tuple[bool, ...]) -> Floats:
    """Return objectives, shape (runs, metrics), with signs such that smaller is better."""
    return objectives * np.where(minimize, 1.0, -1.0)


def front(points: Floats) -> NDArray[np.bool_]:
    """Return whether each point is on the Pareto front; smaller is better.

    A point dominates another point that is nowhere better and somewhere worse. So equal points
    are either all on the front or all off it.

    Args:
        points: Shape (points, metrics), without NaN; metrics at least 1.

    Returns:
        Shape (points,). In O(n log n) for one and two metrics; for more in
        O(n * front), point by point in the order of the first metric (a simple form
        of Kung, Luccio and Preparata, On finding the maxima of a set of vectors,
        JACM 1975).
    """
    if len(points) == 0:
        return np.zeros(0, dtype=np.bool_)
    # In lexicographic order no point is dominated by a later one.
    distinct, places = np.unique(points, axis=0, return_inverse=True)
    on_front = _front_of_two(distinct) if points.shape[1] <= 2 else _front_of_many(distinct)
    kept: NDArray[np.bool_] = on_front[places.reshape(-1)]
    return kept


def _front_of_two(ascending: Floats) -> NDArray[np.bool_]:
    """For distinct points in lexicographic order, of one or two metrics."""
    on_front = np.ones(len(ascending), dtype=np.bool_)
    if ascending.shape[1] == 1:
        on_front[1:] = False
    else:
        best_before = np.minimum.accumulate(ascending[:-1, 1])
        on_front[1:] = ascending[1:, 1] < best_before
    return on_front


def _front_of_many(ascending: Floats) -> NDArray[np.bool_]:
    """For distinct points in lexicographic order."""
    on_front = np.zeros(len(ascending), dtype=np.bool_)
    open_places = np.arange(len(ascending))
    rest = ascending[:, 1:]
    while open_places.size:
        check_cancelled()
        first = open_places[0]
        on_front[first] = True
        better_somewhere = np.any(rest[open_places] < rest[first], axis=1)
        open_places = open_places[better_somewhere]
    return on_front


def best_runs(runs: Iterable[RunRecord], metrics: Sequence[Metric]) -> list[int]:
    """Return the numbers, ascending, of the FINISHED runs that no other run dominates."""
    finished = [
        run
        for run in runs
        if run.state is RunState.FINISHED and len(run.objectives) == len(metrics)
    ]
    if not finished:
        return []
    objectives = np.array([run.objectives for run in finished], dtype=np.float64)
    on_front = front(losses(objectives, tuple(metric.minimize for metric in metrics)))
    return sorted(finished[place].number for place in np.flatnonzero(on_front))
