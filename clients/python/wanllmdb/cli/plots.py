"""Plots made of characters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import quantiles

from rich.markup import escape

from wanllmdb import Goal, OptimizationHistory

_BLOCKS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_WIDTH = 64
_HEIGHT = 12
_EMPTY = " "
_RUN = "[cyan]•[/]"
_BELOW = "[dim cyan]▾[/]"
_ABOVE = "[dim cyan]▴[/]"
_BEST = "[green]─[/]"


def bars(values: Mapping[str, float], *, width: int = 40) -> str:
    """Horizontal bars for values from 0 to 1, as rich markup, one line each."""
    longest = max((len(name) for name in values), default=0)
    lines = []
    for name, value in values.items():
        eighths = round(min(max(value, 0.0), 1.0) * width * 8)
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8]
        label = escape(name) + " " * (longest - len(name))
        lines.append(f"{label}  [cyan]{bar:<{width}}[/] {value:6.1%}")
    return "\n".join(lines)


def history(sweep: OptimizationHistory) -> str:
    """Objectives (•) and the best so far (line) by run number, as rich markup.

    Runs that did far worse than the rest would flatten all others: they are drawn at the
    edge (▾ or ▴). Values that are not finite are left out.
    """
    low, high = _axis(sweep)
    if math.isnan(low):
        return "(no finished runs)"
    first, last = sweep.run_numbers[0], sweep.run_numbers[-1]

    def column(run: int) -> int:
        return round((run - first) / (last - first) * (_WIDTH - 1)) if last > first else 0

    def row(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return _HEIGHT - 1 - round(min(max(share, 0.0), 1.0) * (_HEIGHT - 1))

    canvas = [[_EMPTY] * _WIDTH for _ in range(_HEIGHT)]
    starts = [column(run) for run in sweep.run_numbers]
    for start, end, best in zip(starts, [*starts[1:], _WIDTH], sweep.best_objectives, strict=True):
        if math.isfinite(best):
            canvas[row(best)][start:end] = [_BEST] * (end - start)
    for x, value in zip(starts, sweep.objectives, strict=True):
        if math.isfinite(value):
            mark = _BELOW if value < low else _ABOVE if value > high else _RUN
            canvas[row(value)][x] = mark
    return _framed(canvas, top=f"{high:.4g}", bottom=f"{low:.4g}", first=first, last=last)


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


def _framed(
    canvas: Sequence[Sequence[str]], *, top: str, bottom: str, first: int, last: int
) -> str:
    margin = max(len(top), len(bottom))
    labels = {0: top, len(canvas) - 1: bottom}
    lines = [
        f"{labels.get(index, ''):>{margin}} │{''.join(cells)}" for index, cells in enumerate(canvas)
    ]
    lines.append(" " * margin + " └" + "─" * _WIDTH)
    end = f"run {last}"
    lines.append(" " * (margin + 2) + f"run {first}".ljust(_WIDTH - len(end)) + end)
    return "\n".join(lines)
