"""Deletes the rows of deleted sweeps in the background, with pauses for other callers."""

from __future__ import annotations

import asyncio

import structlog

from wanllmdb_registry.background.failures import logged_failures
from wanllmdb_registry.prometheus_metrics import ROWS_PURGED, SWEEPS_TO_PURGE
from wanllmdb_registry.store.purge_store import PurgeStore

# Seconds between two looks for deleted sweeps.
INTERVAL = 5.0

log = structlog.get_logger(__name__)


class PurgeTask:
    """Looks for deleted sweeps that have rows left. Several replicas may do so at the same time."""

    def __init__(self, store: PurgeStore) -> None:
        self._store = store

    async def run(self) -> None:
        """Run until canceled."""
        while True:
            pause = INTERVAL
            with logged_failures("the purge of deleted sweeps waits"):
                pause = await self.run_once()
            await asyncio.sleep(pause)

    async def run_once(self) -> float:
        """Delete one part, and return the seconds until the next one.

        Raises:
            ServiceError: the database does not answer.
        """
        part = await self._store.purge_part()
        SWEEPS_TO_PURGE.set(await self._store.waiting())
        if part is None:
            return INTERVAL
        ROWS_PURGED.inc(part.rows)
        if part.is_last:
            log.info("all rows of a deleted sweep are deleted", sweep_id=part.sweep_id)
        return part.pause
