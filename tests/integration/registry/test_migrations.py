"""The tables' history: up, down, up again, with data, and by many at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc.aio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from tests.conftest import registry_server
from tests.sweeps import create_runs, create_sweep, finish_run, proposal
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as registry_grpc
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import current_revision, downgrade, migrate
from wanllmdb_registry.store.schema import metadata


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_migrations_lead_to_the_tables_that_the_code_knows(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    async with database.migration() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_up_and_down_with_data(database_url: str) -> None:
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = registry_grpc.SweepRegistryServiceStub(channel)
        sweep = await create_sweep(registry)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        await finish_run(registry, run, 1.0)
    database = Database(database_url)
    # The newest revision is there already: nothing happens, and the data stays.
    await migrate(database)
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        again = registry_grpc.SweepRegistryServiceStub(ch)
        kept = await again.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
        assert kept.sweep.stats.best_run.objective == 1.0
    async with database.migration() as connection:
        await connection.run_sync(downgrade, "base")
        assert await connection.run_sync(tables) == set()
    await migrate(database)
    async with database.migration() as connection:
        assert await connection.run_sync(tables) == set(metadata.tables)
    await database.close()


async def test_ten_replicas_may_start_at_once_on_an_empty_database(database_url: str) -> None:
    async def start() -> None:
        async with running_registry(database_url, pool_size=1, lease=timedelta(seconds=60)):
            pass

    await asyncio.gather(*(start() for _ in range(10)))
    database = Database(database_url)
    async with database.migration() as connection:
        assert await connection.run_sync(current_revision) is not None
    await database.close()
