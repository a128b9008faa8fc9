"""The objective over two parameters, as shades."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb import AxisScale, Contour, ParameterAxis
from wanllmdb._shown import in_short, shown
from wanllmdb.cli.console import escape
from wanllmdb.cli.plots.canvas import LONGEST_LABEL

_SHADES = " ░▒▓█"
# Of an axis; more do not fit into any terminal.
_MOST_PLACES = 100


def surface(contour: Contour) -> str:
    """The denser, the larger the objective; blank where it is not known."""
    values = [value for row in contour.surface for value in row if math.isfinite(value)]
    if not values:
        return "(too few runs for a surface)"
    low, high = min(values), max(values)
    ys = _shown_places(contour.surface)
    xs = _shown_places(list(zip(*contour.surface, strict=True)))
    y_labels = {index: _label(contour.y.axis, contour.y_positions[index]) for index in ys}
    margin = max(map(len, y_labels.values()))
    lines = []
    for index in reversed(ys):
        is_labelled = index in (ys[0], ys[-1])
        label = y_labels[index] if is_labelled or _is_category(contour.y.axis) else ""
        cells = "".join(_shade(contour.surface[index][x], low, high) for x in xs)
        lines.append(f"{' ' * (margin - len(label))}{escape(label)} │{cells}│")
    left, right = (_label(contour.x.axis, contour.x_positions[xs[end]]) for end in (0, -1))
    width = 2 * len(xs)
    lines.append(" " * (margin + 2) + escape(left.ljust(max(width - len(right), 1)) + right))
    lines.append(f"{escape(contour.y.axis.name)} over {escape(contour.x.axis.name)}")
    hidden = len(contour.y_positions) - len(ys), len(contour.x_positions) - len(xs)
    for axis, count in zip((contour.y.axis, contour.x.axis), hidden, strict=True):
        if count:
            lines.append(f"{count:,} more values of {escape(axis.name)}; all of them with --json")
    lines.append("  ".join(f"{mark * 2} {value:.4g}" for mark, value in _legend(low, high)))
    return "\n".join(lines)


def _shown_places(lines: Sequence[Sequence[float]]) -> Sequence[int]:
    """Which of the places of an axis are shown: all, or those where something is known."""
    if len(lines) <= _MOST_PLACES:
        return range(len(lines))
    known = [place for place, line in enumerate(lines) if any(map(math.isfinite, line))]
    return known[:_MOST_PLACES]


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
