"""Deletes sweeps and metric history that are kept no longer; off by default."""

from __future__ import annotations

import asyncio

import structlog

from wanllmdb_common.errors import ServiceError
from wanllmdb_registry.background.failures import logged_failures
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.retention import Retention
from wanllmdb_registry.domain.sweep_lifecycle import DeleteSweep
from wanllmdb_registry.store.retention_store import OldSweep, RetentionStore

INTERVAL = 3600.0
# Sweeps that one query returns.
SWEEPS_AT_ONCE = 100
# Values that one statement deletes, in about a tenth of a second, and seconds until the next
# statement, in which PostgreSQL serves others.
POINTS_AT_ONCE = 10_000
PAUSE = 0.1

log = structlog.get_logger(__name__)


class RetentionTask:
    """Looks for what is too old every hour. Several replicas may do so at the same time."""

    def __init__(self, store: RetentionStore, commits: GroupCommit, retention: Retention) -> None:
        self._store = store
        self._commits = commits
        self._retention = retention

    async def run(self) -> None:
        """Run until canceled; ends at once if everything is kept for ever."""
        while not self._retention.is_forever:
            with logged_failures("retention skipped"):
                await self.run_once()
            await asyncio.sleep(INTERVAL)

    async def run_once(self) -> None:
        """Delete all that is too old at present.

        Raises:
            ServiceError: the database does not answer.
        """
        if not self._retention.sweeps.is_forever:
            await self._delete_sweeps()
        if not self._retention.history.is_forever:
            await self._delete_histories()

    async def _delete_sweeps(self) -> None:
        skipped: set[str] = set()
        while old := await self._next(skipped, with_history=False):
            for sweep in old:
                try:
                    command = DeleteSweep(None, lambda _: b"", etag=sweep.etag)
                    await self._commits.submit(sweep.sweep_id, command)
                except ServiceError as error:
                    # A user changed or deleted the sweep meanwhile.
                    skipped.add(sweep.sweep_id)
                    log.warning(
                        "an old sweep was kept", sweep_id=sweep.sweep_id, reason=error.reason
                    )
                else:
                    log.info("an old sweep was deleted", sweep_id=sweep.sweep_id)

    async def _delete_histories(self) -> None:
        skipped: set[str] = set()
        while old := await self._next(skipped, with_history=True):
            for sweep in old:
                deleted = await self._delete_history(sweep)
                # Another replica deletes it, or runs are retried.
                skipped.add(sweep.sweep_id)
                if deleted:
                    log.info("old history was deleted", sweep_id=sweep.sweep_id, values=deleted)

    async def _next(self, skipped: set[str], *, with_history: bool) -> list[OldSweep]:
        """Return old sweeps that were not skipped in this round."""
        keep = self._retention.history if with_history else self._retention.sweeps
        limit = SWEEPS_AT_ONCE + len(skipped)
        old = await self._store.old_sweeps(keep, limit, with_history=with_history)
        return [sweep for sweep in old if sweep.sweep_id not in skipped]

    async def _delete_history(self, sweep: OldSweep) -> int:
        total = 0
        while deleted := await self._store.delete_history(sweep, POINTS_AT_ONCE):
            total += deleted
            await asyncio.sleep(PAUSE)
        return total
