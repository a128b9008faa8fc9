"""Reads of runs and their metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from wanllmdb_common.off_loop import converted_each
from wanllmdb_registry.domain.edit import run_not_found, sweep_not_found
from wanllmdb_registry.domain.model import MetricPoint, Run, RunState
from wanllmdb_registry.domain.reads import PointPosition, RunOrder, RunPosition
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import point_from_row, run_from_row
from wanllmdb_registry.store.schema import metric_points, runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

_SWEEP = Statement(select(sweeps).where(sweeps.c.sweep_id == bindparam("sweep_id")))
_BY_NUMBER = Statement(
    select(runs).where(
        runs.c.sweep_id == bindparam("sweep_id"), runs.c.number == bindparam("number")
    )
)
_BY_EXTERNAL_ID = Statement(
    select(runs).where(
        runs.c.sweep_id == bindparam("sweep_id"),
        runs.c.external_run_id == bindparam("external_run_id"),
    )
)

_of_sweep = runs.c.sweep_id == bindparam("sweep_id")
_in_states = runs.c.state == func.any(bindparam("states", type_=ARRAY(Text)))


def _page(query: Select[Any], order: RunOrder, *conditions: ColumnElement[bool]) -> Statement:
    """A page by number after the position `after`."""
    number, after = runs.c.number, bindparam("after", type_=BigInteger)
    if order is RunOrder.NUMBER_ASC:
        query = query.where(number > after).order_by(number)
    else:
        query = query.where(number < after).order_by(number.desc())
    return Statement(query.where(_of_sweep, *conditions).limit(bindparam("limit")))


_PAGES = {
    order: (_page(select(runs), order), _page(select(runs), order, _in_states))
    for order in (RunOrder.NUMBER_ASC, RunOrder.NUMBER_DESC)
}
_summaries = select(runs.c.number, runs.c.summary)
_SUMMARIES = (
    _page(_summaries, RunOrder.NUMBER_ASC),
    _page(_summaries, RunOrder.NUMBER_ASC, _in_states),
)
# Where pages by number begin.
_BEFORE_ALL = {RunOrder.NUMBER_ASC: -1, RunOrder.NUMBER_DESC: 2**63 - 1}


class RunReads:
    """Every method is one indexed query, or one more where it says so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(
        self, sweep_id: str, *, number: int | None = None, external_run_id: str | None = None
    ) -> Run:
        """A run by number or by the outside tracker's id.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND or RUN_NOT_FOUND.
        """
        async with self._database.read() as connection:
            if number is not None:
                row = await _BY_NUMBER.fetch_one(connection, sweep_id=sweep_id, number=number)
            else:
                row = await _BY_EXTERNAL_ID.fetch_one(
                    connection, sweep_id=sweep_id, external_run_id=external_run_id
                )
            if row is None:
                if await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                    raise sweep_not_found(sweep_id)
                raise run_not_found(sweep_id, number=number, external_run_id=external_run_id)
        return run_from_row(row)

    async def list(
        self,
        sweep_id: str,
        states: Sequence[RunState],
        order: RunOrder,
        after: RunPosition | None,
        limit: int,
    ) -> Sequence[Run]:
        """At most `limit` runs after a position; a second query only where the first is empty
        or runs without an objective follow those with one.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        if order in _PAGES:
            statement = _PAGES[order][bool(states)]
            position = _BEFORE_ALL[order] if after is None else after.number
            rows = await self._fetch_page(statement, sweep_id, states, position, limit)
            return await converted_each(run_from_row, rows)
        base = select(runs).where(runs.c.sweep_id == sweep_id)
        if states:
            base = base.where(runs.c.state.in_([state.value for state in states]))
        async with self._database.list() as connection:
            found = await _by_objective(connection, base, after, limit, order)
            if not found:
                await _require_sweep(connection, sweep_id)
        return await converted_each(run_from_row, found)

    async def summaries(
        self, sweep_id: str, states: Sequence[RunState], after: int, limit: int
    ) -> Sequence[tuple[int, Mapping[str, float]]]:
        """Numbers and summaries alone, at most `limit` after a number, -1 for the first ones.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        statement = _SUMMARIES[bool(states)]
        rows = await self._fetch_page(statement, sweep_id, states, after, limit)
        return await converted_each(lambda row: (row["number"], json.loads(row["summary"])), rows)

    async def _fetch_page(
        self,
        statement: Statement,
        sweep_id: str,
        states: Sequence[RunState],
        after: int,
        limit: int,
    ) -> Sequence[Row]:
        names = [state.value for state in states]
        async with self._database.read_many() as connection:
            rows = await statement.fetch(
                connection, sweep_id=sweep_id, states=names, after=after, limit=limit
            )
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return rows

    async def metric_points(
        self,
        sweep_id: str,
        number: int,
        names: Sequence[str],
        min_step: int | None,
        attempt: int | None,
        after: PointPosition | None,
        limit: int,
    ) -> Sequence[MetricPoint]:
        """At most `limit` points by name and step, of the latest attempt unless one is named.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND or RUN_NOT_FOUND.
        """
        c = metric_points.c
        if attempt is None:
            latest = (
                select(runs.c.attempt)
                .where(runs.c.sweep_id == sweep_id, runs.c.number == number)
                .scalar_subquery()
            )
            of_attempt = c.attempt == latest
        else:
            of_attempt = c.attempt == attempt
        query = select(metric_points).where(c.sweep_id == sweep_id, c.number == number, of_attempt)
        if names:
            query = query.where(c.name.in_(names))
        if min_step is not None:
            query = query.where(c.step >= min_step)
        if after is not None:
            query = query.where(tuple_(c.name, c.step) > tuple_(after.name, after.step))
        query = query.order_by(c.name, c.step).limit(limit)
        async with self._database.list() as connection:
            rows = (await connection.execute(query)).mappings().all()
        if not rows:
            await self.get(sweep_id, number=number)
        return await converted_each(point_from_row, rows)


async def _by_objective(
    connection: AsyncConnection,
    base: Select[Any],
    after: RunPosition | None,
    limit: int,
    order: RunOrder,
) -> list[Row]:
    objective, number = runs.c.objective, runs.c.number
    found: list[Row] = []
    if after is None or after.objective is not None:
        query = base.where(objective.is_not(None))
        if order is RunOrder.OBJECTIVE_ASC:
            query = query.order_by(objective, number)
            if after is not None:
                last = tuple_(after.objective, after.number)
                query = query.where(tuple_(objective, number) > last)
        else:
            query = query.order_by(objective.desc(), number)
            if after is not None:
                query = query.where(
                    objective <= after.objective,
                    or_(objective < after.objective, number > after.number),
                )
        found += (await connection.execute(query.limit(limit))).mappings().all()
    if len(found) < limit:
        query = base.where(objective.is_(None)).order_by(number)
        if after is not None and after.objective is None:
            query = query.where(number > after.number)
        rest = query.limit(limit - len(found))
        found += (await connection.execute(rest)).mappings().all()
    return found


async def _require_sweep(connection: AsyncConnection, sweep_id: str) -> None:
    query = select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == sweep_id)
    if (await connection.execute(query)).one_or_none() is None:
        raise sweep_not_found(sweep_id)
