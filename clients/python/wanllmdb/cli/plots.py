"""Plots made of characters, as rich markup."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

import wanllmdb
from wanllmdb._shown import in_short, listed, shown
from wanllmdb.cli.console import escape
from wanllmdb.cli.formats import RUN_STYLES

WIDTH = 64
HEIGHT = 12
EMPTY = " "
# Longest label of a category beside an axis.
LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of finite y over finite, ascending x."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]


class Canvas:
    """A grid of rich markup cells over ranges of x and y."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], height: int = HEIGHT
    ) -> None:
        self.x = x
        self.y = y
        self.cells = [[EMPTY] * WIDTH for _ in range(height)]

    def column(self, value: float) -> int:
        """Return the column of an x; values outside the range are at the edge."""
        low, high = self.x
        share = (value - low) / (high - low) if high > low else 0.0
        return round(min(max(share, 0.0), 1.0) * (WIDTH - 1))

    def row(self, value: float) -> int:
        """Return the row of a y, the largest on top; values outside are at the edge."""
        low, high = self.y
        share = (value - low) / (high - low) if high > low else 0.5
        last = len(self.cells) - 1
        return last - round(min(max(share, 0.0), 1.0) * last)

    def framed(
        self, *, left: str, right: str, top: str | None = None, bottom: str | None = None
    ) -> str:
        """Return the cells with axes labelled at their ends, as rich markup."""
        top = f"{self.y[1]:.4g}" if top is None else top
        bottom = f"{self.y[0]:.4g}" if bottom is None else bottom
        margin = max(len(top), len(bottom))
        labels = {0: top, len(self.cells) - 1: bottom}
        lines = [
            f"{labels.get(index, ''):>{margin}} │{''.join(cells)}"
            for index, cells in enumerate(self.cells)
        ]
        lines.append(" " * margin + " └" + "─" * WIDTH)
        left, right = shown(left), shown(right)
        ends = left.ljust(WIDTH - len(right)) + right
        lines.append(" " * (margin + 2) + escape(ends))
        return "\n".join(lines)


_COLORS = ("cyan", "green", "magenta", "yellow", "blue", "red")


def steps(series: Sequence[Series], *, left: str, right: str) -> str:
    """Plot lines of steps: each value holds until the next one."""
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
    """Return the letter of a line, in its color."""
    letters = string.ascii_uppercase
    return f"[{_COLORS[index % len(_COLORS)]}]{letters[index % len(letters)]}[/]"


_RUN = "[cyan]•[/]"
_BELOW = "[dim cyan]▾[/]"
_ABOVE = "[dim cyan]▴[/]"
_BEST = "[green]─[/]"


