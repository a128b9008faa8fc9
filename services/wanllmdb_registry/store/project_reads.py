"""Which sweep is in which project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ARRAY, Text, bindparam, func, select

from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.schema import sweeps
from wanllmdb_registry.store.statement import Statement

_FIND = Statement(
    select(sweeps.c.sweep_id, sweeps.c.project).where(
        sweeps.c.sweep_id == func.any(bindparam("sweep_ids", type_=ARRAY(Text)))
    )
)


class ProjectReads:
    """One indexed query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """The projects of those of the sweeps that there are, by id."""
        async with self._database.read() as connection:
            rows = await _FIND.fetch(connection, sweep_ids=list(sweep_ids))
        return {row["sweep_id"]: row["project"] for row in rows}
