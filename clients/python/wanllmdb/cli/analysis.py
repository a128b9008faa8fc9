"""`wanllmdb best`, `importance`, `history`, ...: the results of sweeps as tables and plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli import plots, tables
from wanllmdb.cli.console import escape, say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, MetricName, SweepId, SweepIds, client_of
from wanllmdb.cli.runs import metric_names, print_runs


class Axis(StrEnum):
    """The horizontal axis of a plot of the best objective so far."""

    RUNS = "runs"
    TIME = "time"


def best(
    context: typer.Context,
    sweep_id: SweepId,
    count: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, help="Number of runs to show. Default: 5, or 100 of a Pareto front."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the best finished runs; with several metrics, the Pareto front.

    Example: `wanllmdb best SWEEP --count 10`
    """
    with client_of(context) as client:
        metrics = metric_names(client, sweep_id)
        is_front = len(metrics) > 1
        found = client.get_best_runs(sweep_id, count=count or (100 if is_front else 5))
    if as_json:
        print_json(found)
    elif not found.runs:
        say("No finished run has a value of the metric yet.")
    else:
        print_runs(found.runs, metrics)
        if is_front:
            shown = len(found.runs)
            cut = f"{shown} of " if found.total_runs > shown else ""
            say(f"{cut}{found.total_runs} runs that no other run dominates")


def importance(
    context: typer.Context,
    sweep_id: SweepId,
    evaluator: Annotated[
        wanllmdb.ImportanceEvaluator, typer.Option(help="The importance evaluator.")
    ] = wanllmdb.ImportanceEvaluator.FANOVA,
    metric: MetricName = "",
    as_json: AsJson = False,
) -> None:
    """Show how much each parameter matters for the metric, and how they correlate."""
    with client_of(context) as client:
        result = client.get_parameter_importance(sweep_id, evaluator=evaluator, metric=metric)
    if as_json:
        print_json(result)
        return
    stdout().print(tables.importances_table(result))
    say(f"computed from {result.runs_used} finished runs")


def history(
    context: typer.Context, sweep_id: SweepId, metric: MetricName = "", as_json: AsJson = False
) -> None:
    """Plot the objective, and the best objective so far, over the run number."""
    with client_of(context) as client:
        result = client.get_optimization_history(sweep_id, metric=metric)
    if as_json:
        print_json(result)
        return
    stdout().print(plots.history(result))
    _print_sample(len(result.run_numbers), result.total_finished_runs)


def hypervolume(
    context: typer.Context,
    sweep_id: SweepId,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=X",
            help="Reference point of the volume, one option per metric; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plot the volume that the Pareto front dominates over the run number."""
    with client_of(context) as client:
        result = client.get_hypervolume_history(sweep_id, reference_point=_point(reference or ()))
    if as_json:
        print_json(result)
        return
    line = plots.Series("hypervolume", tuple(map(float, result.run_numbers)), result.hypervolumes)
    ends = (result.run_numbers[0], result.run_numbers[-1]) if result.run_numbers else (0, 0)
    stdout().print(plots.steps([line], left=f"run {ends[0]}", right=f"run {ends[1]}"))
    from_point = ", ".join(f"{name} {value:.6g}" for name, value in result.reference_point.items())
    say(f"measured from {from_point}")


def slices(
    context: typer.Context,
    sweep_id: SweepId,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Plot only this parameter; repeatable.")
    ] = None,
    metric: MetricName = "",
    as_json: AsJson = False,
) -> None:
    """Plot the objective over each parameter."""
    with client_of(context) as client:
        result = client.get_slices(sweep_id, parameters=parameter or (), metric=metric)
    if as_json:
        print_json(result)
        return
    for column in result.parameters:
        stdout().print(plots.scatter(column, result.objectives) + "\n")
    _print_sample(len(result.run_numbers), result.total_finished_runs)


