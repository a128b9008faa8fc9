"""The course of one sweep beside others: the best objective by run count and by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wanllmdb_suggestion.study.statistics.history import improvements
from wanllmdb_suggestion.study.statistics.runs import Floats, Ints, ScoredRuns
from wanllmdb_suggestion.study.statistics.thinning import thinned


@dataclass(frozen=True, slots=True)
class Ends:
    """When runs ended, by ascending number, as columns of shape (n,).

    Attributes:
        numbers: Runs that ended, in whatever way.
        seconds: When each did, since the sweep's start.
        each_stands_for: Of how many runs each is one: 1, or more where they are a sample.
    """

    numbers: Ints
    seconds: Floats
    each_stands_for: float = 1.0


@dataclass(frozen=True, slots=True)
class Course:
    """Columns of equal length, in the order in which finished runs ended."""

    ended_runs: Ints
    seconds: Floats
    best: Floats
    best_numbers: Ints


def course(ends: Ends, runs: ScoredRuns, *, max_points: int) -> Course:
    """The course, thinned to at most `max_points` >= 1 points, the latest improvements first.

    Runs that ended at the same time count by number. Runs without a finite
    objective count among those that ended.
    """
    order = np.lexsort((ends.numbers, ends.seconds))
    numbers, seconds = ends.numbers[order], ends.seconds[order]
    ended = np.ceil((np.arange(len(numbers)) + 1) * ends.each_stands_for).astype(np.int64)
    scored = np.isin(numbers, runs.numbers)
    numbers, seconds, ended = numbers[scored], seconds[scored], ended[scored]
    losses = runs.losses[np.searchsorted(runs.numbers, numbers)]
    best = np.minimum.accumulate(losses)
    changes = improvements(best)
    # Which improvement holds at each place.
    holders = numbers[changes][np.searchsorted(changes, np.arange(len(numbers)), "right") - 1]
    places = thinned(len(numbers), max_points, changes)
    return Course(
        ended_runs=ended[places],
        seconds=seconds[places],
        best=(best if runs.minimize else -best)[places],
        best_numbers=holders[places],
    )
