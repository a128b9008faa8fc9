"""A replica that stops in the midst of a transaction holds up the others for some seconds only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract.stored import LEASE, Stored, create, finish
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.leases import ExpireLeases
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.statement import IDLE_SECONDS, Connection
from wanllmdb_registry.store.sweep_statements import LOCK_SWEEP
from wanllmdb_registry.store.sweep_store import SweepStore


@pytest.fixture
async def other_replica(session_database: str) -> AsyncIterator[Database]:
    """Its own connections to the same database."""
    database = Database(session_database, pool_size=4)
    yield database
    await database.close()


async def lock(connection: Connection, sweep_id: str) -> None:
    """As a write does that met another one."""
    assert await LOCK_SWEEP.fetch_one(connection, sweep_id=sweep_id, request_ids=[])


@pytest.mark.parametrize("needs_lock", [False, True], ids=["a result", "expired leases"])
async def test_a_frozen_replica_loses_its_locks(
    stored: Stored, other_replica: Database, needs_lock: bool
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(0)])
    waiting: Command = finish(0, 1.0)
    if needs_lock:
        waiting = ExpireLeases(None, lambda expired: b"looked after")

    async def freeze() -> None:
        async with other_replica.transaction() as frozen:
            await lock(frozen, sweep_id)
            # It neither goes on nor gives up.
            async with asyncio.timeout(IDLE_SECONDS * 6):
                (outcome,) = await stored.store.apply(sweep_id, [waiting])
            assert isinstance(outcome, bytes)
            # It thaws, and finds that it can't go on.
            await lock(frozen, sweep_id)

    with pytest.raises(UnavailableError) as caught:
        await freeze()
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert (await stored.sweeps.get(sweep_id)).counts.finished == (0 if needs_lock else 1)
    # With a new connection it works on.
    await SweepStore(other_replica, LEASE).apply(sweep_id, [create(1)])
    assert (await stored.sweeps.get(sweep_id)).next_number == 2
