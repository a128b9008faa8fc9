"""Reads of the changes of a sweep since a revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, true

from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted, converted_each
from wanllmdb_registry.domain.bounds import READ_BYTES, STREAM_BYTES, SYNC_BYTES
from wanllmdb_registry.domain.model import FinishReason, Run, SweepState
from wanllmdb_registry.domain.reads import AnyRun, Page, SyncedRun, SyncedRuns
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import (
    RUN,
    WHOLE_SWEEP,
    Columns,
    all_last_values,
    bytes_of,
    no_last_values,
    page_of_rows,
    within_bytes,
)
from wanllmdb_registry.store.rows import (
    point_from_row,
    prior_run_from_row,
    run_from_row,
    sweep_from_row,
    synced_run_from_row,
)
from wanllmdb_registry.store.schema import metric_points, prior_runs, runs, sweeps
from wanllmdb_registry.store.statement import Connection, Row, Statement

# More than one report can contain, and well below the size of a message.
MAX_POINTS = 50_000


def _by_revision(c: Columns) -> Sequence[ColumnElement[Any]]:
    return [c.revision]


def _changed(columns: Select[Any], *, with_last: bool) -> Statement:
    """Return the sweep and its changed runs by revision: at most `limit` and `most_bytes`.

    One statement reads one snapshot, so the sweep's revision matches its changed runs. The
    outer join keeps the sweep when nothing changed.
    """
    query = columns.where(
        runs.c.sweep_id == bindparam("sweep_id"), runs.c.revision > bindparam("since")
    )
    changed = within_bytes(query.limit(bindparam("limit")), _by_revision).subquery("changed")
    joined = sweeps.outerjoin(changed, true())
    last: Sequence[ColumnElement[Any]] = no_last_values()
    if with_last:
        values = all_last_values(changed.c)
        joined, last = joined.outerjoin(values, true()), list(values.c)
    return Statement(
        select(*_head_columns, changed, *last)
        .select_from(joined)
        .where(sweeps.c.sweep_id == bindparam("sweep_id"))
        .order_by(changed.c.revision)
    )


_head_columns = (
    sweeps.c.revision.label("sweep_revision"),
    sweeps.c.own_revision,
    sweeps.c.state.label("sweep_state"),
    sweeps.c.finish_reason,
    sweeps.c.next_number,
    sweeps.c.space_exhausted,
    sweeps.c.prior_runs,
)
# The columns that a sampler learns from.
_SYNC = _changed(
    select(
        runs.c.number,
        runs.c.state,
        runs.c.attempt,
        runs.c.parameters,
        runs.c.objective,
        runs.c.objectives,
        runs.c.last_step,
        runs.c.sampler_state,
        runs.c.revision,
        bytes_of(runs.c.parameters, runs.c.sampler_state).label("bytes"),
    ),
    with_last=False,
)
_WATCH = _changed(RUN, with_last=True)
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
_new_prior = (
    select(prior_runs, bytes_of(prior_runs.c.parameters).label("bytes"))
    .where(
        prior_runs.c.sweep_id == bindparam("sweep_id"),
        prior_runs.c.revision > bindparam("since"),
        prior_runs.c.revision <= bindparam("until"),
    )
    .limit(bindparam("limit"))
)
_NEW_PRIOR_RUNS = Statement(within_bytes(_new_prior, _by_revision).order_by("revision"))
_SWEEP = Statement(select(*WHOLE_SWEEP).where(sweeps.c.sweep_id == bindparam("sweep_id")))


class SyncReads:
    """Reads changes; every method is one indexed query, plus those that its docstring names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sync(
        self,
        sweep_id: str,
        since: int,
        limit: int,
        *,
        with_points: bool = False,
    ) -> SyncedRuns[SyncedRun]:
        """Return the changes after a revision that a sampler learns from, in revision order.

        At most `limit` runs and prior runs. Further queries read the metric's values if
        `with_points`, new prior runs if there can be any, and the sweep itself if it changed.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        return await self._changes(
            _SYNC,
            synced_run_from_row,
            sweep_id,
            since,
            limit,
            SYNC_BYTES,
            with_points=with_points,
            with_prior=True,
        )

    async def watch(self, sweep_id: str, since: int, limit: int) -> SyncedRuns[Run]:
        """Return the changes after a revision, in revision order: whole runs, and the sweep.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        return await self._changes(_WATCH, run_from_row, sweep_id, since, limit, STREAM_BYTES)

    async def _changes(
        self,
        statement: Statement,
        convert: Callable[[Row], AnyRun],
        sweep_id: str,
        since: int,
        limit: int,
        most_bytes: int,
        *,
        with_points: bool = False,
        with_prior: bool = False,
    ) -> SyncedRuns[AnyRun]:
        # All runs of a large sweep take several calls, which must leave connections to the others.
        reading = self._database.read if since else self._database.read_many
        async with reading() as connection:
            rows = await statement.fetch(
                connection, sweep_id=sweep_id, since=since, limit=limit, most_bytes=most_bytes
            )
            if not rows:
                raise sweep_not_found(sweep_id)
            head = rows[0]
            newest: int = head["sweep_revision"]
            there = [row for row in rows if row["number"] is not None]
            page = page_of_rows(there, limit)
            size = page.size
            is_cut = page.has_more or len(there) == limit
            until: int = there[-1]["revision"] if is_cut else newest
            prior: Sequence[Row] = ()
            # An import also changes the sweep itself.
            if with_prior and head["prior_runs"] and head["own_revision"] > since:
                found = await _new_prior_runs(connection, sweep_id, since, until, limit)
                prior, size = found.items, size + found.size
                if found.has_more:
                    until = prior[-1]["revision"]
                revisions = sorted(row["revision"] for rows in (there, prior) for row in rows)
                if len(revisions) >= limit:
                    until = revisions[limit - 1]
            points: Sequence[Row] = ()
            if with_points and until > since:
                points, until = await _objective_points(connection, sweep_id, since, until)
            own: Row | None = None
            if head["own_revision"] > since:
                own = await _SWEEP.fetch_one(connection, sweep_id=sweep_id)
                if own is None:
                    raise sweep_not_found(sweep_id)
        # Converted after the connection is released, because this may take long.
        there = [row for row in there if row["revision"] <= until]
        prior = [row for row in prior if row["revision"] <= until]
        weight = size // BYTES_A_ROW
        reason = head["finish_reason"]
        return SyncedRuns(
            runs=await converted(lambda: list(map(convert, there)), weight),
            points=await converted_each(point_from_row, points),
            prior_runs=await converted(lambda: list(map(prior_run_from_row, prior)), weight),
            revision=until,
            has_more=until < newest,
            state=SweepState(head["sweep_state"]),
            finish_reason=None if reason is None else FinishReason(reason),
            next_number=head["next_number"],
            space_exhausted=head["space_exhausted"],
            sweep=None if own is None else sweep_from_row(own),
            size=size,
            database_id=self._database.identity,
        )


async def _new_prior_runs(
    connection: Connection, sweep_id: str, since: int, until: int, limit: int
) -> Page[Row]:
    rows = await _NEW_PRIOR_RUNS.fetch(
        connection,
        sweep_id=sweep_id,
        since=since,
        until=until,
        limit=limit,
        most_bytes=READ_BYTES,
    )
    return page_of_rows(rows, limit)


async def _objective_points(
    connection: Connection, sweep_id: str, since: int, until: int
) -> tuple[Sequence[Row], int]:
    """Return points, and the revision up to which they are complete."""
    found = await _OBJECTIVE_POINTS.fetch(connection, sweep_id=sweep_id, since=since, until=until)
    if len(found) > MAX_POINTS:
        # Cut at the last revision whose points are complete.
        until = found[-1]["objective_revision"] - 1
        found = [row for row in found if row["objective_revision"] <= until]
    return found, until
