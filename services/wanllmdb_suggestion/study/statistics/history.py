"""The course of an optimization: objectives and the best one so far, by run number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wanllmdb_suggestion.study.statistics.runs import Floats, Ints, ScoredRuns
from wanllmdb_suggestion.study.statistics.thinning import thinned


@dataclass(frozen=True, slots=True)
class History:
    """Columns of equal length, by ascending run number, and of how many runs they tell."""

    numbers: Ints
    objectives: Floats
    best: Floats
    total: int


def history(runs: ScoredRuns, *, max_points: int) -> History:
    """The history, thinned to at most `max_points` >= 1 points, the latest improvements first."""
    losses = np.minimum.accumulate(runs.losses)
    best = losses if runs.minimize else -losses
    places = thinned(len(runs), max_points, improvements(best))
    return History(runs.numbers[places], runs.objectives[places], best[places], len(runs))


def improvements(best: Floats) -> NDArray[np.intp]:
    """The places at which a course of best-so-far values changes, its first one included."""
    return np.flatnonzero(np.r_[True, best[1:] != best[:-1]][: len(best)])
