"""Reads of runs and their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from wanllmdb_registry.domain.edit import run_not_found, sweep_not_found
from wanllmdb_registry.domain.model import (
    FinishReason,
    MetricPoint,
    Run,
    RunState,
    SweepState,
)
from wanllmdb_registry.domain.reads import (
    FinishedRun,
    PointPosition,
    RunOrder,
    RunPosition,
    SyncedRuns,
)
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import point_from_row, run_from_row, sweep_from_row
from wanllmdb_registry.store.schema import metric_points, runs, sweeps
from wanllmdb_registry.store.statement import Statement

# More than one report can hold, and well below the size of a message.
MAX_POINTS = 50_000

# One statement sees one moment: the sweep's revision and the runs that changed
# belong together. The outer join keeps the sweep when nothing changed.
_changed = (
    select(runs)
    .where(runs.c.sweep_id == sweeps.c.sweep_id, runs.c.revision > bindparam("since"))
    .order_by(runs.c.revision)
    .limit(bindparam("limit"))
    .lateral("changed")
)
_head_columns = (
    sweeps.c.revision.label("sweep_revision"),
    sweeps.c.own_revision,
    sweeps.c.state.label("sweep_state"),
    sweeps.c.finish_reason,
    sweeps.c.next_number,
    sweeps.c.space_exhausted,
)
_SYNC = Statement(
    select(*_head_columns, _changed)
    .select_from(sweeps.outerjoin(_changed, true()))
    .where(sweeps.c.sweep_id == bindparam("sweep_id"))
    .order_by(_changed.c.revision)
)
_OBJECTIVE_POINTS = Statement(
    select(metric_points)
    .where(
        metric_points.c.sweep_id == bindparam("sweep_id"),
        metric_points.c.objective_revision > bindparam("since"),
        metric_points.c.objective_revision <= bindparam("until"),
    )
    .order_by(metric_points.c.objective_revision, metric_points.c.step)
    .limit(MAX_POINTS + 1)
)
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
        base = select(runs).where(runs.c.sweep_id == sweep_id)
        if states:
            base = base.where(runs.c.state.in_([state.value for state in states]))
        async with self._database.list() as connection:
            if order in (RunOrder.NUMBER_ASC, RunOrder.NUMBER_DESC):
                rows = await _by_number(connection, base, after, limit, order)
            else:
                rows = await _by_objective(connection, base, after, limit, order)
            if not rows:
                await _require_sweep(connection, sweep_id)
        return rows

    async def sync(self, sweep_id: str, since: int, limit: int, *, with_points: bool) -> SyncedRuns:
        """What changed after a revision, at most `limit` runs, in the order of revisions.

        A second query for the metric's values, a third for the sweep itself when
        it changed.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            rows = await _SYNC.fetch(connection, sweep_id=sweep_id, since=since, limit=limit)
            if not rows:
                raise sweep_not_found(sweep_id)
            head = rows[0]
            newest: int = head["sweep_revision"]
            changed = [run_from_row(row) for row in rows if row["number"] is not None]
            has_more = len(changed) == limit and changed[-1].revision < newest
            until = changed[-1].revision if has_more else newest
            points: Sequence[MetricPoint] = ()
            if with_points and until > since:
                found = await _OBJECTIVE_POINTS.fetch(
                    connection, sweep_id=sweep_id, since=since, until=until
                )
                points = [point_from_row(row) for row in found]
                if len(points) > MAX_POINTS:
                    # Up to the last revision of which all points are there.
                    until = _revision(points[-1]) - 1
                    has_more = True
                    points = [point for point in points if _revision(point) <= until]
                    changed = [run for run in changed if run.revision <= until]
            sweep = None
            if head["own_revision"] > since:
                row = await _SWEEP.fetch_one(connection, sweep_id=sweep_id)
                if row is None:
                    raise sweep_not_found(sweep_id)
                sweep = sweep_from_row(row)
        reason = head["finish_reason"]
        return SyncedRuns(
            runs=changed,
            points=points,
            revision=until,
            has_more=has_more,
            state=SweepState(head["sweep_state"]),
            finish_reason=None if reason is None else FinishReason(reason),
            next_number=head["next_number"],
            space_exhausted=head["space_exhausted"],
            sweep=sweep,
        )

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
        return [point_from_row(row) for row in rows]

    async def finished(self, sweep_id: str, every: int) -> Sequence[FinishedRun]:
        """Parameters and objectives of finished runs: those whose number divides by `every`."""
        query = (
            select(runs.c.number, runs.c.parameters, runs.c.objective)
            .where(runs.c.sweep_id == sweep_id, runs.c.state == RunState.FINISHED.value)
            .order_by(runs.c.number)
        )
        if every > 1:
            best = select(sweeps.c.best_number).where(sweeps.c.sweep_id == sweep_id)
            query = query.where(
                or_(
                    func.mod(runs.c.number, every) == 0,
                    runs.c.number == best.scalar_subquery(),
                )
            )
        async with self._database.list() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [FinishedRun(row["number"], row["parameters"], row["objective"]) for row in rows]


async def _by_number(
    connection: AsyncConnection,
    query: Select[Any],
    after: RunPosition | None,
    limit: int,
    order: RunOrder,
) -> list[Run]:
    number = runs.c.number
    if order is RunOrder.NUMBER_ASC:
        query = query.order_by(number)
        query = query if after is None else query.where(number > after.number)
    else:
        query = query.order_by(number.desc())
        query = query if after is None else query.where(number < after.number)
    return await _fetch(connection, query.limit(limit))


async def _by_objective(
    connection: AsyncConnection,
    base: Select[Any],
    after: RunPosition | None,
    limit: int,
    order: RunOrder,
) -> list[Run]:
    objective, number = runs.c.objective, runs.c.number
    found: list[Run] = []
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
        found = await _fetch(connection, query.limit(limit))
    if len(found) < limit:
        query = base.where(objective.is_(None)).order_by(number)
        if after is not None and after.objective is None:
            query = query.where(number > after.number)
        found += await _fetch(connection, query.limit(limit - len(found)))
    return found


async def _fetch(connection: AsyncConnection, query: Select[Any]) -> list[Run]:
    return [run_from_row(row) for row in (await connection.execute(query)).mappings()]


async def _require_sweep(connection: AsyncConnection, sweep_id: str) -> None:
    query = select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == sweep_id)
    if (await connection.execute(query)).one_or_none() is None:
        raise sweep_not_found(sweep_id)


def _revision(point: MetricPoint) -> int:
    if point.objective_revision is None:
        raise AssertionError("a value of the sweep's metric has a revision")
    return point.objective_revision
