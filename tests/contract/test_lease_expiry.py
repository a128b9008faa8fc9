"""Lease expiry while the database becomes unavailable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.contract.stored import Stored, create
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.background.lease_expiry import LeaseExpiryTask
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.group_commit import GroupCommit, Outcome

LEASE = timedelta(seconds=0.6)


class FailingStore:
    """A store that fails before every write, by an outage of its database or a defect."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def apply(self, sweep_id: str, changes: Sequence[Command]) -> list[Outcome]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "level"),
    [(UnavailableError("DATABASE_UNAVAILABLE", "away"), "warning"), (ValueError("bug"), "error")],
    ids=["away", "defect"],
)
async def test_an_outage_and_a_defect_are_logged_differently(
    stored: Stored,
    operator: asyncpg.Connection[asyncpg.Record],
    error: Exception,
    level: str,
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(0)])
    await operator.execute(
        "UPDATE runs SET lease_expire_time = now() - interval '1 second' WHERE sweep_id = $1",
        sweep_id,
    )
    task = LeaseExpiryTask(stored.store, GroupCommit(FailingStore(error), lambda _: None), LEASE)
    with capture_logs() as logs:
        # The task expires no lease before it has run for half a lease.
        for _ in range(100):
            await task.run_once()
            if any(entry.get("sweep_id") == sweep_id for entry in logs):
                break
            await asyncio.sleep(LEASE.total_seconds() / 6)
    logged = [entry for entry in logs if entry.get("sweep_id") == sweep_id]
    assert [entry["log_level"] for entry in logged] == [level]
    assert ("exc_info" in logged[0]) == (level == "error")
