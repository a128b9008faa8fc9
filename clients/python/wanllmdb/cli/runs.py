"""`wanllmdb runs`, `best`, `importance`, `watch`: what came of a sweep."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import typer

from wanllmdb import Client, Run, RunOrder, RunState
from wanllmdb.cli import plots, tables
from wanllmdb.cli.connection import client_of
from wanllmdb.cli.console import stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, SweepId
from wanllmdb.cli.watching import watch_as_json, watch_as_lines


def list_runs(
    context: typer.Context,
    sweep_id: SweepId,
    state: Annotated[
        list[RunState] | None, typer.Option(help="Only runs in this state; repeatable.")
    ] = None,
    order: Annotated[RunOrder, typer.Option(help="The order.")] = RunOrder.NUMBER_ASC,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many. Default: 100; all with --json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of a sweep."""
    most = limit if limit is not None or as_json else 100
    with client_of(context) as client:
        found = client.list_runs(sweep_id, states=state or (), order=order)
        if as_json:
            print_json(list(itertools.islice(found, most)))
            return
        metric = _metric_name(client, sweep_id)
        runs = list(itertools.islice(found, most))
        more = next(found, None) is not None
    if not runs:
        typer.echo(f"No runs. Start an agent: wanllmdb agent {sweep_id} -- python train.py")
        return
    _print_runs(runs, metric)
    if more:
        typer.echo(f"There are more than these {len(runs)}: see --limit and --order.")


def best(
    context: typer.Context,
    sweep_id: SweepId,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show the best finished runs, best first."""
    with client_of(context) as client:
        runs = client.get_best_runs(sweep_id, count=count).runs
        if as_json:
            print_json(runs)
            return
        metric = _metric_name(client, sweep_id)
    if not runs:
        typer.echo("No run has finished yet.")
    else:
        _print_runs(runs, metric)


def importance(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Show how much each parameter matters for the metric (fANOVA)."""
    with client_of(context) as client:
        result = client.get_parameter_importance(sweep_id)
    if as_json:
        print_json(result)
        return
    stdout().print(plots.bars(result.importances))
    typer.echo(f"from {result.runs_used} finished runs")


def watch(
    context: typer.Context,
    sweep_id: SweepId,
    since_revision: Annotated[
        int, typer.Option(min=0, help="Only what changed after this revision.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line, for programs.")
    ] = False,
) -> None:
    """Follow a sweep until it has ended: its own changes and those of its runs."""
    with client_of(context) as client:
        changes = client.watch_sweep(sweep_id, since_revision=since_revision)
        try:
            if as_json:
                watch_as_json(changes)
            else:
                watch_as_lines(changes)
        except KeyboardInterrupt:
            # The way out of a watch; what was printed is complete.
            raise typer.Exit(0) from None


def _print_runs(runs: Sequence[Run], metric: str) -> None:
    console = stdout()
    console.print(tables.runs_table(runs, metric=metric, width=console.width))


def _metric_name(client: Client, sweep_id: str) -> str:
    metric = client.get_sweep(sweep_id).spec.metric
    return metric.name if metric is not None else "objective"
