"""Sweeps for training programs, and the values that their runs reported."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, NamedTuple

from wanllmdb import Client, Run


class Report(NamedTuple):
    """A run, and the values of each of its metrics, by step."""

    run: Run
    values: dict[str, list[float]]


async def new_sweep(client: Client, metric: str, goal: str = "minimize", **more: Any) -> str:
    """Create a sweep with one run over a learning rate, and return its id."""
    config = {
        "method": "random",
        "metric": {"name": metric, "goal": goal},
        "parameters": {"lr": {"value": 0.1}},
        "run_cap": 1,
        **more,
    }
    return (await asyncio.to_thread(client.create_sweep, config)).sweep.sweep_id


def stopping(*, after: int) -> dict[str, Any]:
    """Return a config for 3 runs whose pruner stops worse runs once they logged `after` steps."""
    options = {"n_startup_trials": 1, "n_warmup_steps": after}
    return {"pruner": {"name": "median", "options": options}, "run_cap": 3}


async def reports_of(client: Client, sweep_id: str) -> list[Report]:
    """Return all runs of a sweep with their reported values."""

    def read() -> list[Report]:
        return [
            Report(
                run,
                {
                    name: [point.value for point in history.points]
                    for name, history in client.get_metric_history(sweep_id, run.number).items()
                },
            )
            for run in client.list_runs(sweep_id)
        ]

    return await asyncio.to_thread(read)


async def report_of(client: Client, sweep_id: str) -> Report:
    """Return the only run of a sweep."""
    (report,) = await reports_of(client, sweep_id)
    return report


def falls(values: list[float]) -> bool:
    """Return whether each value is smaller than the one before."""
    return all(after < before for before, after in pairwise(values))
