"""Older registries beside the tables of the purge, and the way to these tables and back."""

from __future__ import annotations

import grpc.aio
import pytest
from sqlalchemy import Connection, inspect

from tests.conftest import registry_server
from tests.integration.registry.deleted_rows import (
    delete,
    filled_sweep,
    leave_the_purge_to_the_test,
    left_of,
    rows_of,
)
from tests.integration.registry.postgres_pair import execute, fetch_value
from tests.registry_stub import RegistryStub
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import migrate
from wanllmdb_registry.store.purge_store import PurgeStore
from wanllmdb_registry.store.schema_changes import downgrade

# What the registry of revision 0008 executes for DeleteSweep.
OLDER_DELETE = """
    WITH gone AS (DELETE FROM sweeps WHERE sweep_id = '{}' RETURNING sweep_id, project)
    INSERT INTO deleted_sweeps (sweep_id, project, delete_time)
    SELECT sweep_id, project, clock_timestamp() FROM gone
    ON CONFLICT (sweep_id) DO UPDATE SET project = excluded.project,
        delete_time = excluded.delete_time
"""
VALUES = ("metric_points", "last_values")
TO_PURGE = "SELECT count(*) FROM deleted_sweeps WHERE purge_time IS NOT NULL"


def foreign_keys(connection: Connection) -> dict[str, list[str]]:
    """Return the tables to which each table of a sweep's rows has foreign keys."""
    tables = ("runs", "prior_runs", "sweep_events", *VALUES)
    return {
        name: [str(key["referred_table"]) for key in inspect(connection).get_foreign_keys(name)]
        for name in tables
    }


async def older_delete(url: str, sweep_id: str) -> None:
    for name in VALUES:
        await execute(url, f"DELETE FROM {name} WHERE sweep_id = '{sweep_id}'")
    await execute(url, OLDER_DELETE.format(sweep_id))


async def test_the_way_to_the_purge_and_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_the_purge_to_the_test(monkeypatch)
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        registry = RegistryStub(ch)
        kept, gone, older, beside = [await filled_sweep(registry, runs=1) for _ in range(4)]
        before = await rows_of(database_url, kept)
        await delete(registry, gone)
    database = Database(database_url)
    assert await left_of(database_url, gone)
    # With rows left to purge, the way back deletes them, because nothing else would.
    async with database.migration() as connection:
        await connection.run_sync(downgrade, "0008")
        keys = await connection.run_sync(foreign_keys)
    assert keys == {
        "runs": ["sweeps"],
        "prior_runs": ["sweeps"],
        "sweep_events": ["sweeps"],
        "metric_points": [],
        "last_values": [],
    }
    assert await left_of(database_url, gone) == {}
    await older_delete(database_url, older)
    assert await left_of(database_url, older) == {}
    await migrate(database)
    async with database.migration() as connection:
        assert not any((await connection.run_sync(foreign_keys)).values())
    # Of what was deleted before, nothing is left to purge.
    assert await fetch_value(database_url, TO_PURGE) == 0
    # Beside the new tables, an older registry leaves the rows that the cascade deleted.
    await older_delete(database_url, beside)
    assert set(await left_of(database_url, beside)) == {"runs", "prior_runs", "sweep_events"}
    part = await PurgeStore(database).purge_part()
    assert part is not None
    assert (part.sweep_id, part.is_last) == (beside, True)
    assert await left_of(database_url, beside) == {}
    assert await rows_of(database_url, kept) == before
    await database.close()
