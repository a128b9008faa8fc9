"""Figures of the services' answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wanllmdb._errors import InvalidArgumentError
from wanllmdb._packages import optional_package
from wanllmdb._plots.axes import (
    dimension,
    graph_objects,
    label,
    layout_of,
    numbered,
    present,
    sampled,
)
from wanllmdb._types.analysis import (
    Contour,
    OptimizationHistory,
    ParallelCoordinates,
    ParameterImportances,
    Slices,
    Timeline,
)
from wanllmdb._types.enums import AxisKind
from wanllmdb._types.suggestions import BestRuns

_COLORS = {
    "queued": "#a0a0a0",
    "running": "#17becf",
    "finished": "#2ca02c",
    "pruned": "#e6a100",
    "failed": "#d62728",
    "lost": "#8c2d2d",
    "canceled": "#7f7f7f",
}
_SCALE = "Viridis"


def history_figure(history: OptimizationHistory, metric: str) -> Any:
    """Each run's objective, and the best one so far."""
    go = graph_objects()
    runs, name = list(history.run_numbers), label(metric or "objective")
    figure = go.Figure(
        [
            go.Scatter(x=runs, y=list(history.objectives), mode="markers", name=name),
            go.Scatter(
                x=runs,
                y=list(history.best_objectives),
                mode="lines",
                line={"shape": "hv"},
                name="best so far",
            ),
        ]
    )
    title = f"History: {sampled(len(runs), history.total_finished_runs)}, {history.goal}"
    return figure.update_layout(title=title, xaxis_title="run", yaxis_title=name)


def importance_figure(importances: ParameterImportances) -> Any:
    """The parameters' importances, the most important on top."""
    go = graph_objects()
    # Plotly draws bars from below.
    parameters = importances.parameters[::-1]
    figure = go.Figure(
        go.Bar(
            x=[parameter.importance for parameter in parameters],
            y=[label(parameter.name) for parameter in parameters],
            orientation="h",
            hovertext=[f"{parameter.runs} runs" for parameter in parameters],
        )
    )
    title = f"Importance: {importances.runs_used:,} finished runs"
    return figure.update_layout(title=title, xaxis_title="importance")


def parallel_figure(parallel: ParallelCoordinates) -> Any:
    """Parallel coordinates, colored by the first metric."""
    go = graph_objects()
    metrics = [axis for axis in parallel.dimensions if axis.kind is AxisKind.METRIC]
    line: dict[str, Any] = {}
    if metrics and not any(map(math.isnan, metrics[0].values)):
        line = {"color": list(metrics[0].values), "colorscale": _SCALE, "showscale": True}
    axes = list(map(dimension, parallel.dimensions))
    figure = go.Figure(go.Parcoords(dimensions=axes, line=line))
    count = sampled(len(parallel.run_numbers), parallel.total_finished_runs)
    return figure.update_layout(title=f"Parallel coordinates: {count}")


def slice_figure(slices: Slices, metric: str) -> Any:
    """The objective over each parameter, a run's color by its number."""
    go = graph_objects()
    subplots = optional_package("plotly.subplots", purpose="a plot", extra="plot")
    columns = slices.parameters
    figure = subplots.make_subplots(rows=1, cols=max(len(columns), 1), shared_yaxes=True)
    for place, column in enumerate(columns, start=1):
        rows = present(column)
        numbers = [slices.run_numbers[row] for row in rows]
        marker = {"color": numbers, "colorscale": _SCALE, "showscale": place == 1}
        points = go.Scatter(
            x=[column.values[row] for row in rows],
            y=[slices.objectives[row] for row in rows],
            mode="markers",
            marker=marker | ({"colorbar": {"title": {"text": "run"}}} if place == 1 else {}),
            text=numbered(numbers),
            name=label(column.axis.name),
            showlegend=False,
        )
        figure.add_trace(points, row=1, col=place)
        figure.update_xaxes(layout_of(column.axis), row=1, col=place)
    figure.update_yaxes(title_text=label(metric or "objective"), row=1, col=1)
    count = sampled(len(slices.run_numbers), slices.total_finished_runs)
    return figure.update_layout(title=f"Slices: {count}")


