"""Runs whose agents fell silent are queued again or lost."""

from __future__ import annotations

import asyncio
import struct
import time
from datetime import timedelta

import structlog

from wanllmdb_common.errors import NotFoundError, ServiceError
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.leases import ExpiredLeases, ExpireLeases
from wanllmdb_registry.prometheus_metrics import LEASES_EXPIRED, RETRIES_QUEUED
from wanllmdb_registry.store.sweep_store import SweepStore

log = structlog.get_logger(__name__)

_NOT_THIS_TIME = "leases of a sweep not looked after this time"
_EXPIRED = struct.Struct("!QQ")


class LeaseExpiryTask:
    """Looks for leases that ran out, six times a lease.

    Agents send a heartbeat three times a lease. While no registry or no database
    answered they could not, and all of their leases ran out: so a replica takes no
    silence for death before it has been able to hear agents for half a lease on end.
    """

    def __init__(self, store: SweepStore, commits: GroupCommit, lease: timedelta) -> None:
        self._store = store
        self._commits = commits
        self._interval = lease.total_seconds() / 6
        self._guard = OutageGuard(max_gap=2 * self._interval, min_uptime=3 * self._interval)

    async def run(self) -> None:
        """Until it is canceled."""
        self._guard.record_reachable(time.monotonic())
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.run_once()
            except ServiceError as error:
                log.warning("leases not looked after this time", reason=error.reason)
            except Exception:
                # Whatever it was, runs of all sweeps depend on the next round.
                log.exception("leases not looked after this time")

    async def run_once(self) -> None:
        """One round.

        Raises:
            ServiceError: the database does not answer.
        """
        sweep_ids = await self._store.sweeps_with_expired_leases()
        self._guard.record_reachable(time.monotonic())
        if self._guard.allows_expiry:
            for sweep_id in sweep_ids:
                await self._expire(sweep_id)

    async def _expire(self, sweep_id: str) -> None:
        try:
            reply = await self._commits.submit(sweep_id, ExpireLeases(None, _encode))
        except NotFoundError:
            return
        # One sweep that can't be looked after must not keep the others from it.
        except ServiceError as error:
            log.warning(_NOT_THIS_TIME, sweep_id=sweep_id, reason=error.reason)
            return
        except Exception:
            log.exception(_NOT_THIS_TIME, sweep_id=sweep_id)
            return
        expired = ExpiredLeases(*_EXPIRED.unpack(reply))
        # Another replica may have been faster.
        if expired.runs:
            LEASES_EXPIRED.inc(expired.runs)
            RETRIES_QUEUED.inc(expired.queued)
            log.info("leases expired", sweep_id=sweep_id, runs=expired.runs, queued=expired.queued)


class OutageGuard:
    """Whether agents could be heard for long enough, so that silence means something.

    Args:
        gap: Seconds between two moments at which they could be, beyond which they could
            not be in between.
        enough: For how many seconds without a gap.
    """

    def __init__(self, max_gap: float, min_uptime: float) -> None:
        self._max_gap = max_gap
        self._min_uptime = min_uptime
        self._first: float | None = None
        self._last = 0.0

    def record_reachable(self, now: float) -> None:
        """Notes that they can be heard now; seconds of a clock that is never set."""
        if self._first is None or now - self._last > self._max_gap:
            self._first = now
        self._last = now

    @property
    def allows_expiry(self) -> bool:
        """See the class."""
        return self._first is not None and self._last - self._first >= self._min_uptime


def _encode(expired: ExpiredLeases) -> bytes:
    return _EXPIRED.pack(expired.runs, expired.queued)
