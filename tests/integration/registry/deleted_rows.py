"""Sweeps with rows in every table of sweeps, and what is left of a deleted one."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_registry.background.purge import PurgeTask

# Each run reports two metrics at each step.
STEPS = 6
RUNS = 5
# Rows that a purge does not delete, because they answer repeated requests for a day.
KEPT = {"replies", "deleted_sweeps"}

_TABLES = """
    SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'sweep_id' AND c.relkind IN ('r', 'p')
        AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
"""


def leave_the_purge_to_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep registries that start from now on from purging.

    A long interval would not do: the look at a registry's start may come after a deletion.
    """

    async def run(_: PurgeTask) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(PurgeTask, "run", run)


async def filled_sweep(registry: RegistryStub, runs: int = RUNS) -> str:
    """Create a sweep with running and finished runs, values, prior runs and events."""
    sweep_id = (await create_sweep(registry)).sweep_id
    await registry.ImportRuns(
        pb.ImportRunsRequest(
            sweep_id=sweep_id, source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,1.0\n0.25,3,2.0\n")
        )
    )
    await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep_id))
    created = await create_runs(registry, sweep_id, *map(proposal, range(runs)))
    for run in created:
        rows = [row(step, {"loss": float(step), "acc": 0.5}) for step in range(STEPS)]
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep_id, number=run.number, attempt=run.attempt, rows=rows
            )
        )
    for run in created[1:]:
        await finish_run(registry, run)
    return sweep_id


async def delete(registry: RegistryStub, sweep_id: str) -> None:
    """Delete a sweep."""
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep_id))


async def rows_of(url: str, sweep_id: str) -> dict[str, int]:
    """Return how many rows each table has of a sweep; tables without any are left out."""
    connection = await asyncpg.connect(url)
    try:
        counts = {}
        for found in await connection.fetch(_TABLES):
            name = found["relname"]
            query = f'SELECT count(*) FROM "{name}" WHERE sweep_id = $1'
            if count := await connection.fetchval(query, sweep_id):
                counts[name] = count
        return counts
    finally:
        await connection.close()


async def left_of(url: str, sweep_id: str) -> dict[str, int]:
    """Return how many rows are left to purge."""
    counts = await rows_of(url, sweep_id)
    return {name: count for name, count in counts.items() if name not in KEPT}
