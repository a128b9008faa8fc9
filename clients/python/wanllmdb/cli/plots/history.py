"""Objectives and the best so far by run number."""

from __future__ import annotations

import math
from statistics import quantiles

from wanllmdb import Goal, OptimizationHistory
from wanllmdb.cli.plots.canvas import WIDTH, Canvas

_RUN = "[cyan]•[/]"
_BELOW = "[dim cyan]▾[/]"
_ABOVE = "[dim cyan]▴[/]"
_BEST = "[green]─[/]"


def history(sweep: OptimizationHistory) -> str:
    """Objectives (•) and the best so far (line) by run number, as rich markup.

    Runs that did far worse than the rest would flatten all others: they are drawn at the
    edge (▾ or ▴). Values that are not finite are left out.
    """
    low, high = _axis(sweep)
    if math.isnan(low):
        return "(no finished runs)"
    first, last = sweep.run_numbers[0], sweep.run_numbers[-1]
    canvas = Canvas(x=(first, last), y=(low, high))
    starts = [canvas.column(run) for run in sweep.run_numbers]
    for start, end, best in zip(starts, [*starts[1:], WIDTH], sweep.best_objectives, strict=True):
        if math.isfinite(best):
            canvas.cells[canvas.row(best)][start:end] = [_BEST] * (end - start)
    for x, value in zip(starts, sweep.objectives, strict=True):
        if math.isfinite(value):
            mark = _BELOW if value < low else _ABOVE if value > high else _RUN
            canvas.cells[canvas.row(value)][x] = mark
    return canvas.framed(left=f"run {first}", right=f"run {last}")


def _axis(sweep: OptimizationHistory) -> tuple[float, float]:
    """Both ends of the axis; far outliers on the bad side (Tukey's fence) lie outside."""
    values = [value for value in sweep.objectives if math.isfinite(value)]
    if not values:
        return math.nan, math.nan
    low, high = min(values), max(values)
    if len(values) >= 4:
        lower, _median, upper = quantiles(values, n=4)
        room = 1.5 * (upper - lower)
        if sweep.goal is Goal.MAXIMIZE:
            low = min(value for value in values if value >= lower - room)
        else:
            high = max(value for value in values if value <= upper + room)
    return low, high
