"""Runs as a table under the names of their sweep's metrics."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from wanllmdb import Client, Run
from wanllmdb.cli import tables
from wanllmdb.cli.console import say, stdout
from wanllmdb.cli.documents import print_json


def metric_names(client: Client, sweep_id: str) -> tuple[str, ...]:
    """The names of the sweep's metrics; "objective" where it has none."""
    names = tuple(metric.name for metric in client.get_sweep(sweep_id).spec.metrics)
    return names or ("objective",)


def print_prior_runs(client: Client, sweep_id: str, most: int | None, as_json: bool) -> None:
    """Prints what was imported into a sweep, at most so many runs."""
    runs = list(itertools.islice(client.list_prior_runs(sweep_id), most))
    if as_json:
        print_json(runs)
    elif not runs:
        say(f"No prior runs. Import some: wanllmdb runs import {sweep_id} FILE.csv")
    else:
        stdout().print(tables.prior_runs_table(runs, metrics=metric_names(client, sweep_id)))


def print_runs(runs: Sequence[Run], metrics: Sequence[str]) -> None:
    """Prints the table, as wide as the terminal."""
    console = stdout()
    console.print(tables.runs_table(runs, metrics=metrics, width=console.width))
