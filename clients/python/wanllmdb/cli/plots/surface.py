"""The objective over two parameters, as shades."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb import AxisScale, Contour, ParameterAxis
from wanllmdb._shown import in_short, shown
from wanllmdb.cli.console import escape
from wanllmdb.cli.plots.canvas import LONGEST_LABEL

_SHADES = " ░▒▓█"


def surface(contour: Contour) -> str:
    """The denser, the larger the objective; blank where it is not known."""
    values = [value for row in contour.surface for value in row if math.isfinite(value)]
    if not values:
        return "(too few runs for a surface)"
    low, high = min(values), max(values)
    y_labels = [_label(contour.y.axis, place) for place in contour.y_places]
    margin = max(map(len, y_labels))
    lines = []
    for index in reversed(range(len(contour.y_places))):
        is_labelled = index in (0, len(contour.y_places) - 1)
        label = y_labels[index] if is_labelled or _is_category(contour.y.axis) else ""
        cells = "".join(_shade(value, low, high) for value in contour.surface[index])
        lines.append(f"{' ' * (margin - len(label))}{escape(label)} │{cells}│")
    left, right = (_label(contour.x.axis, contour.x_places[end]) for end in (0, -1))
    width = 2 * len(contour.x_places)
    lines.append(" " * (margin + 2) + escape(left.ljust(max(width - len(right), 1)) + right))
    lines.append(f"{escape(contour.y.axis.name)} over {escape(contour.x.axis.name)}")
    lines.append("  ".join(f"{mark * 2} {value:.4g}" for mark, value in _legend(low, high)))
    return "\n".join(lines)


def _shade(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "  "
    share = (value - low) / (high - low) if high > low else 1.0
    # The first shade is blank, which stands for the unknown.
    return _SHADES[1 + min(int(share * 4), 3)] * 2


def _legend(low: float, high: float) -> Sequence[tuple[str, float]]:
    return [(_SHADES[1 + step], low + (high - low) * (step + 0.5) / 4) for step in range(4)]


def _label(axis: ParameterAxis, place: float) -> str:
    if _is_category(axis):
        return in_short(shown(str(axis.categories[round(place)])), LONGEST_LABEL)
    return f"{place:.4g}"


def _is_category(axis: ParameterAxis) -> bool:
    return axis.scale is AxisScale.CATEGORY
