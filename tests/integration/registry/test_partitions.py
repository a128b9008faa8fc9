"""A database whose tables were partitioned by sweep works as before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import registry_server, suggestion_server
from tests.integration.registry.deleted_rows import left_of
from tests.integration.registry.postgres_pair import execute
from tests.sweeps import CONFIG
from wanllmdb import AsyncClient, MetricRow, NotFoundError, Succeeded
from wanllmdb_registry.domain.retention import KeepTime
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.purge_store import PurgeStore
from wanllmdb_registry.store.retention_store import RetentionStore

SCRIPT = Path(__file__).parents[3] / "deploy/postgres/partition.sql"
SWEEPS = 3

INDEXES = """
    SELECT tablename, indexname, replace(indexdef, 'ON ONLY', 'ON') FROM pg_indexes
    WHERE schemaname = 'public' AND tablename IN
        ('runs', 'metric_points', 'last_values', 'prior_runs', 'sweep_events')
    ORDER BY 1, 2
"""


async def trials(client: AsyncClient, sweep_id: str, count: int) -> None:
    for _ in range(count):
        for run in (await client.suggest(sweep_id, agent_id="a")).runs:
            rows = [MetricRow(step, {"loss": float(step)}) for step in range(3)]
            await client.report_metrics(sweep_id, run.number, run.attempt, rows)
            await client.finish_run(sweep_id, run.number, run.attempt, Succeeded())


async def partition(url: str) -> tuple[list[str], list[str]]:
    """Run the script; return the indexes before and after."""
    connection = await asyncpg.connect(url)
    try:
        before = await connection.fetch(INDEXES)
        await connection.execute("SET wanllmdb.partitions = 4")
        await connection.execute(SCRIPT.read_text())
        after = await connection.fetch(INDEXES)
        used = "SELECT count(DISTINCT tableoid) FROM metric_points"
        assert await connection.fetchval(used) > 1
        await connection.execute("DROP SCHEMA wanllmdb_whole CASCADE")
    finally:
        await connection.close()
    return [str(row) for row in before], [str(row) for row in after]


async def retained(url: str, old: str) -> dict[str, int]:
    """Delete the history of one sweep as old; return the number of values that others have."""
    ended = "state = 'FINISHED', end_time = now() - interval '2 days'"
    await execute(url, f"UPDATE sweeps SET {ended} WHERE sweep_id = '{old}'")
    database = Database(url)
    store = RetentionStore(database)
    try:
        keep = KeepTime(timedelta(days=1))
        (found,) = await store.old_sweeps(keep, 10, with_history=True)
        assert found.sweep_id == old
        assert [await store.delete_history(found, 7) for _ in range(3)] == [7, 5, 0]
        async with database.read() as connection:
            counts = await connection.fetch(
                "SELECT sweep_id, count(*) FROM metric_points GROUP BY 1"
            )
    finally:
        await database.close()
    return {row["sweep_id"]: row["count"] for row in counts}


async def purge(url: str) -> None:
    """Delete all rows of deleted sweeps."""
    database = Database(url)
    try:
        store = PurgeStore(database)
        while await store.waiting():
            await store.purge_part()
    finally:
        await database.close()


async def test_a_partitioned_database_works_as_before(database_url: str) -> None:
    async with (
        registry_server(database_url) as address,
        suggestion_server(address) as suggestion_address,
        AsyncClient(address, suggestion_address) as client,
    ):
        # With several sweeps, more than one partition is in use; the ids are random.
        sweeps = [(await client.create_sweep(CONFIG)).sweep.sweep_id for _ in range(8)]
        for sweep_id in sweeps:
            await trials(client, sweep_id, 2)
    before, after = await partition(database_url)
    assert before == after
    async with (
        registry_server(database_url) as address,
        suggestion_server(address) as suggestion_address,
        AsyncClient(address, suggestion_address) as client,
    ):
        for sweep_id in sweeps[:SWEEPS]:
            await trials(client, sweep_id, 2)
            runs = [run async for run in client.list_runs(sweep_id)]
            assert [(run.number, run.objective) for run in runs] == [(n, 2.0) for n in range(4)]
            history = await client.get_metric_history(sweep_id, 3)
            assert len(history["loss"].points) == 3
        await client.delete_sweep(sweeps[0])
        with pytest.raises(NotFoundError):
            await client.get_run(sweeps[0], 0)
        assert (await client.get_run(sweeps[1], 0)).objective == 2.0
    await purge(database_url)
    assert await left_of(database_url, sweeps[0]) == {}
    # By its position, a row of another partition could be deleted.
    assert await retained(database_url, sweeps[1]) == {
        **dict.fromkeys(sweeps[2:SWEEPS], 12),
        **dict.fromkeys(sweeps[SWEEPS:], 6),
    }
