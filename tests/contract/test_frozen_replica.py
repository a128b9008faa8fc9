"""A replica that freezes within a transaction delays the others only for some seconds.

One that computes for as long keeps its transaction.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from tests.contract.stored import LEASE, Stored, create, finish
from wanllmdb_common.computing.off_loop import INLINE
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.leases import ExpireLeases
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.statement import IDLE_SECONDS, Connection, converted_within
from wanllmdb_registry.store.sweep_statements import LOCK_SWEEP
from wanllmdb_registry.store.sweep_store import SweepStore


@pytest.fixture
async def other_replica(contract_database: str) -> AsyncIterator[Database]:
    """A store with its own connections to the same database."""
    database = Database(contract_database, pool_size=4)
    yield database
    await database.close()


async def lock(connection: Connection, sweep_id: str) -> None:
    """Lock the sweep, as a write does that conflicted with another one."""
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
            # The write neither proceeds nor fails.
            async with asyncio.timeout(IDLE_SECONDS * 6):
                (outcome,) = await stored.store.apply(sweep_id, [waiting])
            assert isinstance(outcome, bytes)
            # The replica continues, and its transaction has been ended.
            await lock(frozen, sweep_id)

    with pytest.raises(UnavailableError) as caught:
        await freeze()
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert (await stored.sweeps.get(sweep_id)).counts.finished == (0 if needs_lock else 1)
    # It works again with a new connection.
    await SweepStore(other_replica, LEASE).apply(sweep_id, [create(1)])
    assert (await stored.sweeps.get(sweep_id)).next_number == 2


async def test_a_replica_that_computes_keeps_its_locks(
    stored: Stored, other_replica: Database
) -> None:
    sweep_id = await stored.sweep()
    async with other_replica.transaction() as computing:
        await lock(computing, sweep_id)
        never = threading.Event()
        await converted_within(computing, lambda: never.wait(IDLE_SECONDS + 2), INLINE + 1)
        await lock(computing, sweep_id)
