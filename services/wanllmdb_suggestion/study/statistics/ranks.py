"""Ranks of values."""

from __future__ import annotations

import numpy as np

from wanllmdb_suggestion.study.statistics.runs import Floats


def average_ranks(values: Floats) -> Floats:
    """0 for the smallest value, n-1 for the largest; equal ones share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts + 1) / 2)[inverse]
    return ranks


def relative_ranks(losses: Floats) -> Floats:
    """`average_ranks` from 0 to 1; 0 for a single value."""
    return average_ranks(losses) / max(len(losses) - 1, 1)
