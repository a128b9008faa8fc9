"""Which sweep is in which project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ARRAY, Text, bindparam, func, literal, select, union_all

from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.schema import deleted_sweeps, sweeps
from wanllmdb_registry.store.statement import Statement

_wanted = func.any(bindparam("sweep_ids", type_=ARRAY(Text)))
# Sweeps that there are come last, and so count: an id may have been used again.
_FIND = Statement(
    union_all(
        select(
            deleted_sweeps.c.sweep_id, deleted_sweeps.c.project, literal(0).label("place")
        ).where(deleted_sweeps.c.sweep_id == _wanted),
        select(sweeps.c.sweep_id, sweeps.c.project, literal(1)).where(sweeps.c.sweep_id == _wanted),
    ).order_by("place")
)


class ProjectReads:
    """One indexed query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """The projects of those of the sweeps that there are, or were a day ago, by id."""
        async with self._database.read() as connection:
            rows = await _FIND.fetch(connection, sweep_ids=list(sweep_ids))
        return {row["sweep_id"]: row["project"] for row in rows}
