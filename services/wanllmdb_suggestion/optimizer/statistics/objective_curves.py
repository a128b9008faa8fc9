"""Empirical distribution functions of several samples at the same places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats, Ints, ScoredRuns

Places = NDArray[np.intp]


def thinned(total: int, limit: int, keep: Places) -> Places:
    """Places among `total` points, ascending: all of them, or at most `limit` >= 1.

    Args:
        total: How many points there are.
        limit: How many may be shown.
        keep: Ascending places that come first: the last of them that fit are
            shown, and, in the room left, every k-th point, k being the least that
            keeps within the limit.
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
    """The places at which a progress of best-so-far values changes, its first one included."""
    return np.flatnonzero(np.r_[True, best[1:] != best[:-1]][: len(best)])


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
class Progress:
    """Columns of equal length, in the order in which finished runs ended."""

    ended_runs: Ints
    seconds: Floats
    best: Floats
    best_numbers: Ints


def progress(ends: Ends, runs: ScoredRuns, *, max_points: int) -> Progress:
    """The progress, thinned to at most `max_points` >= 1 points, the latest improvements first.

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
    return Progress(
        ended_runs=ended[places],
        seconds=seconds[places],
        best=(best if runs.minimize else -best)[places],
        best_numbers=holders[places],
    )


def edf_places(samples: Sequence[Floats], count: int) -> Floats:
    """At most `count` >= 2 places, evenly from the smallest to the largest value of all samples.

    One place where all values are the same, none where there are no values.
    """
    values = np.concatenate([*samples, np.empty(0)])
    if not len(values):
        return values
    low, high = values.min(), values.max()
    # Halved first: the width may be more than a double holds.
    places = 2 * np.linspace(low / 2, high / 2, count)
    places[0], places[-1] = low, high
    return np.unique(places)


def edf(sample: Floats, places: Floats) -> Floats:
    """The share of values that are at most as large as each place; 0 for an empty sample."""
    below = np.searchsorted(np.sort(sample), places, side="right")
    return below / max(len(sample), 1)
