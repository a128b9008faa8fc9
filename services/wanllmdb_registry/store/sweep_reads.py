"""Reads of sweeps and of their projects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    bindparam,
    func,
    join,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import (
    DatabaseClock,
    Page,
    SweepFilter,
    SweepOrder,
    SweepPosition,
)
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import Columns, bytes_of, page_of, within_bytes
from wanllmdb_registry.store.rows import sweep_from_row
from wanllmdb_registry.store.schema import deleted_sweeps, sweeps
from wanllmdb_registry.store.statement import Statement

_GET = Statement(select(sweeps).where(sweeps.c.sweep_id == bindparam("sweep_id")))
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

    async def list(
        self, which: SweepFilter, order: SweepOrder, after: SweepPosition | None, limit: int
    ) -> Page[Sweep]:
        """Return at most `limit` sweeps after a position, and READ_BYTES; at least one sweep."""
        matching = _matching(which, order, after).limit(limit + 1)
        if which.project or which.projects is None:
            query = matching
        else:
            # Take a page of each project by the index, then the first of those sweeps: among all
            # sweeps, those of a few projects may be far apart.
            names = func.unnest(bindparam("own", sorted(which.projects), ARRAY(Text)))
            own = names.table_valued("project", name="own").render_derived()
            of_project = matching.where(sweeps.c.project == own.c.project)
            page = of_project.order_by(*_columns(order, sweeps.c)).lateral("page")
            query = select(page).select_from(join(own, page, true())).limit(limit + 1)
        by = partial(_columns, order)
        cut = within_bytes(query, by)
        cut = cut.order_by(*by(cut.selected_columns))
        async with self._database.list() as connection:
            rows = (await connection.execute(cut, {"most_bytes": READ_BYTES})).mappings().all()
        return await page_of(sweep_from_row, rows, limit)

    async def find_projects(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the projects of sweeps that exist, or were deleted within a day, by id."""
        async with self._database.read() as connection:
            rows = await _PROJECTS.fetch(connection, sweep_ids=list(sweep_ids))
        return {row["sweep_id"]: row["project"] for row in rows}


def _columns(order: SweepOrder, c: Columns) -> list[ColumnElement[Any]]:
    match order:
        case SweepOrder.CREATE_TIME_DESC:
            return [c.create_time.desc(), c.sweep_id.desc()]
        case SweepOrder.CREATE_TIME_ASC:
            return [c.create_time.asc(), c.sweep_id.asc()]
        case SweepOrder.NAME_ASC:
            return [c.name.asc(), c.sweep_id.asc()]


def _matching(
    which: SweepFilter, order: SweepOrder, after: SweepPosition | None
) -> Select[*tuple[Any, ...]]:
    """Return the matching sweeps, of all projects unless the filter names one."""
    c = sweeps.c
    size = bytes_of(c.config, c.description, c.best_parameters, c.end_message)
    query = select(sweeps, size.label("bytes"))
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
    if after is None:
        return query
    match order:
        case SweepOrder.CREATE_TIME_DESC:
            position = tuple_(after.create_time, after.sweep_id)
            return query.where(tuple_(c.create_time, c.sweep_id) < position)
        case SweepOrder.CREATE_TIME_ASC:
            position = tuple_(after.create_time, after.sweep_id)
            return query.where(tuple_(c.create_time, c.sweep_id) > position)
        case SweepOrder.NAME_ASC:
            position = tuple_(after.name, after.sweep_id)
            return query.where(tuple_(c.name, c.sweep_id) > position)
