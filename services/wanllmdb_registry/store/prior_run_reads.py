"""Reads of results of elsewhere."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import IndexedPriorRun
from wanllmdb_registry.domain.reads import Page
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import prior_run_from_row
from wanllmdb_registry.store.run_columns import bytes_of, page_of, within_bytes
from wanllmdb_registry.store.schema import prior_runs, sweeps
from wanllmdb_registry.store.statement import Statement

_page = (
    select(prior_runs, bytes_of(prior_runs.c.parameters).label("bytes"))
    .where(prior_runs.c.sweep_id == bindparam("sweep_id"), prior_runs.c.index > bindparam("after"))
    .limit(bindparam("limit"))
)
_LIST = Statement(within_bytes(_page, lambda c: [c["index"]]).order_by("index"))
_SWEEP = Statement(select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == bindparam("sweep_id")))


class PriorRunReads:
    """Every method is one indexed query; where it finds nothing, one more for the sweep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, sweep_id: str, after: int, limit: int) -> Page[IndexedPriorRun]:
        """At most `limit` prior runs, and READ_BYTES, after an index, -1 for the first ones.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            rows = await _LIST.fetch(
                connection,
                sweep_id=sweep_id,
                after=after,
                limit=limit + 1,
                most_bytes=READ_BYTES,
            )
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return await page_of(prior_run_from_row, rows, limit)
