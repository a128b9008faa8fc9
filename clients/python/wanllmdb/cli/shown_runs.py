"""Runs as a table under the names of their sweep's metrics."""

from __future__ import annotations

from collections.abc import Sequence

from wanllmdb import Client, Run
from wanllmdb.cli import tables
from wanllmdb.cli.console import stdout


def metric_names(client: Client, sweep_id: str) -> tuple[str, ...]:
    """The names of the sweep's metrics; "objective" where it has none."""
    names = tuple(metric.name for metric in client.get_sweep(sweep_id).spec.metrics)
    return names or ("objective",)


def print_runs(runs: Sequence[Run], metrics: Sequence[str]) -> None:
    """Prints the table, as wide as the terminal."""
    console = stdout()
    console.print(tables.runs_table(runs, metrics=metrics, width=console.width))
