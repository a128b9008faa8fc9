"""Reads of runs, their metrics, and prior runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    tuple_,
)

from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted, converted_each
from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import IndexedPriorRun, MetricPoint, Run, RunState
from wanllmdb_registry.domain.reads import Page, PointPosition, RunOrder, RunPosition
from wanllmdb_registry.domain.unit_of_work import Attempt, run_not_found, sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import (
    FIXED_BYTES,
    METRIC_BYTES,
    RUN,
    Columns,
    Order,
    all_last_values,
    bytes_of,
    converted_page,
    of_sweep,
    page_of,
    page_of_rows,
    with_last_values,
    within_bytes,
)
from wanllmdb_registry.store.rows import point_from_row, prior_run_from_row, run_from_row
from wanllmdb_registry.store.schema import metric_points, prior_runs, runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

_SWEEP = Statement(select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == bindparam("sweep_id")))
_of_sweep = of_sweep(runs.c)
_in_states = runs.c.state == func.any(bindparam("states", type_=ARRAY(Text)))
_BY_NUMBER = Statement(with_last_values(RUN.where(_of_sweep, runs.c.number == bindparam("number"))))
_BY_EXTERNAL_ID = Statement(
    with_last_values(RUN.where(_of_sweep, runs.c.external_run_id == bindparam("external_run_id")))
)
_numbers = bindparam("numbers", type_=ARRAY(BigInteger))
_NUMBERS = Statement(select(runs.c.number).where(_of_sweep, runs.c.number == func.any(_numbers)))


def _as_requested(c: Columns) -> list[ColumnElement[Any]]:
    return [func.array_position(_numbers, c.number)]


_BY_NUMBERS = Statement(
    with_last_values(
        within_bytes(RUN.where(_of_sweep, runs.c.number == func.any(_numbers)), _as_requested),
        _as_requested,
    )
)
# The orders of pages.
_ORDERS: dict[RunOrder, Order] = {
    RunOrder.NUMBER_ASC: lambda c: [c.number],
    RunOrder.NUMBER_DESC: lambda c: [c.number.desc()],
    RunOrder.OBJECTIVE_ASC: lambda c: [c.objective, c.number],
    RunOrder.OBJECTIVE_DESC: lambda c: [c.objective.desc(), c.number],
}


def _by_number(
    query: Select[Any], order: RunOrder, *conditions: ColumnElement[bool]
) -> Select[Any]:
    """Return at most `limit` runs after the position `after`."""
    number, after = runs.c.number, bindparam("after", type_=BigInteger)
    passed = number > after if order is RunOrder.NUMBER_ASC else number < after
    limited = query.where(_of_sweep, passed, *conditions).limit(bindparam("limit"))
    return within_bytes(limited, _ORDERS[order])


def _page(order: RunOrder, *conditions: ColumnElement[bool]) -> Statement:
    return Statement(with_last_values(_by_number(RUN, order, *conditions), _ORDERS[order]))


_PAGES = {
    order: (_page(order), _page(order, _in_states))
    for order in (RunOrder.NUMBER_ASC, RunOrder.NUMBER_DESC)
}


def _by_objective(order: RunOrder, *conditions: ColumnElement[bool]) -> Statement:
    """Return a page of runs with an objective after the position `after_objective`, `after`."""
    objective, number = runs.c.objective, runs.c.number
    last = bindparam("after_objective", type_=Double)
    after = bindparam("after", type_=BigInteger)
    if order is RunOrder.OBJECTIVE_ASC:
        passed = tuple_(objective, number) > tuple_(last, after)
    else:
        passed = and_(objective <= last, or_(objective < last, number > after))
    query = RUN.where(_of_sweep, objective.is_not(None), passed, *conditions)
    cut = within_bytes(query.limit(bindparam("limit")), _ORDERS[order])
    return Statement(with_last_values(cut, _ORDERS[order]))


_BY_OBJECTIVE = {
    order: (_by_objective(order), _by_objective(order, _in_states))
    for order in (RunOrder.OBJECTIVE_ASC, RunOrder.OBJECTIVE_DESC)
}
# Runs without an objective come last, by number.
_has_none = runs.c.objective.is_(None)
_WITHOUT_OBJECTIVE = (
    _page(RunOrder.NUMBER_ASC, _has_none),
    _page(RunOrder.NUMBER_ASC, _has_none, _in_states),
)
_last_names = select(
    runs.c.sweep_id,
    runs.c.number,
    runs.c.attempt,
    (runs.c.metric_bytes + runs.c.metrics * METRIC_BYTES + FIXED_BYTES).label("bytes"),
)


def _names(*conditions: ColumnElement[bool]) -> Statement:
    rows = _by_number(_last_names, RunOrder.NUMBER_ASC, *conditions).subquery("found_runs")
    last = all_last_values(rows.c)
    joined = rows.outerjoin(last, true())
    return Statement(select(rows, last.c.last_names).select_from(joined).order_by(rows.c.number))


_METRIC_NAMES = (_names(), _names(_in_states))
_prior_runs = (
    select(prior_runs, bytes_of(prior_runs.c.parameters).label("bytes"))
    .where(of_sweep(prior_runs.c), prior_runs.c.index > bindparam("after"))
    .limit(bindparam("limit"))
)
_PRIOR_RUNS = Statement(within_bytes(_prior_runs, lambda c: [c["index"]]).order_by("index"))
# The most values of one attempt that are counted.
MAX_COUNTED = 1_000_000
_held = (
    func.unnest(
        bindparam("numbers", type_=ARRAY(BigInteger)), bindparam("attempts", type_=ARRAY(Integer))
    )
    .table_valued("number", "attempt", name="held")
    .render_derived()
)
# To PostgreSQL, NaN is larger than infinity.
_finite_values = (
    select(metric_points.c.step)
    .where(
        of_sweep(metric_points.c),
        metric_points.c.number == _held.c.number,
        metric_points.c.attempt == _held.c.attempt,
        metric_points.c.name == bindparam("name"),
        metric_points.c.value > -math.inf,
        metric_points.c.value < math.inf,
    )
    .limit(MAX_COUNTED)
    .correlate(_held)
    .subquery("finite_values")
)
_COUNTS = Statement(
    select(
        _held.c.number,
        _held.c.attempt,
        select(func.count()).select_from(_finite_values).scalar_subquery().label("count"),
    ).select_from(_held)
)
# The positions before the first page by number.
_BEFORE_ALL = {RunOrder.NUMBER_ASC: -1, RunOrder.NUMBER_DESC: 2**63 - 1}
# The positions before the first page by objective; an objective is never infinite.
_BEFORE_ALL_OBJECTIVES = {
    RunOrder.OBJECTIVE_ASC: RunPosition(-1, -math.inf),
    RunOrder.OBJECTIVE_DESC: RunPosition(-1, math.inf),
}


class RunReads:
    """Reads runs; every method is one indexed query, plus those that its docstring names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(
        self, sweep_id: str, *, number: int | None = None, external_run_id: str | None = None
    ) -> Run:
        """Return a run by its number or by an external tracker's id.

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
        return await converted(lambda: run_from_row(row), row["bytes"] // BYTES_A_ROW)

    async def get_many(self, sweep_id: str, numbers: Sequence[int]) -> Page[Run]:
        """Return runs by number, in that order, and READ_BYTES; at least one run.

        A query before that looks for all of them.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND, or RUN_NOT_FOUND with the first that does not exist.
        """
        async with self._database.read_many() as connection:
            found = await _NUMBERS.fetch(connection, sweep_id=sweep_id, numbers=list(numbers))
            existing = {row["number"] for row in found}
            rows: Sequence[Row] = ()
            if existing.issuperset(numbers):
                rows = await _BY_NUMBERS.fetch(
                    connection, sweep_id=sweep_id, numbers=list(numbers), most_bytes=READ_BYTES
                )
            # Without rows now, the sweep was deleted in between.
            if not rows:
                if await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                    raise sweep_not_found(sweep_id)
                raise run_not_found(
                    sweep_id, number=next(number for number in numbers if number not in existing)
                )
        return await page_of(run_from_row, rows, len(numbers))

    async def list(
        self,
        sweep_id: str,
        states: Sequence[RunState],
        order: RunOrder,
        after: RunPosition | None,
        limit: int,
        most_bytes: int = READ_BYTES,
    ) -> Page[Run]:
        """Return at most `limit` runs after a position, and about `most_bytes`; at least one run.

        A second query runs only if the first one is empty, or if runs without an objective
        follow those with one.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        if order in _PAGES:
            statement = _PAGES[order][bool(states)]
            position = _BEFORE_ALL[order] if after is None else after.number
            rows = await self._fetch_page(
                statement, sweep_id, states, position, limit + 1, most_bytes
            )
            return await page_of(run_from_row, rows, limit)
        found = await self._by_objective(sweep_id, states, order, after, limit, most_bytes)
        return await converted_page(run_from_row, found)

    async def _by_objective(
        self,
        sweep_id: str,
        states: Sequence[RunState],
        order: RunOrder,
        after: RunPosition | None,
        limit: int,
        most_bytes: int,
    ) -> Page[Row]:
        values: dict[str, Any] = {
            "sweep_id": sweep_id,
            "states": [state.value for state in states],
        }
        found: Page[Row] = Page((), has_more=False, size=0)
        async with self._database.read_many() as connection:
            start = after or _BEFORE_ALL_OBJECTIVES[order]
            if start.objective is not None:
                rows = await _BY_OBJECTIVE[order][bool(states)].fetch(
                    connection,
                    **values,
                    after=start.number,
                    after_objective=start.objective,
                    limit=limit + 1,
                    most_bytes=most_bytes,
                )
                found = page_of_rows(rows, limit)
            if found.has_more:
                return found
            # Without room for more runs, only find out whether there are any.
            left = limit - len(found.items) if found.size < most_bytes else 0
            rows = await _WITHOUT_OBJECTIVE[bool(states)].fetch(
                connection,
                **values,
                after=-1 if start.objective is not None else start.number,
                limit=left + 1,
                most_bytes=most_bytes - found.size if left else 1,
            )
            rest = page_of_rows(rows, left)
            if not (found.items or rows) and not await _SWEEP.fetch_one(
                connection, sweep_id=sweep_id
            ):
                raise sweep_not_found(sweep_id)
        return Page([*found.items, *rest.items], rest.has_more, found.size + rest.size)

    async def metric_names(
        self, sweep_id: str, states: Sequence[RunState], after: int, limit: int
    ) -> Page[tuple[int, Sequence[str]]]:
        """Return numbers and metric names of `limit` runs after a number, -1 for the first runs.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        statement = _METRIC_NAMES[bool(states)]
        rows = await self._fetch_page(statement, sweep_id, states, after, limit + 1, READ_BYTES)
        return await page_of(lambda row: (row["number"], row["last_names"] or ()), rows, limit)

    async def _fetch_page(
        self,
        statement: Statement,
        sweep_id: str,
        states: Sequence[RunState],
        after: int,
        limit: int,
        most_bytes: int,
    ) -> Sequence[Row]:
        names = [state.value for state in states]
        async with self._database.read_many() as connection:
            rows = await statement.fetch(
                connection,
                sweep_id=sweep_id,
                states=names,
                after=after,
                limit=limit,
                most_bytes=most_bytes,
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
        """Return at most `limit` points by name and step, of the latest attempt or a given one.

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
        query = select(metric_points).where(of_sweep(c), c.number == number, of_attempt)
        if names:
            query = query.where(c.name.in_(names))
        if min_step is not None:
            query = query.where(c.step >= min_step)
        if after is not None:
            query = query.where(tuple_(c.name, c.step) > tuple_(after.name, after.step))
        query = query.order_by(c.name, c.step).limit(limit)
        async with self._database.list() as connection:
            rows = (await connection.execute(query, {"sweep_id": sweep_id})).mappings().all()
        if not rows:
            await self.get(sweep_id, number=number)
        return await converted_each(point_from_row, rows)

    async def metric_values(
        self, sweep_id: str, name: str, attempts: Sequence[Attempt]
    ) -> Mapping[Attempt, int]:
        """Return how many finite values of a metric each attempt reported, at most MAX_COUNTED."""
        async with self._database.read() as connection:
            rows = await _COUNTS.fetch(
                connection,
                sweep_id=sweep_id,
                name=name,
                numbers=[number for number, _ in attempts],
                attempts=[attempt for _, attempt in attempts],
            )
        return {(row["number"], row["attempt"]): row["count"] for row in rows}

    async def list_prior_runs(self, sweep_id: str, after: int, limit: int) -> Page[IndexedPriorRun]:
        """Return at most `limit` prior runs, and READ_BYTES, after an index, -1 for the first.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            rows = await _PRIOR_RUNS.fetch(
                connection,
                sweep_id=sweep_id,
                after=after,
                limit=limit + 1,
                most_bytes=READ_BYTES,
            )
            if not rows and await _SWEEP.fetch_one(connection, sweep_id=sweep_id) is None:
                raise sweep_not_found(sweep_id)
        return await page_of(prior_run_from_row, rows, limit)
