"""Finds runs past their lease, which are then queued again or lost."""

from __future__ import annotations

import asyncio
import struct
import time
from datetime import timedelta

import structlog

from wanllmdb_common.errors import NotFoundError
from wanllmdb_registry.background.failures import logged_failures
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.leases import ExpiredLeases, ExpireLeases
from wanllmdb_registry.prometheus_metrics import LEASES_EXPIRED, RETRIES_QUEUED
from wanllmdb_registry.store.sweep_store import SweepStore

log = structlog.get_logger(__name__)

_SWEEP_SKIPPED = "lease expiry of a sweep skipped"
_EXPIRED = struct.Struct("!QQ")


class LeaseExpiryTask:
    """Looks for expired leases six times per lease.

    Agents send three heartbeats per lease. During an outage of the registry or the database
    no heartbeat arrives and every lease expires. So a replica expires no lease until agents
    have been able to reach it for half a lease without a gap.
    """

    def __init__(self, store: SweepStore, commits: GroupCommit, lease: timedelta) -> None:
        self._store = store
        self._commits = commits
        self._interval = lease.total_seconds() / 6
        self._guard = OutageGuard(max_gap=2 * self._interval, min_uptime=3 * self._interval)

    async def run(self) -> None:
        """Run until canceled."""
        self._guard.record_reachable(time.monotonic())
        while True:
            await asyncio.sleep(self._interval)
            # Lease expiry of all sweeps depends on the next round, whatever failed in this one.
            with logged_failures("lease expiry skipped"):
                await self.run_once()

    async def run_once(self) -> None:
        """Run one round.

        Raises:
            ServiceError: the database does not answer.
        """
        sweep_ids = await self._store.sweeps_with_expired_leases()
        self._guard.record_reachable(time.monotonic())
        if self._guard.allows_expiry:
            for sweep_id in sweep_ids:
                await self._expire(sweep_id)

    async def _expire(self, sweep_id: str) -> None:
        # A failure with one sweep must not keep the other sweeps from expiring.
        with logged_failures(_SWEEP_SKIPPED, sweep_id=sweep_id):
            try:
                reply = await self._commits.submit(sweep_id, ExpireLeases(None, _encode))
            except NotFoundError:
                return
            expired = ExpiredLeases(*_EXPIRED.unpack(reply))
            # Another replica may have expired the runs first.
            if expired.runs:
                LEASES_EXPIRED.inc(expired.runs)
                RETRIES_QUEUED.inc(expired.queued)
                log.info(
                    "leases expired", sweep_id=sweep_id, runs=expired.runs, queued=expired.queued
                )


class OutageGuard:
    """Knows whether agents could reach the registry long enough to blame them for their silence.

    Args:
        gap: Seconds between two records, beyond which the time between the records
            counts as an outage.
        enough: Seconds without an outage after which leases may expire.
    """

    def __init__(self, max_gap: float, min_uptime: float) -> None:
        self._max_gap = max_gap
        self._min_uptime = min_uptime
        self._first: float | None = None
        self._last = 0.0

    def record_reachable(self, now: float) -> None:
        """Record that agents can reach the registry at `now`, in seconds of a monotonic clock."""
        if self._first is None or now - self._last > self._max_gap:
            self._first = now
        self._last = now

    @property
    def allows_expiry(self) -> bool:
        """Whether leases may expire now."""
        return self._first is not None and self._last - self._first >= self._min_uptime


def _encode(expired: ExpiredLeases) -> bytes:
    return _EXPIRED.pack(expired.runs, expired.queued)
