"""Several lines in one plot, told apart by letter and color."""

from __future__ import annotations

import string
from collections.abc import Sequence

from wanllmdb.cli.console import escape
from wanllmdb.cli.plots.canvas import WIDTH, Canvas, Series

_COLORS = ("cyan", "green", "magenta", "yellow", "blue", "red")


def steps(series: Sequence[Series], *, left: str, right: str) -> str:
    """Each value holds until the next one, and the last to the end of its line."""
    drawn = [line for line in series if line.xs]
    if not drawn:
        return "(no finished runs)"
    values = [value for line in drawn for value in line.ys]
    canvas = Canvas(
        x=(min(line.xs[0] for line in drawn), max(line.xs[-1] for line in drawn)),
        y=(min(values), max(values)),
    )
    for index, line in enumerate(series):
        starts = [canvas.column(x) for x in line.xs]
        ends = [*starts[1:], *(start + 1 for start in starts[-1:])]
        for start, end, value in zip(starts, ends, line.ys, strict=True):
            for column in range(start, min(max(end, start + 1), WIDTH)):
                canvas.cells[canvas.row(value)][column] = mark(index)
    legend = [f"  {mark(index)} {escape(line.name)}" for index, line in enumerate(series)]
    return "\n".join([canvas.framed(left=left, right=right), *legend])


def mark(index: int) -> str:
    """The letter of a line, in its color."""
    letters = string.ascii_uppercase
    return f"[{_COLORS[index % len(_COLORS)]}]{letters[index % len(letters)]}[/]"
