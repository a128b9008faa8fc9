"""Reads of sweeps."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, tuple_

from wanllmdb_registry.domain.edit import sweep_not_found
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import SweepFilter, SweepOrder, SweepPosition
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import sweep_from_row
from wanllmdb_registry.store.schema import sweeps
from wanllmdb_registry.store.statement import Statement

_GET = Statement(select(sweeps).where(sweeps.c.sweep_id == bindparam("sweep_id")))


class SweepReads:
    """Every method is one indexed query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, sweep_id: str) -> Sweep:
        """The sweep.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            row = await _GET.fetch_one(connection, sweep_id=sweep_id)
        if row is None:
            raise sweep_not_found(sweep_id)
        return sweep_from_row(row)

    async def list(
        self, which: SweepFilter, order: SweepOrder, after: SweepPosition | None, limit: int
    ) -> Sequence[Sweep]:
        """At most `limit` sweeps after a position."""
        c = sweeps.c
        query = select(sweeps)
        if which.project:
            query = query.where(c.project == which.project)
        if which.states:
            query = query.where(c.state.in_([state.value for state in which.states]))
        if which.methods:
            query = query.where(c.method.in_([method.value for method in which.methods]))
        if which.name_prefix:
            query = query.where(c.name.startswith(which.name_prefix, autoescape=True))
        if which.created_after is not None:
            query = query.where(c.create_time >= which.created_after)
        if which.created_before is not None:
            query = query.where(c.create_time < which.created_before)
        match order:
            case SweepOrder.CREATE_TIME_DESC:
                query = query.order_by(c.create_time.desc(), c.sweep_id.desc())
                if after is not None:
                    last = tuple_(after.create_time, after.sweep_id)
                    query = query.where(tuple_(c.create_time, c.sweep_id) < last)
            case SweepOrder.CREATE_TIME_ASC:
                query = query.order_by(c.create_time, c.sweep_id)
                if after is not None:
                    last = tuple_(after.create_time, after.sweep_id)
                    query = query.where(tuple_(c.create_time, c.sweep_id) > last)
            case SweepOrder.NAME_ASC:
                query = query.order_by(c.name, c.sweep_id)
                if after is not None:
                    query = query.where(
                        tuple_(c.name, c.sweep_id) > tuple_(after.name, after.sweep_id)
                    )
        async with self._database.list() as connection:
            rows = (await connection.execute(query.limit(limit))).mappings().all()
        return [sweep_from_row(row) for row in rows]
