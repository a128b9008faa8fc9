"""Curves of objectives: history, progress over time, and empirical distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats, Ints, ScoredRuns

Places = NDArray[np.intp]


def thinned(total: int, limit: int, keep: Places) -> Places:
    """Return the indices, ascending, of at most `limit` >= 1 of `total` points.

    Args:
        total: The number of points.
        limit: The most points to show.
        keep: Ascending indices that have priority. The last ones that fit are shown. The
            remaining room is filled with every k-th point, for the least k that fits.
    """
    places = np.arange(total)
    if total <= limit:
        return places
    kept = keep[-limit:]
    room = limit - len(kept)
    every_kth = places[:: -(-total // room)] if room else places[:0]
    return np.union1d(kept, every_kth)


@dataclass(frozen=True, slots=True)
class History:
    """Columns of equal length, by ascending run number, and the number of runs before thinning."""

    numbers: Ints
    objectives: Floats
    best: Floats
    total: int


def history(runs: ScoredRuns, *, max_points: int) -> History:
    """Return the history, thinned to `max_points` >= 1 points; recent improvements are kept."""
    losses = np.minimum.accumulate(runs.losses)
    best = losses if runs.minimize else -losses
    places = thinned(len(runs), max_points, improvements(best))
    return History(runs.numbers[places], runs.objectives[places], best[places], len(runs))


def improvements(best: Floats) -> NDArray[np.intp]:
    """Return the indices at which a best-so-far column changes, its first index included."""
    return np.flatnonzero(np.r_[True, best[1:] != best[:-1]][: len(best)])


@dataclass(frozen=True, slots=True)
class Ends:
    """When runs ended, by ascending number, as columns of shape (n,).

    Attributes:
        numbers: The runs that ended, in any state.
        seconds: When each run ended, since the start of the sweep.
        each_stands_for: How many runs each entry represents: 1, or more for a sample.
    """

    numbers: Ints
    seconds: Floats
    each_stands_for: float = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Columns of equal length, in the order in which finished runs ended."""

    ended_runs: Ints
    seconds: Floats
    best: Floats
    best_numbers: Ints


def progress(ends: Ends, runs: ScoredRuns, *, max_points: int) -> Progress:
    """Return the best objective by run count and time, thinned to `max_points` >= 1 points.

    Recent improvements are kept. Runs that ended at the same time count in order of number. Runs
    without a finite objective count as ended runs.
    """
    order = np.lexsort((ends.numbers, ends.seconds))
    numbers, seconds = ends.numbers[order], ends.seconds[order]
    ended = np.ceil((np.arange(len(numbers)) + 1) * ends.each_stands_for).astype(np.int64)
    scored = np.isin(numbers, runs.numbers)
    numbers, seconds, ended = numbers[scored], seconds[scored], ended[scored]
    losses = runs.losses[np.searchsorted(runs.numbers, numbers)]
    best = np.minimum.accumulate(losses)
    changes = improvements(best)
    # The run that holds the best objective at each index.
    holders = numbers[changes][np.searchsorted(changes, np.arange(len(numbers)), "right") - 1]
    places = thinned(len(numbers), max_points, changes)
    return Progress(
        ended_runs=ended[places],
        seconds=seconds[places],
        best=(best if runs.minimize else -best)[places],
        best_numbers=holders[places],
    )


def edf_places(samples: Sequence[Floats], count: int) -> Floats:
    """Return at most `count` >= 2 evenly spaced places from the smallest to the largest value.

    A single place if all values are equal, and none without values.
    """
    values = np.concatenate([*samples, np.empty(0)])
    if not len(values):
        return values
    low, high = values.min(), values.max()
    # Halved first, because the width may overflow a double.
    places = 2 * np.linspace(low / 2, high / 2, count)
    places[0], places[-1] = low, high
    return np.unique(places)


def edf(sample: Floats, places: Floats) -> Floats:
    """Return the share of values up to each place; 0 for an empty sample."""
    below = np.searchsorted(np.sort(sample), places, side="right")
    return below / max(len(sample), 1)
