"""A database for the tests of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.contract.stored import LEASE, Stored, stored_in
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import migrate
from wanllmdb_registry.store.sweep_store import SweepStore


@pytest.fixture(scope="session")
def contract_database(postgres_url: str) -> str:
    """A database without a registry, whose expiry of leases would change the tests' runs."""
    return create_database(postgres_url, "contract")


@pytest.fixture(scope="module")
async def database(contract_database: str) -> AsyncIterator[Database]:
    database = Database(contract_database, pool_size=8)
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture
def stored(database: Database) -> Stored:
    return stored_in(database)


@pytest.fixture
async def stores(contract_database: str) -> AsyncIterator[list[SweepStore]]:
    """The stores of two replicas, on connections of their own."""
    databases = [Database(contract_database, pool_size=8) for _ in range(2)]
    yield [SweepStore(database, LEASE) for database in databases]
    for database in databases:
        await database.close()


@pytest.fixture
async def operator(contract_database: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that belongs to no store."""
    connection = await asyncpg.connect(contract_database)
    yield connection
    await connection.close()