def contour(
    context: typer.Context,
    sweep_id: SweepId,
    x: Annotated[str, typer.Argument(metavar="X", help="Parameter on the horizontal axis.")],
    y: Annotated[str, typer.Argument(metavar="Y", help="Parameter on the vertical axis.")],
    metric: MetricName = "",
    resolution: Annotated[
        int, typer.Option(min=2, max=200, help="Number of points along each axis.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Plot the objective over two parameters."""
    with client_of(context) as client:
        result = client.get_contour(sweep_id, x, y, metric=metric, resolution=resolution)
    if as_json:
        print_json(result)
    else:
        stdout().print(plots.surface(result))


def correlations(
    context: typer.Context,
    sweep_id: SweepId,
    method: Annotated[
        wanllmdb.CorrelationMethod,
        typer.Option(help="Linear (pearson) or rank (spearman) correlation."),
    ] = wanllmdb.CorrelationMethod.PEARSON,
    as_json: AsJson = False,
) -> None:
    """Show the correlations between all parameters and metrics."""
    with client_of(context) as client:
        result = client.get_correlations(sweep_id, method=method)
    if as_json:
        print_json(result)
    else:
        stdout().print(tables.correlations_table(result))


def compare(
    context: typer.Context,
    sweep_ids: SweepIds,
    by: Annotated[
        Axis, typer.Option(help="The horizontal axis: number of runs, or time.")
    ] = Axis.RUNS,
    metric: MetricName = "",
    as_json: AsJson = False,
) -> None:
    """Compare sweeps: plot the best objective so far of each one."""
    with client_of(context) as client:
        result = client.compare_sweeps(sweep_ids, metric=metric)
    if as_json:
        print_json(result)
        return
    console = stdout()
    console.print(tables.comparison_table(result))
    unit = "runs" if by is Axis.RUNS else "s"
    lines = _best_so_far(result, by)
    ends = [x for line in lines for x in (line.xs[:1] + line.xs[-1:])]
    left, right = (f"{end(ends):.6g} {unit}" if ends else "" for end in (min, max))
    console.print(plots.steps(lines, left=left, right=right))


def edf(
    context: typer.Context, sweep_ids: SweepIds, metric: MetricName = "", as_json: AsJson = False
) -> None:
    """Plot the share of each sweep's runs whose objective is at most a value."""
    with client_of(context) as client:
        result = client.get_edf(sweep_ids, metric=metric)
    if as_json:
        print_json(result)
        return
    lines = [
        plots.Series(f"{curve.sweep_id} {curve.name}", result.objectives, curve.shares)
        for curve in result.curves
        if curve.shares
    ]
    ends = (result.objectives[0], result.objectives[-1]) if result.objectives else (0.0, 0.0)
    stdout().print(plots.steps(lines, left=f"{ends[0]:.4g}", right=f"{ends[1]:.4g}"))


def timeline(
    context: typer.Context,
    sweep_id: SweepId,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="Plot at most this many runs.")
    ] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Plot when each agent worked on runs; colors show the states of the runs."""
    with client_of(context) as client:
        result = client.get_timeline(sweep_id, max_runs=limit)
    if as_json:
        print_json(result)
        return
    stdout().print(plots.lanes(result), soft_wrap=True)
    _print_sample(len(result.run_numbers), result.total_runs)


def _best_so_far(comparison: wanllmdb.SweepComparison, by: Axis) -> list[plots.Series]:
    lines = []
    for curve in comparison.curves:
        xs = curve.seconds if by is Axis.TIME else tuple(map(float, curve.ended_runs))
        pairs = [
            (x, y)
            for x, y in zip(xs, curve.best_objectives, strict=True)
            if math.isfinite(x) and math.isfinite(y)
        ]
        lines.append(
            plots.Series(
                f"{curve.sweep_id} {curve.name}",
                tuple(x for x, _ in pairs),
                tuple(y for _, y in pairs),
            )
        )
    return lines


def _point(given: Sequence[str]) -> dict[str, float]:
    point = {}
    for text in given:
        name, _, value = text.rpartition("=")
        try:
            point[name] = float(value)
        except ValueError:
            raise typer.BadParameter(
                f"--reference: {text!r} does not have the form METRIC=X"
            ) from None
    return point


def _print_sample(shown: int, total: int) -> None:
    if total > shown:
        stdout().print(escape(f"a sample: {shown} of {total} runs"), style="dim")
