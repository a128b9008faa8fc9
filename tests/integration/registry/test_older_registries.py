"""Registries of earlier revisions of the tables, which go on beside newer ones in an upgrade."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import grpc.aio
from sqlalchemy import Connection, inspect, text

from tests.conftest import registry_server
from tests.integration.registry.sweep_lists import RICH_CONFIG, listed
from tests.registry_stub import RegistryStub
from tests.sweeps import create_sweep
from wanllmdb.api.registry.v1 import sweep_list_pb2
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import LATEST, MIGRATIONS, migrate
from wanllmdb_registry.store.schema_changes import downgrade

# Registries of earlier revisions read columns that 0005 dropped.
FIRST = "0005"
REVISIONS = sorted(
    revision
    for file in (MIGRATIONS / "versions").glob("[0-9]*.py")
    if (revision := file.name.partition("_")[0]) >= FIRST
)

WAITING = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"


@dataclass(frozen=True)
class Column:
    """A column as a statement meets it."""

    kind: str
    is_nullable: bool
    has_default: bool


@dataclass(frozen=True)
class TableShape:
    """The columns of a table by name, and what its rows must fulfill."""

    columns: dict[str, Column]
    rules: set[str]


def shapes(connection: Connection) -> dict[str, TableShape]:
    inspector = inspect(connection)
    return {
        table: TableShape(
            {
                column["name"]: Column(
                    str(column["type"]), column["nullable"], column["default"] is not None
                )
                for column in inspector.get_columns(table)
            },
            {
                *(str(each) for each in inspector.get_foreign_keys(table)),
                *(str(each) for each in inspector.get_check_constraints(table)),
                *(str(each) for each in inspector.get_unique_constraints(table)),
                *(str(each) for each in inspector.get_indexes(table) if each["unique"]),
                str(inspector.get_pk_constraint(table)),
            },
        )
        for table in inspector.get_table_names()
    }


def breaks(older: dict[str, TableShape], newest: dict[str, TableShape]) -> Iterator[str]:
    """Yield what a registry that knows the older tables can't do with the newest ones."""
    for table, old in older.items():
        new = newest.get(table)
        if new is None:
            yield f"{table} is missing"
            continue
        for name, column in old.columns.items():
            found = new.columns.get(name)
            if found is None:
                yield f"{table}.{name} is missing"
            elif found.kind != column.kind:
                yield f"{table}.{name} was {column.kind} and is {found.kind}"
            elif column.is_nullable and not found.is_nullable:
                yield f"{table}.{name} may no longer be NULL"
        for name in new.columns.keys() - old.columns.keys():
            if not (new.columns[name].is_nullable or new.columns[name].has_default):
                yield f"{table}.{name} needs a value that older registries do not write"
        yield from (f"{table} has the new rule {rule}" for rule in new.rules - old.rules)


async def test_the_newest_tables_serve_the_statements_of_earlier_registries(
    database_url: str,
) -> None:
    database = Database(database_url)
    found = {}
    for revision in REVISIONS:
        await migrate(database, revision)
        async with database.migration() as connection:
            found[revision] = await connection.run_sync(shapes)
    await database.close()

    assert {
        revision: problems
        for revision in REVISIONS
        if (problems := sorted(breaks(found[revision], found[LATEST])))
    } == {}


async def test_a_sweep_that_an_earlier_registry_created_is_listed(database_url: str) -> None:
    basic = sweep_list_pb2.SWEEP_VIEW_BASIC
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry, **RICH_CONFIG)
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE sweeps SET outline = NULL")
        await connection.close()
        (found,) = await listed(registry, sweep_list_pb2.SweepFilter(), view=basic)

    assert (found.sweep_id, found.spec.metrics) == (sweep.sweep_id, sweep.spec.metrics)

    # The tables before that were allowed are reached again too.
    database = Database(database_url)
    async with database.migration() as tables:
        await tables.run_sync(downgrade, "0007")
        outline = await tables.scalar(text("SELECT outline FROM sweeps"))
    await database.close()
    assert json.loads(str(outline))["metric"]["name"] == sweep.spec.metrics[0].name


async def test_other_calls_go_on_while_a_migration_waits_for_a_long_transaction(
    database_url: str,
) -> None:
    database = Database(database_url)
    await migrate(database, REVISIONS[-2])
    reader, other = [await asyncpg.connect(database_url) for _ in range(2)]
    async with asyncio.timeout(120):
        async with reader.transaction():
            await reader.fetch("SELECT * FROM runs")
            migrating = asyncio.create_task(migrate(database))
            while not await other.fetchval(WAITING):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            # The transaction is still open, and the migration has to wait for it.
            for table in ("runs", "sweeps"):
                await other.fetch(f"SELECT * FROM {table}")
            assert not migrating.done()
        await migrating
        assert await other.fetchval("SELECT version_num FROM alembic_version") == LATEST
    for connection in (reader, other):
        await connection.close()
    await database.close()
