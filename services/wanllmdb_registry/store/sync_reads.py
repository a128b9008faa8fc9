"""What changed in a sweep since a revision."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, true

from wanllmdb_common.off_loop import converted_each
from wanllmdb_registry.domain.edit import sweep_not_found
from wanllmdb_registry.domain.model import (
    FinishReason,
    SweepState,
)
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import (
    point_from_row,
    prior_run_from_row,
    run_from_row,
    sweep_from_row,
)
from wanllmdb_registry.store.schema import metric_points, prior_runs, runs, sweeps
from wanllmdb_registry.store.statement import Connection, Row, Statement

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
    sweeps.c.prior_runs,
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
_NEW_PRIOR_RUNS = Statement(
    select(prior_runs)
    .where(
        prior_runs.c.sweep_id == bindparam("sweep_id"),
        prior_runs.c.revision > bindparam("since"),
        prior_runs.c.revision <= bindparam("until"),
    )
    .order_by(prior_runs.c.revision)
    .limit(bindparam("limit"))
)
_SWEEP = Statement(select(sweeps).where(sweeps.c.sweep_id == bindparam("sweep_id")))


class SyncReads:
    """Every method is one indexed query, or one more where it says so."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sync(
        self,
        sweep_id: str,
        since: int,
        limit: int,
        *,
        with_points: bool = False,
        with_prior_runs: bool = False,
    ) -> SyncedRuns:
        """What changed after a revision, at most `limit` runs, in the order of revisions.

        Prior runs, which count as runs here, where asked for. One query more for
        the metric's values, one for new prior runs where there can be some, and one
        for the sweep itself when it changed.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            rows = await _SYNC.fetch(connection, sweep_id=sweep_id, since=since, limit=limit)
            if not rows:
                raise sweep_not_found(sweep_id)
            head = rows[0]
            newest: int = head["sweep_revision"]
            there = [row for row in rows if row["number"] is not None]
            until: int = there[-1]["revision"] if len(there) == limit else newest
            prior: Sequence[Row] = ()
            # An import is a change of the sweep itself too.
            if with_prior_runs and head["prior_runs"] and head["own_revision"] > since:
                prior = await _NEW_PRIOR_RUNS.fetch(
                    connection, sweep_id=sweep_id, since=since, until=until, limit=limit
                )
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
        # Once the connection is another one's: it may take a while.
        there = [row for row in there if row["revision"] <= until]
        prior = [row for row in prior if row["revision"] <= until]
        reason = head["finish_reason"]
        return SyncedRuns(
            runs=await converted_each(run_from_row, there),
            points=await converted_each(point_from_row, points),
            prior_runs=await converted_each(prior_run_from_row, prior),
            revision=until,
            has_more=until < newest,
            state=SweepState(head["sweep_state"]),
            finish_reason=None if reason is None else FinishReason(reason),
            next_number=head["next_number"],
            space_exhausted=head["space_exhausted"],
            sweep=None if own is None else sweep_from_row(own),
            database_id=self._database.identity,
        )


async def _objective_points(
    connection: Connection, sweep_id: str, since: int, until: int
) -> tuple[Sequence[Row], int]:
    """The points, and the revision up to which they are all there."""
    found = await _OBJECTIVE_POINTS.fetch(connection, sweep_id=sweep_id, since=since, until=until)
    if len(found) > MAX_POINTS:
        # Up to the last revision of which all points are there.
        until = found[-1]["objective_revision"] - 1
        found = [row for row in found if row["objective_revision"] <= until]
    return found, until
