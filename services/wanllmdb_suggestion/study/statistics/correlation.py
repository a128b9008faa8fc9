"""How columns go together: linear and rank correlation, also where some have gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_suggestion.study.statistics.ranks import average_ranks
from wanllmdb_suggestion.study.statistics.runs import Bools, Floats, Ints

Scores = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Correlations:
    """A symmetric matrix, shape (columns, columns), and the rows that each entry rests on."""

    values: Floats
    runs: Ints


def linear_scores(column: Floats) -> Floats:
    """What Pearson's correlation compares: the values themselves, scaled."""
    # Squares of large values would overflow.
    largest = np.abs(column).max(initial=0.0)
    return column / largest if largest > 0 else column


def rank_scores(column: Floats) -> Floats:
    """What Spearman's correlation compares: the ranks."""
    return average_ranks(column)


def correlation(left: Floats, right: Floats, scores: Scores) -> float | None:
    """The correlation of two columns of equal length without gaps: -1 to 1.

    None where either never varies.
    """
    value = float(_standard(left, scores) @ _standard(right, scores))
    return None if np.isnan(value) else min(max(value, -1.0), 1.0)


def correlations(columns: Sequence[Floats], scores: Scores) -> Correlations:
    """Every column with every other one, each pair over the rows where neither is NaN.

    An entry is NaN where one of the two never varies over these rows; else the
    diagonal is 1.
    """
    size = len(columns)
    values, runs = np.full((size, size), np.nan), np.zeros((size, size), dtype=np.int64)
    groups = list(_by_presence(columns))
    for place, (present, members) in enumerate(groups):
        for other_present, others in groups[place:]:
            check_cancelled()
            rows = present & other_present
            left = np.stack([_standard(columns[i][rows], scores) for i in members])
            right = np.stack([_standard(columns[i][rows], scores) for i in others])
            block = np.clip(left @ right.T, -1.0, 1.0)
            values[np.ix_(members, others)] = block
            values[np.ix_(others, members)] = block.T
            runs[np.ix_(members, others)] = runs[np.ix_(others, members)] = rows.sum()
    # Products of matrices are symmetric up to rounding only.
    values = (values + values.T) / 2
    diagonal = np.diagonal(values)
    np.fill_diagonal(values, np.where(np.isnan(diagonal), np.nan, 1.0))
    return Correlations(values, runs)


def _by_presence(columns: Sequence[Floats]) -> Iterator[tuple[Bools, list[int]]]:
    """The columns that have gaps in the same rows together: most have none."""
    groups: dict[bytes, tuple[Bools, list[int]]] = {}
    for place, column in enumerate(columns):
        present = ~np.isnan(column)
        groups.setdefault(present.tobytes(), (present, []))[1].append(place)
    yield from groups.values()


def _standard(column: Floats, scores: Scores) -> Floats:
    """The column's scores with mean 0 and length 1; NaN where it never varies."""
    if not len(column) or column.min() == column.max():
        # At least one NaN, so that products of it are NaN too.
        return np.full(max(len(column), 1), np.nan)
    centered = scores(column)
    centered = centered - centered.mean()
    length = np.linalg.norm(centered)
    return centered / length if length > 0 else np.full(len(column), np.nan)
