"""Reads of sweeps and of their projects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ARRAY, Text, bindparam, func, literal, select, union_all

from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import DatabaseClock
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import WHOLE_SWEEP
from wanllmdb_registry.store.rows import sweep_from_row
from wanllmdb_registry.store.schema import deleted_sweeps, sweeps
from wanllmdb_registry.store.statement import Statement

_GET = Statement(select(*WHOLE_SWEEP).where(sweeps.c.sweep_id == bindparam("sweep_id")))
_NOW = Statement(select(func.clock_timestamp().label("now")))
_wanted = func.any(bindparam("sweep_ids", type_=ARRAY(Text)))
# Existing sweeps come last and so override deleted ones, whose id may have been used again.
_PROJECTS = Statement(
    union_all(
        select(deleted_sweeps.c.sweep_id, deleted_sweeps.c.project, literal(0).label("rank")).where(
            deleted_sweeps.c.sweep_id == _wanted
        ),
        select(sweeps.c.sweep_id, sweeps.c.project, literal(1)).where(sweeps.c.sweep_id == _wanted),
    ).order_by("rank")
)


class SweepReads:
    """Reads sweeps; every method is one indexed query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def clock(self) -> DatabaseClock:
        """Return the database's time and identity."""
        async with self._database.read() as connection:
            (row,) = await _NOW.fetch(connection)
            return DatabaseClock(row["now"], self._database.identity)

    async def get(self, sweep_id: str) -> Sweep:
        """Return the sweep.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            row = await _GET.fetch_one(connection, sweep_id=sweep_id)
        if row is None:
            raise sweep_not_found(sweep_id)
        return sweep_from_row(row)

    async def find_projects(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the projects of sweeps that exist, or were deleted within a day, by id."""
        async with self._database.read() as connection:
            rows = await _PROJECTS.fetch(connection, sweep_ids=list(sweep_ids))
        return {row["sweep_id"]: row["project"] for row in rows}
