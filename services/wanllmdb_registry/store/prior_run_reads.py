"""Reads of results of elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from wanllmdb_common.off_loop import converted_each
from wanllmdb_registry.domain.edit import sweep_not_found
from wanllmdb_registry.domain.model import PlacedPriorRun
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import prior_run_from_row
from wanllmdb_registry.store.schema import prior_runs, sweeps
from wanllmdb_registry.store.statement import Statement

_LIST = Statement(
    select(prior_runs)
    .where(prior_runs.c.sweep_id == bindparam("sweep_id"), prior_runs.c.index > bindparam("after"))
    .order_by(prior_runs.c.index)
    .limit(bindparam("limit"))
)
_SWEEP = Statement(select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == bindparam("sweep_id")))


class PriorRunReads:
    """Every method is one indexed query; where it finds nothing, one more for the sweep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, sweep_id: str, after: int, limit: int) -> Sequence[PlacedPriorRun]:
        """At most `limit` prior runs after an index, -1 for the first ones.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            rows = await _LIST.fetch(connection, sweep_id=sweep_id, after=after, limit=limit)
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return await converted_each(prior_run_from_row, rows)
