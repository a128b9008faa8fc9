"""Linear and rank correlation of parameters and metrics, as columns that may have gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_common.search_space.distributions import Distribution, ParameterValue
from wanllmdb_common.search_space.plot_axes import Scale, categories_of, order_of, scale_of
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Bools, FinishedRuns, Floats, Ints


@dataclass(frozen=True, slots=True)
class Column:
    """A named column, shape (n,), with NaN for gaps."""

    name: str
    values: Floats


def ordered_values(distribution: Distribution, positions: Floats) -> Floats | None:
    """Return positions on a parameter's axis as values with meaningful order and distance.

    A logarithmic axis gives logarithms. Categories give their own values if all of them are
    numbers or booleans, and None if they have no order.
    """
    match scale_of(distribution):
        case Scale.LINEAR:
            return positions
        case Scale.LOG:
            return np.log(positions)
    order = order_of(categories_of(distribution))
    if order is None:
        return None
    absent = np.isnan(positions)
    return np.where(absent, np.nan, np.array(order)[np.where(absent, 0, positions).astype(np.intp)])


def is_number(distribution: Distribution) -> bool:
    """Return whether the parameter's values are numbers; booleans are not."""
    categories = categories_of(distribution)
    return order_of(categories) is not None and not any(isinstance(c, bool) for c in categories)


def comparable_columns(runs: FinishedRuns, limit: int) -> list[Column]:
    """Return the searched parameters by name, then the metrics: at most `limit` columns.

    A parameter without an order becomes a column of 0 and 1 for each category, named
    "name=value". If there are too many columns, the rarest categories are left out first, then
    the last parameters.
    """
    metrics = [Column(m.name, runs.objectives[:, i]) for i, m in enumerate(runs.metrics)]
    columns: list[Column] = []
    indicators: dict[str, float] = {}
    for parameter in runs.space.parameters:
        positions = runs.parameters.get(parameter.name)
        if positions is None:
            continue
        values = ordered_values(parameter.distribution, positions)
        if values is not None:
            columns.append(Column(parameter.name, values))
            continue
        expanded = _indicators(parameter.name, categories_of(parameter.distribution), positions)
        indicators |= {column.name: float(np.nansum(column.values)) for column in expanded}
        columns += expanded
    room = limit - len(metrics)
    if len(columns) > room:
        rarest = sorted(indicators, key=lambda name: indicators[name])[: len(columns) - room]
        columns = [column for column in columns if column.name not in set(rarest)][:room]
    return columns + metrics


def _indicators(name: str, categories: Sequence[ParameterValue], positions: Floats) -> list[Column]:
    absent = np.isnan(positions)
    return [
        Column(f"{name}={text}", np.where(absent, np.nan, positions == place))
        for place, text in enumerate(category_texts(categories))
    ]


def category_texts(categories: Sequence[ParameterValue]) -> list[str]:
    """Return a distinct text for each category: strings unchanged, other values as JSON.

    All texts are JSON if a string reads like another category, for example "1" beside 1.
    """
    as_json = [json.dumps(category, sort_keys=True) for category in categories]
    plain = [
        category if isinstance(category, str) else text
        for category, text in zip(categories, as_json, strict=True)
    ]
    return plain if len(set(plain)) == len(plain) else as_json


Scores = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Correlations:
    """A symmetric matrix, shape (columns, columns), and the number of rows for each entry."""

    values: Floats
    runs: Ints


def linear_scores(column: Floats) -> Floats:
    """Return what Pearson's correlation compares: the values themselves, scaled."""
    # Squares of large values would overflow.
    largest = np.abs(column).max(initial=0.0)
    return column / largest if largest > 0 else column


def rank_scores(column: Floats) -> Floats:
    """Return what Spearman's correlation compares: ranks from 0, equal values sharing a mean."""
    # Takes half a second to import, which the start of the service would wait for.
    from scipy.stats import rankdata

    ranks: Floats = rankdata(column) - 1
    return ranks


def relative_ranks(losses: Floats) -> Floats:
    """Return the ranks scaled to [0, 1]; 0 for a single value."""
    return rank_scores(losses) / max(len(losses) - 1, 1)


def correlation(left: Floats, right: Floats, scores: Scores) -> float | None:
    """Return the correlation, from -1 to 1, of two columns of equal length without gaps.

    None if either column is constant.
    """
    value = float(_standard(left, scores) @ _standard(right, scores))
    return None if np.isnan(value) else min(max(value, -1.0), 1.0)


def correlations(columns: Sequence[Floats], scores: Scores) -> Correlations:
    """Return the correlations of all pairs of columns, over the rows where neither is NaN.

    An entry is NaN if one of the two columns is constant over these rows; otherwise the diagonal
    is 1.
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
    # Matrix products are symmetric only up to rounding.
    values = (values + values.T) / 2
    diagonal = np.diagonal(values)
    np.fill_diagonal(values, np.where(np.isnan(diagonal), np.nan, 1.0))
    return Correlations(values, runs)


def _by_presence(columns: Sequence[Floats]) -> Iterator[tuple[Bools, list[int]]]:
    """Yield groups of columns with gaps in the same rows; most columns have none."""
    groups: dict[bytes, tuple[Bools, list[int]]] = {}
    for place, column in enumerate(columns):
        present = ~np.isnan(column)
        groups.setdefault(present.tobytes(), (present, []))[1].append(place)
    yield from groups.values()


def _standard(column: Floats, scores: Scores) -> Floats:
    """Return the column's scores with mean 0 and norm 1; NaN if the column is constant."""
    if not len(column) or column.min() == column.max():
        # At least one NaN, so that its products are NaN too.
        return np.full(max(len(column), 1), np.nan)
    centered = scores(column)
    centered = centered - centered.mean()
    length = np.linalg.norm(centered)
    return centered / length if length > 0 else np.full(len(column), np.nan)
