"""Empirical distribution functions of several samples at the same places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wanllmdb_suggestion.study.statistics.runs import Floats


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