def contour_figure(contour: Contour, metric: str) -> Any:
    """The objective over two parameters, with the runs on top."""
    go = graph_objects()
    surface = go.Contour(
        x=list(contour.x_positions),
        y=list(contour.y_positions),
        z=[list(row) for row in contour.surface],
        colorscale=_SCALE,
        colorbar={"title": {"text": label(metric or "objective")}},
        hoverinfo="x+y+z",
    )
    runs = go.Scatter(
        x=list(contour.x.values),
        y=list(contour.y.values),
        mode="markers",
        marker={"color": "black", "size": 5},
        text=[
            f"run {number}: {objective:.6g}"
            for number, objective in zip(contour.run_numbers, contour.objectives, strict=True)
        ],
        showlegend=False,
    )
    figure = go.Figure([surface, runs])
    return figure.update_layout(
        title=f"Contour: {len(contour.run_numbers):,} runs",
        xaxis=layout_of(contour.x.axis),
        yaxis=layout_of(contour.y.axis),
    )


def pareto_figure(parallel: ParallelCoordinates, best: BestRuns) -> Any:
    """The runs by two or three metrics, with the Pareto front.

    Raises:
        InvalidArgumentError: the sweep has another number of metrics.
    """
    go = graph_objects()
    metrics = [axis for axis in parallel.dimensions if axis.kind is AxisKind.METRIC]
    if len(metrics) not in (2, 3):
        raise InvalidArgumentError(
            f"a Pareto plot shows two or three metrics, and the sweep has {len(metrics)}",
            reason="INVALID_REQUEST",
        )
    scatter = go.Scatter if len(metrics) == 2 else go.Scatter3d
    names = ("x", "y", "z")[: len(metrics)]

    def points(values: Sequence[Sequence[float]], numbers: Sequence[int], name: str) -> Any:
        axes = dict(zip(names, map(list, values), strict=True))
        return scatter(mode="markers", text=numbered(numbers), name=name, **axes)

    front = [run.number for run in best.runs]
    values_of_front = [[run.objectives[place] for run in best.runs] for place in range(len(names))]
    figure = go.Figure(
        [
            points([axis.values for axis in metrics], parallel.run_numbers, "finished runs"),
            points(
                values_of_front,
                front,
                f"Pareto front ({sampled(len(front), best.total_runs, 'runs')})",
            ),
        ]
    )
    titles = {
        f"{name}axis": {"title": {"text": label(axis.name)}}
        for name, axis in zip(names, metrics, strict=True)
    }
    figure.update_layout(titles if len(names) == 2 else {"scene": titles})
    count = sampled(len(parallel.run_numbers), parallel.total_finished_runs)
    return figure.update_layout(title=f"Pareto front: {count}")


def timeline_figure(timeline: Timeline) -> Any:
    """When each run started and ended, in the color of its state."""
    go = graph_objects()
    figure = go.Figure()
    rows_by_state: dict[str, list[int]] = {}
    for row, state in enumerate(timeline.states):
        rows_by_state.setdefault(state.value, []).append(row)
    for name, rows in rows_by_state.items():
        starts = [timeline.start_seconds[row] for row in rows]
        ends = [timeline.end_seconds[row] for row in rows]
        lengths = [
            (timeline.now_seconds if math.isnan(end) else end) - start
            for start, end in zip(starts, ends, strict=True)
        ]
        bars = go.Bar(
            base=starts,
            x=lengths,
            y=[timeline.run_numbers[row] for row in rows],
            orientation="h",
            marker={"color": _COLORS.get(name)},
            name=name,
            hovertext=[label(timeline.agents[row]) for row in rows],
        )
        figure.add_trace(bars)
    began = timeline.start_time
    since = "the start" if began is None else f"{began:%Y-%m-%d %H:%M:%S} UTC"
    return figure.update_layout(
        title=f"Timeline: {sampled(len(timeline.run_numbers), timeline.total_runs, 'runs')}",
        xaxis_title=f"seconds since {since}",
        yaxis_title="run",
        barmode="overlay",
    )
