"""Finds what is kept no longer, and deletes the values of metrics in small parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Interval,
    Text,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from wanllmdb_registry.domain.model import SweepState, etag_of
from wanllmdb_registry.domain.retention import KeepTime
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.schema import metric_points, sweeps
from wanllmdb_registry.store.statement import Statement

_of_projects = (
    func.unnest(bindparam("projects", type_=ARRAY(Text)), bindparam("ages", type_=ARRAY(Interval)))
    .table_valued("project", "age", name="of_projects")
    .render_derived()
)
_age: ColumnElement[Any] = case(
    (_of_projects.c.project.is_not(None), _of_projects.c.age),
    else_=bindparam("usual", type_=Interval),
)
_FINAL = [state.value for state in SweepState if state.is_final]


def _is_over(age: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions of a sweep that ended before `age`, and whose runs have all ended."""
    return [
        sweeps.c.state.in_([literal_column(f"'{state}'") for state in _FINAL]),
        sweeps.c.end_time < func.now() - age,
        # The objective of a run that goes on is computed from its history.
        sweeps.c.running == literal_column("0"),
        sweeps.c.queued == literal_column("0"),
    ]


_has_history = exists(
    select(metric_points.c.number).where(metric_points.c.sweep_id == sweeps.c.sweep_id)
)
_OLD_SWEEPS = Statement(
    select(sweeps.c.sweep_id, sweeps.c.version, _age.label("age"))
    .select_from(sweeps.outerjoin(_of_projects, _of_projects.c.project == sweeps.c.project))
    .where(*_is_over(_age), or_(bindparam("any", type_=Boolean), _has_history))
    .order_by(sweeps.c.end_time)
    .limit(bindparam("limit"))
)
_points = metric_points.alias("old")
_ended = (
    select(sweeps.c.sweep_id)
    .where(sweeps.c.sweep_id == bindparam("sweep_id"), *_is_over(bindparam("age", type_=Interval)))
    .scalar_subquery()
)
# By their physical position (ctid), as old replies. A sweep's points are in one partition if the
# table is partitioned by sweep, so their positions are unique.
_part: ColumnElement[Any] = literal_column("old.ctid")
_OLD_POINTS = Statement(
    delete(metric_points).where(
        metric_points.c.sweep_id == bindparam("sweep_id"),
        literal_column("metric_points.ctid")
        == func.any(
            func.array(
                select(_part)
                .select_from(_points)
                .where(_points.c.sweep_id == _ended)
                .limit(bindparam("limit"))
                .with_for_update(skip_locked=True, of=_points)
                .scalar_subquery()
            )
        ),
    )
)


@dataclass(frozen=True, slots=True)
class OldSweep:
    """A sweep that ended longer ago than `age`, at the version of `etag`."""

    sweep_id: str
    etag: str
    age: timedelta


class RetentionStore:
    """Finds ended sweeps by age and project, and deletes their history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def old_sweeps(
        self, keep: KeepTime, limit: int, *, with_history: bool = False
    ) -> Sequence[OldSweep]:
        """Return at most `limit` sweeps that ended before their project's time, oldest first.

        With `with_history`, only those that have values of metrics by step.
        """
        async with self._database.read_many() as connection:
            rows = await _OLD_SWEEPS.fetch(
                connection,
                projects=list(keep.of_projects),
                ages=list(keep.of_projects.values()),
                usual=keep.usual,
                any=not with_history,
                limit=limit,
            )
        return [
            OldSweep(row["sweep_id"], etag_of(row["sweep_id"], row["version"]), row["age"])
            for row in rows
        ]

    async def delete_history(self, sweep: OldSweep, limit: int) -> int:
        """Delete at most `limit` values of an old sweep's metrics; return their number.

        Deletes nothing if runs of the sweep are retried meanwhile. The last value of each metric
        and the results of runs remain.
        """
        async with self._database.read() as connection:
            return await _OLD_POINTS.execute(
                connection, sweep_id=sweep.sweep_id, age=sweep.age, limit=limit
            )
