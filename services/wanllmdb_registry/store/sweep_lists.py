"""Lists of sweeps and of projects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    collate,
    func,
    join,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import Sweep, SweepState
from wanllmdb_registry.domain.reads import (
    ListHead,
    Page,
    Project,
    SweepFilter,
    SweepHead,
    SweepOrder,
    SweepPosition,
    SweepView,
)
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import (
    OUTLINE,
    OUTLINED_SWEEP,
    WHOLE_SWEEP,
    Columns,
    bytes_of,
    page_of,
    within_bytes,
)
from wanllmdb_registry.store.rows import sweep_from_row
from wanllmdb_registry.store.schema import STATE_RANK, projects, sweeps
from wanllmdb_registry.store.statement import Statement

T = TypeVar("T", bound=Select[*tuple[Any, ...]])

_RANK = "state_rank"
_rank: ColumnElement[int] = literal_column(f"({STATE_RANK})", BigInteger)
# The column that each order compares first. All columns of an order have the same direction, so
# that one comparison of rows finds the next page in an index.
_KEYS = {
    SweepOrder.CREATE_TIME_DESC: "create_time",
    SweepOrder.CREATE_TIME_ASC: "create_time",
    SweepOrder.NAME_ASC: "name",
    SweepOrder.UPDATE_TIME_DESC: "update_time",
    SweepOrder.RUNS_DESC: "next_number",
    SweepOrder.STATE_ASC: _RANK,
}
_ASCENDING = (SweepOrder.CREATE_TIME_ASC, SweepOrder.NAME_ASC)

_VIEWS = {
    SweepView.FULL: (
        *WHOLE_SWEEP,
        _rank.label(_RANK),
        bytes_of(
            sweeps.c.config, sweeps.c.description, sweeps.c.best_parameters, sweeps.c.end_message
        ).label("bytes"),
    ),
    SweepView.BASIC: (
        *OUTLINED_SWEEP,
        _rank.label(_RANK),
        bytes_of(OUTLINE, sweeps.c.description, sweeps.c.end_message).label("bytes"),
    ),
}
_HEAD = (
    sweeps.c.sweep_id,
    sweeps.c.revision,
    sweeps.c.create_time,
    sweeps.c.update_time,
    sweeps.c.name,
    sweeps.c.next_number,
    sweeps.c.project,
    _rank.label(_RANK),
)
_sweep_ids = bindparam("sweep_ids", type_=ARRAY(Text))


def _as_requested(c: Columns) -> list[ColumnElement[Any]]:
    return [func.array_position(_sweep_ids, c.sweep_id)]


_by_id = within_bytes(
    select(*_VIEWS[SweepView.BASIC]).where(sweeps.c.sweep_id == func.any(_sweep_ids)),
    _as_requested,
)
_BY_ID = Statement(_by_id.order_by(*_as_requested(_by_id.selected_columns)))

_own = bindparam("own", type_=ARRAY(Text))
_found = (
    select(projects.c.name)
    .where(
        projects.c.name > bindparam("after", type_=Text),
        or_(_own.is_(None), projects.c.name == func.any(_own)),
        select(sweeps.c.sweep_id).where(sweeps.c.project == projects.c.name).exists(),
    )
    .order_by(projects.c.name)
    .limit(bindparam("limit"))
    .subquery("found")
)
_by_state = (
    select(
        sweeps.c.state,
        func.count().label("count"),
        func.max(sweeps.c.update_time).label("update_time"),
    )
    .where(sweeps.c.project == _found.c.name)
    .group_by(sweeps.c.state)
    .lateral("by_state")
)
_PROJECTS = Statement(
    select(_found.c.name, *_by_state.c)
    .select_from(_found.outerjoin(_by_state, true()))
    .order_by(_found.c.name)
)


class SweepLists:
    """Lists sweeps and projects; every method is one query, plus those that its docstring names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        which: SweepFilter,
        order: SweepOrder,
        after: SweepPosition | None,
        limit: int,
        view: SweepView = SweepView.FULL,
    ) -> Page[Sweep]:
        """Return at most `limit` sweeps after a position, and READ_BYTES; at least one sweep."""
        query = _first(_VIEWS[view], which, order, after, limit + 1)
        by = partial(_columns, order)
        cut = within_bytes(query, by)
        cut = cut.order_by(*by(cut.selected_columns))
        async with self._database.list() as connection:
            rows = (await connection.execute(cut, {"most_bytes": READ_BYTES})).mappings().all()
        return await page_of(sweep_from_row, rows, limit)

    async def count(self, which: SweepFilter) -> int:
        """Return how many sweeps match."""
        async with self._database.list() as connection:
            return (await connection.execute(_counted(which))).scalar_one()

    async def head(self, which: SweepFilter, order: SweepOrder, limit: int) -> ListHead:
        """Return the first `limit` sweeps and the number of all, by two queries of one snapshot."""
        query = _first(_HEAD, which, order, None, limit)
        rows_in_order = query.order_by(*_columns(order, query.selected_columns))
        async with self._database.snapshot() as connection:
            rows = (await connection.execute(rows_in_order)).mappings().all()
            total = len(rows)
            if total == limit:
                total = (await connection.execute(_counted(which))).scalar_one()
        return ListHead(
            tuple(SweepHead(r["sweep_id"], r["revision"], r["create_time"]) for r in rows), total
        )

    async def by_id(self, sweep_ids: Sequence[str], most_bytes: int) -> Page[Sweep]:
        """Return sweeps by id, in that order and the view BASIC: the first ones, at least one.

        They take about `most_bytes`. Sweeps that do not exist are left out.
        """
        async with self._database.read_many() as connection:
            rows = await _BY_ID.fetch(connection, sweep_ids=list(sweep_ids), most_bytes=most_bytes)
        return await page_of(sweep_from_row, rows, len(sweep_ids))

    async def projects(self, own: frozenset[str] | None, after: str, limit: int) -> Page[Project]:
        """Return at most `limit` projects that have sweeps, by name, after a name.

        Args:
            own: The projects that the caller may read; None for all.
            after: The last name of the previous page; empty for the first page.
            limit: The number of projects.
        """
        names = None if own is None else sorted(own)
        async with self._database.read_many() as connection:
            rows = await _PROJECTS.fetch(connection, own=names, after=after, limit=limit + 1)
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row["name"], []).append(row)
        items = [
            Project(
                name,
                {state: of[state] for state in SweepState if state in of},
                max(row["update_time"] for row in states),
            )
            for name, states in list(found.items())[:limit]
            for of in [{SweepState(row["state"]): row["count"] for row in states}]
        ]
        return Page(items, len(found) > limit, 0)


