"""Plots made of characters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.markup import escape

_BLOCKS = " ▏▎▍▌▋▊▉█"


def bars(values: Mapping[str, float], *, width: int = 40) -> str:
    """Horizontal bars for values from 0 to 1, as rich markup, one line each."""
    longest = max((len(name) for name in values), default=0)
    lines = []
    for name, value in values.items():
        eighths = round(min(max(value, 0.0), 1.0) * width * 8)
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
        lines.append(f"{escape(name):<{longest}}  [cyan]{bar:<{width}}[/] {value:6.1%}")
    return "\n".join(lines)


def history(
    run_numbers: Sequence[int],
    objectives: Sequence[float],
    best: Sequence[float],
    *,
    width: int = 64,
    height: int = 12,
) -> str:
    """Objectives (·) and the best so far (line) over run numbers, as rich markup.

    Values that are not finite have no place on the axis and are left out.
    """
    finite = [value for value in (*objectives, *best) if math.isfinite(value)]
    if not finite:
        return "(no finished runs)"
    low, high = min(finite), max(finite)
    first, last = run_numbers[0], run_numbers[-1]

    def row(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return height - 1 - round(share * (height - 1))

    def column(run: int) -> int:
        return round((run - first) / (last - first) * (width - 1)) if last > first else 0

    canvas = [[" "] * width for _ in range(height)]
    for index, (run, value) in enumerate(zip(run_numbers, best, strict=True)):
        until = column(run_numbers[index + 1]) if index + 1 < len(run_numbers) else width
        if math.isfinite(value):
            for x in range(column(run), until):
                canvas[row(value)][x] = "[green]─[/]"
    for run, value in zip(run_numbers, objectives, strict=True):
        if math.isfinite(value):
            canvas[row(value)][column(run)] = "[cyan]•[/]"
    labels = {0: f"{high:.4g}", height - 1: f"{low:.4g}"}
    margin = max(len(label) for label in labels.values())
    lines = [
        f"{labels.get(index, ''):>{margin}} │{''.join(cells)}" for index, cells in enumerate(canvas)
    ]
    lines.append(" " * margin + " └" + "─" * width)
    ends = f"run {first}".ljust(width - len(f"run {last}")) + f"run {last}"
    lines.append(" " * (margin + 2) + ends)
    return "\n".join(lines)
