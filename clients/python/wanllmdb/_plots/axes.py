"""Axes of the services' answers as axes of Plotly, and texts without markup."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable
from typing import Any

from wanllmdb._packages import optional_package
from wanllmdb._shown import in_short, shown
from wanllmdb._types.analysis import ParallelDimension, ParameterAxis, ParameterColumn
from wanllmdb._types.enums import AxisScale

_MOST_CHARACTERS = 40
_TICKS = 5


def graph_objects() -> Any:
    """Plotly's module of figures.

    Raises:
        MissingPackageError: Plotly is not installed.
    """
    return optional_package("plotly.graph_objects", purpose="a plot", extra="plot")


def label(value: object) -> str:
    """A text that Plotly shows as it is: it would read `<b>` as markup."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return html.escape(shown(in_short(text, _MOST_CHARACTERS)), quote=False)


def numbered(numbers: Iterable[int]) -> list[str]:
    """The texts that name runs beside the pointer."""
    return [f"run {number}" for number in numbers]


def sampled(shown_runs: int, total: int, what: str = "finished runs") -> str:
    """How many runs a plot shows."""
    if shown_runs == total:
        return f"{total:,} {what}"
    return f"{shown_runs:,} of {total:,} {what}"


def layout_of(axis: ParameterAxis) -> dict[str, Any]:
    """The layout of a parameter's axis."""
    layout: dict[str, Any] = {"title": {"text": label(axis.name)}}
    match axis.scale:
        case AxisScale.CATEGORY:
            layout["tickmode"] = "array"
            layout["tickvals"] = list(range(len(axis.categories)))
            layout["ticktext"] = list(map(label, axis.categories))
        case AxisScale.LOG:
            layout["type"] = "log"
    return layout


def present(column: ParameterColumn) -> list[int]:
    """The rows of the runs that have the parameter."""
    return [row for row, value in enumerate(column.values) if not math.isnan(value)]


def dimension(axis: ParallelDimension) -> dict[str, Any]:
    """An axis of parallel coordinates.

    Plotly has no logarithmic one, so the values are logarithms with the numbers as their ticks. A
    run without a value passes through a tick of its own below the axis.
    """
    is_log = axis.scale is AxisScale.LOG
    values = [math.log10(value) if is_log else value for value in axis.values]
    if axis.scale is AxisScale.CATEGORY:
        low, high = 0.0, float(max(len(axis.categories) - 1, 0))
        ticks = [float(place) for place in range(len(axis.categories))]
        texts = list(map(label, axis.categories))
    else:
        low, high = (math.log10(bound) if is_log else bound for bound in (axis.min, axis.max))
        ticks = _spread(low, high)
        texts = [f"{10**tick if is_log else tick:.4g}" for tick in ticks]
    width = high - low or 1.0
    if any(map(math.isnan, values)):
        missing = low - width / 8
        values = [missing if math.isnan(value) else value for value in values]
        ticks, texts, low = [missing, *ticks], ["none", *texts], missing
    return {
        "label": label(axis.name),
        "values": values,
        "range": [low, high if high > low else low + width],
        "tickvals": ticks,
        "ticktext": texts,
    }


def _spread(low: float, high: float) -> list[float]:
    """Ticks at even distances."""
    if high <= low:
        return [low]
    return [low + (high - low) * place / (_TICKS - 1) for place in range(_TICKS)]
