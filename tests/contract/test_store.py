"""The PostgreSQL store fulfils the store contract and survives concurrent writes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from tests.contract.store_contract import SweepStoreContract
from tests.contract.stored import LEASE, Stored, create, finish, key, stored_in
from wanllmdb_registry.domain.group_commit import Outcome
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.statement import Connection
from wanllmdb_registry.store.sweep_store import SweepStore


class TestPostgresStore(SweepStoreContract):
    @pytest.fixture
    def stored(self, database: Database) -> Stored:
        return stored_in(database)

    @pytest.fixture
    async def replicas(self, contract_database: str) -> AsyncIterator[Sequence[SweepStore]]:
        databases = [Database(contract_database, pool_size=2) for _ in range(3)]
        yield [SweepStore(database, LEASE) for database in databases]
        for database in databases:
            await database.close()


class _AfterReplies:
    """A connection that lets another store write after the first one has read stored replies."""

    def __init__(self, connection: Connection, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._connection = connection
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    async def fetch(self, sql: str, *arguments: object) -> object:
        rows = await self._connection.fetch(sql, *arguments)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return rows

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class _InterruptedDatabase:
    """A database in which another store writes during the first unlocked attempt."""

    def __init__(self, database: Database, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._meanwhile = meanwhile
        self.transaction = database.transaction

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[_AfterReplies]:
        async with self._database.read() as connection:
            yield _AfterReplies(connection, self._meanwhile)


async def test_what_another_store_did_meanwhile_is_no_error(
    stored: Stored, database: Database
) -> None:
    """Repeat a request that was answered long ago, beside one that is answered at this moment."""
    sweep_id = await stored.sweep()
    old, new = finish(0, 1.0, key()), finish(1, 2.0, key())
    (first,) = (await stored.store.apply(sweep_id, [create(0, 1), old]))[1:]
    elsewhere: list[Outcome] = []

    async def meanwhile() -> None:
        elsewhere.extend(await stored.store.apply(sweep_id, [new]))

    interrupted: Any = _InterruptedDatabase(database, meanwhile)
    outcomes = await SweepStore(interrupted, LEASE).apply(sweep_id, [old, new])
    assert outcomes == [first, *elsewhere]
