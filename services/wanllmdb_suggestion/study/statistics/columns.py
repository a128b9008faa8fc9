"""Parameters as columns that can be compared with others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wanllmdb_common.search_space.distributions import Distribution, ParameterValue
from wanllmdb_common.search_space.plot_axes import Scale, categories_of, order_of, scale_of
from wanllmdb_suggestion.study.statistics.runs import FinishedRuns, Floats


@dataclass(frozen=True, slots=True)
class Column:
    """A named column, shape (n,), with NaN for gaps."""

    name: str
    values: Floats


def ordered_values(law: Distribution, positions: Floats) -> Floats | None:
    """Positions on a parameter's axis as values whose order and distance mean something.

    The logarithm where the axis is logarithmic; what a category stands for where all
    categories are numbers or truth values; None for categories without an order.
    """
    match scale_of(law):
        case Scale.LINEAR:
            return positions
        case Scale.LOG:
            return np.log(positions)
    order = order_of(categories_of(law))
    if order is None:
        return None
    absent = np.isnan(positions)
    return np.where(absent, np.nan, np.array(order)[np.where(absent, 0, positions).astype(np.intp)])


def is_number(law: Distribution) -> bool:
    """Whether the parameter's values are numbers; truth values are none."""
    categories = categories_of(law)
    return order_of(categories) is not None and not any(isinstance(c, bool) for c in categories)


def comparable_columns(runs: FinishedRuns, limit: int) -> list[Column]:
    """The searched parameters by name, then the metrics: at most `limit` columns.

    A parameter without an order becomes a column of 0 and 1 for each category,
    named "name=value". Where there are too many columns, the rarest categories are
    left out first, then the last parameters.
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
    """A text for each category, all different: texts as they are, all else as JSON.

    Texts are JSON too where one reads like another category: "1" beside 1.
    """
    as_json = [json.dumps(category, sort_keys=True) for category in categories]
    plain = [
        category if isinstance(category, str) else text
        for category, text in zip(categories, as_json, strict=True)
    ]
    return plain if len(set(plain)) == len(plain) else as_json