def history(sweep: wanllmdb.OptimizationHistory) -> str:
    """Plot objectives (•) and the best so far (line) over the run number.

    Far worse objectives than the rest would flatten the plot, so they are drawn at the edge
    (▾ or ▴). Values that are not finite are left out.
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


def _axis(sweep: wanllmdb.OptimizationHistory) -> tuple[float, float]:
    """Return the ends of the axis, which exclude far outliers on the bad side (Tukey's fence)."""
    values = [value for value in sweep.objectives if math.isfinite(value)]
    if not values:
        return math.nan, math.nan
    low, high = min(values), max(values)
    if len(values) >= 4:
        lower, _median, upper = quantiles(values, n=4)
        room = 1.5 * (upper - lower)
        if sweep.goal is wanllmdb.Goal.MAXIMIZE:
            low = min(value for value in values if value >= lower - room)
        else:
            high = max(value for value in values if value <= upper + room)
    return low, high


_HEIGHT = 8
_ONE = "[cyan]•[/]"
_SEVERAL = "[bold cyan]●[/]"


def scatter(column: wanllmdb.ParameterColumn, objectives: Sequence[float]) -> str:
    """Plot a dot per run over one parameter; a thick dot means several runs."""
    axis = column.axis
    points = [
        (_placed(value, axis.scale), objective)
        for value, objective in zip(column.values, objectives, strict=True)
        if math.isfinite(value) and math.isfinite(objective)
    ]
    title = f"[bold]{escape(axis.name)}[/]" + (
        " (log)" if axis.scale is wanllmdb.AxisScale.LOG else ""
    )
    if not points:
        return f"{title}\n(no finished runs)"
    ys = [y for _, y in points]
    canvas = Canvas(
        x=(_placed(axis.min, axis.scale), _placed(axis.max, axis.scale)),
        y=(min(ys), max(ys)),
        height=_HEIGHT,
    )
    if axis.scale is wanllmdb.AxisScale.CATEGORY:
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


def _placed(value: float, scale: wanllmdb.AxisScale) -> float:
    return math.log(value) if scale is wanllmdb.AxisScale.LOG and value > 0 else value


_SHADES = " ░▒▓█"
# Largest number of points on an axis; more do not fit a terminal.
_MOST_PLACES = 100


def surface(contour: wanllmdb.Contour) -> str:
    """Plot the objective over two parameters: denser is larger, blank is unknown."""
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
    """Return the points of an axis to show: all, or only those with known values."""
    if len(lines) <= _MOST_PLACES:
        return range(len(lines))
    known = [place for place, line in enumerate(lines) if any(map(math.isfinite, line))]
    return known[:_MOST_PLACES]


def _shade(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "  "
    share = (value - low) / (high - low) if high > low else 1.0
    # The first shade is blank, which means unknown.
    return _SHADES[1 + min(int(share * 4), 3)] * 2


def _legend(low: float, high: float) -> Sequence[tuple[str, float]]:
    return [(_SHADES[1 + step], low + (high - low) * (step + 0.5) / 4) for step in range(4)]


def _label(axis: wanllmdb.ParameterAxis, place: float) -> str:
    if _is_category(axis):
        return in_short(shown(str(axis.categories[round(place)])), LONGEST_LABEL)
    return f"{place:.4g}"


def _is_category(axis: wanllmdb.ParameterAxis) -> bool:
    return axis.scale is wanllmdb.AxisScale.CATEGORY


_MOST_LANES = 40
# Alternating shades separate runs that touch.
_LANE_SHADES = ("█", "▓")


def lanes(timeline: wanllmdb.Timeline) -> str:
    """Plot one lane per agent: each run from its start to its end in the color of its state."""
    if not timeline.run_numbers:
        return "(no run has started)"
    ends = [timeline.now_seconds if math.isnan(end) else end for end in timeline.end_seconds]
    last = max(*ends, 1e-9) if len(ends) > 1 else max(ends[0], 1e-9)
    agents = list(dict.fromkeys(timeline.agents))
    rows = {agent: [" "] * WIDTH for agent in agents[:_MOST_LANES]}
    counts = dict.fromkeys(agents, 0)
    for agent, state, start, end in zip(
        timeline.agents, timeline.states, timeline.start_seconds, ends, strict=True
    ):
        counts[agent] += 1
        if agent not in rows:
            continue
        first = min(int(start / last * WIDTH), WIDTH - 1)
        until = max(math.ceil(end / last * WIDTH), first + 1)
        mark = f"[{RUN_STYLES.get(state, 'default')}]{_LANE_SHADES[counts[agent] % 2]}[/]"
        rows[agent][first:until] = [mark] * (min(until, WIDTH) - first)
    longest = max(len(shown(agent)) for agent in rows)
    lines = [
        f"{escape(shown(agent).ljust(longest))} │{''.join(cells)}│ {_runs(counts[agent])}"
        for agent, cells in rows.items()
    ]
    end_label = f"{last:.4g} s"
    lines.append(" " * (longest + 2) + "0".ljust(WIDTH - len(end_label)) + end_label)
    if len(agents) > len(rows):
        lines.append(f"and {len(agents) - len(rows)} more agents")
    return "\n".join(lines)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


_BLOCKS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bars(values: Mapping[str, float], *, width: int = 40, labelled: bool = True) -> str:
    """Plot values from 0 to 1 as horizontal bars, one line per value.

    With `labelled` False, the names are left out.
    """
    longest = max((len(shown(name)) for name in values), default=0)
    lines = []
    for name, value in values.items():
        eighths = round(min(max(value, 0.0), 1.0) * width * 8)
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8]
        label = escape(shown(name).ljust(longest))
        start = f"{label}  " if labelled else ""
        lines.append(f"{start}[cyan]{bar:<{width}}[/] {value:6.1%}")
    return "\n".join(lines)


_SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """Plot the last `width` values, from ▁ (lowest) to █; a dot means not finite."""
    shown = values[-width:]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return "·" * len(shown)
    low, high = min(finite), max(finite)
    span = high - low
    return "".join(_bar((value - low) / span if span else 0.5) for value in shown)


def _bar(share: float) -> str:
    if not math.isfinite(share):
        return "·"
    return _SPARKS[min(int(share * len(_SPARKS)), len(_SPARKS) - 1)]
