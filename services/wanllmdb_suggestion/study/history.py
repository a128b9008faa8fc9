"""The course of an optimization: objectives and the best one so far, by run number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wanllmdb_suggestion.study.records import RunRecord, RunState


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """Finished runs by ascending number, as columns of shape (n,)."""

    numbers: NDArray[np.int64]
    objectives: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class History:
    """Columns of equal length, by ascending run number, and of how many runs they tell."""

    numbers: NDArray[np.int64]
    objectives: NDArray[np.float64]
    best: NDArray[np.float64]
    total: int


def finished_runs(runs: Mapping[int, RunRecord]) -> FinishedRuns:
    """The runs that ended with an objective."""
    pairs = sorted(
        (record.number, record.objective)
        for record in runs.values()
        if record.state is RunState.FINISHED and record.objective is not None
    )
    return FinishedRuns(
        np.array([number for number, _ in pairs], dtype=np.int64),
        np.array([objective for _, objective in pairs], dtype=np.float64),
    )


def history(finished: FinishedRuns, *, minimize: bool, max_points: int) -> History:
    """The history, thinned to at most `max_points` >= 1 points.

    Thinned, it holds the latest improvements, as many as fit beside nothing
    else, and every k-th run, k being the least that keeps within the bound.
    """
    total = len(finished.numbers)
    sign = 1.0 if minimize else -1.0
    best = sign * np.minimum.accumulate(sign * finished.objectives)
    places = np.arange(total)
    if total > max_points:
        improved = np.flatnonzero(np.r_[True, best[1:] != best[:-1]])[-max_points:]
        room = max_points - len(improved)
        every_kth = places[:: -(-total // room)] if room else places[:0]
        places = np.union1d(improved, every_kth)
    return History(finished.numbers[places], finished.objectives[places], best[places], total)
