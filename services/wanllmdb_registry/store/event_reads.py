"""Reads of what happened to a sweep."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, select

from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.reads import Page
from wanllmdb_registry.domain.sweep_events import SweepEvent
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import bytes_of, of_sweep, page_of, within_bytes
from wanllmdb_registry.store.rows import event_from_row
from wanllmdb_registry.store.schema import sweep_events, sweeps
from wanllmdb_registry.store.statement import Statement

_SWEEP = Statement(select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == bindparam("sweep_id")))
_EVENTS = Statement(
    within_bytes(
        select(sweep_events, bytes_of(sweep_events.c.detail).label("bytes"))
        .where(
            of_sweep(sweep_events.c),
            sweep_events.c.index < bindparam("before", type_=BigInteger),
        )
        .limit(bindparam("limit")),
        lambda c: [c.index.desc()],
    )
)
# Above every index.
_AFTER_ALL = 2**63 - 1


class EventReads:
    """Reads of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, sweep_id: str, before: int | None, limit: int) -> Page[SweepEvent]:
        """Return at most `limit` events before an index, None for the latest, latest first.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read_many() as connection:
            rows = await _EVENTS.fetch(
                connection,
                sweep_id=sweep_id,
                before=_AFTER_ALL if before is None else before,
                limit=limit + 1,
                most_bytes=READ_BYTES,
            )
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return await page_of(event_from_row, rows, limit)
