"""How many agents a sweep can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wanllmdb.cli.launching.request import LaunchError

if TYPE_CHECKING:
    from wanllmdb import Client, Sweep


def usable_agents(client: Client, sweep: Sweep) -> int | None:
    """Return how many agents would get a run at once; None for a sweep without an end.

    These are its queued runs and those that it may still create by its run cap and, with method
    grid, by the number of its points.

    Raises:
        LaunchError: the sweep has ended, or it has no run left to assign.
    """
    stats = sweep.stats
    if sweep.state.is_final:
        raise LaunchError(
            f"sweep {sweep.sweep_id} is {sweep.state}, so agents would get no runs: `wanllmdb runs "
            f"retry {sweep.sweep_id} --failed` queues its failed runs again, and `wanllmdb sweep "
            f"create` makes a new sweep"
        )
    bounds = [bound for bound in (sweep.spec.run_cap, _grid_size(client, sweep)) if bound]
    if not bounds:
        return None
    left = max(0, min(bounds) - stats.total_runs) + stats.queued_runs
    if left == 0:
        others = stats.running_runs
        raise LaunchError(
            f"sweep {sweep.sweep_id} has no runs left to assign: other agents work on its last "
            f"{others} run{'' if others == 1 else 's'}; a larger cap makes room for more "
            f"(`wanllmdb sweep update {sweep.sweep_id} --run-cap N`)"
        )
    return left


def _grid_size(client: Client, sweep: Sweep) -> int | None:
    """Return the number of points of a grid, which the registry counts; None without a grid."""
    from wanllmdb import ConfigFormat, Method

    if sweep.spec.method is not Method.GRID:
        return None
    text = client.export_sweep(sweep.sweep_id, ConfigFormat.JSON)
    return client.parse_sweep_config(text).grid_size