def _columns(order: SweepOrder, c: Columns) -> list[ColumnElement[Any]]:
    columns = [c[name] for name in _names(order)]
    return columns if order in _ASCENDING else [column.desc() for column in columns]


def _names(order: SweepOrder) -> Sequence[str]:
    match order:
        case SweepOrder.NAME_ASC:
            return ("name", "sweep_id")
        case SweepOrder.CREATE_TIME_ASC | SweepOrder.CREATE_TIME_DESC:
            return ("create_time", "sweep_id")
        case _:
            return (_KEYS[order], "create_time", "sweep_id")


def _first(
    columns: Sequence[ColumnElement[Any]],
    which: SweepFilter,
    order: SweepOrder,
    after: SweepPosition | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    """Return the first `limit` matching sweeps after a position, in their order."""
    matching = _matching(select(*columns), which)
    by = _columns(order, _SORTED)
    if after is not None:
        matching = matching.where(_passed(order, after))
    page = matching.order_by(*by).limit(limit)
    if which.project or which.projects is None:
        return page
    # Take a page of each project by the index, then the first of those sweeps: among all
    # sweeps, those of a few projects may be far apart.
    names = func.unnest(bindparam("own", sorted(which.projects), ARRAY(Text)))
    own = names.table_valued("project", name="own").render_derived()
    of_project = page.where(sweeps.c.project == own.c.project).lateral("page")
    joined = select(*of_project.c).select_from(join(own, of_project, true()))
    return joined.order_by(*_columns(order, of_project.c)).limit(limit)


_SORTED: Any = {**{column.name: column for column in sweeps.c}, _RANK: _rank}


def _passed(order: SweepOrder, after: SweepPosition) -> ColumnElement[bool]:
    values = {_KEYS[order]: after.key, "create_time": after.create_time, "sweep_id": after.sweep_id}
    names = _names(order)
    columns = tuple_(*(_SORTED[name] for name in names))
    position = tuple_(*(values[name] for name in names))
    return columns > position if order in _ASCENDING else columns < position


def _counted(which: SweepFilter) -> Select[int]:
    query = _matching(select(func.count()).select_from(sweeps), which)
    if which.project or which.projects is None:
        return query
    return query.where(sweeps.c.project.in_(sorted(which.projects)))


def _matching(query: T, which: SweepFilter) -> T:
    """Return the query for the matching sweeps, of all projects unless the filter names one."""
    c = sweeps.c
    if which.project:
        query = query.where(c.project == which.project)
    if which.states:
        query = query.where(c.state.in_([state.value for state in which.states]))
    if which.methods:
        query = query.where(c.method.in_([method.value for method in which.methods]))
    if which.query:
        query = query.where(or_(*(_contains(text, which.query) for text in _SEARCHED)))
    if which.created_after is not None:
        query = query.where(c.create_time >= which.created_after)
    if which.created_before is not None:
        query = query.where(c.create_time < which.created_before)
    return query


# Short texts first: most descriptions are compared only if the others do not match.
_SEARCHED = (sweeps.c.name, sweeps.c.sweep_id, sweeps.c.description)


def _contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    # Not LIKE, to which some characters are special. The collation C of names would change the
    # case of ASCII letters only.
    lowered = func.lower(collate(column, "default"))
    return func.strpos(lowered, func.lower(bindparam(None, part, Text))) > 0
