"""One parameter against the objective."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb import AxisScale, ParameterColumn
from wanllmdb._shown import in_short, listed
from wanllmdb.cli.console import escape
from wanllmdb.cli.plots.canvas import LONGEST_LABEL, Canvas

_HEIGHT = 8
_ONE = "[cyan]•[/]"
_SEVERAL = "[bold cyan]●[/]"


def scatter(column: ParameterColumn, objectives: Sequence[float]) -> str:
    """A dot a run; a thick one where runs lie on each other."""
    axis = column.axis
    points = [
        (_placed(value, axis.scale), objective)
        for value, objective in zip(column.values, objectives, strict=True)
        if math.isfinite(value) and math.isfinite(objective)
    ]
    title = f"[bold]{escape(axis.name)}[/]" + (" (log)" if axis.scale is AxisScale.LOG else "")
    if not points:
        return f"{title}\n(no finished runs)"
    ys = [y for _, y in points]
    canvas = Canvas(
        x=(_placed(axis.min, axis.scale), _placed(axis.max, axis.scale)),
        y=(min(ys), max(ys)),
        height=_HEIGHT,
    )
    if axis.scale is AxisScale.CATEGORY:
        canvas.x = (0.0, float(max(len(axis.categories) - 1, 0)))
        left, right = (in_short(str(axis.categories[end]), LONGEST_LABEL) for end in (0, -1))
        middle = listed([in_short(str(category)) for category in axis.categories], " | ")
        title += f"  [dim]{escape(middle)}[/]"
    else:
        left, right = f"{axis.min:.4g}", f"{axis.max:.4g}"
    for x, y in points:
        row, place = canvas.row(y), canvas.column(x)
        cells = canvas.cells[row]
        cells[place] = _ONE if cells[place] == " " else _SEVERAL
    return title + "\n" + canvas.framed(left=left, right=right)


def _placed(value: float, scale: AxisScale) -> float:
    return math.log(value) if scale is AxisScale.LOG and value > 0 else value
