"""Reads of a few columns of many runs, for plots."""

from __future__ import annotations

import json

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, func, or_, select

from wanllmdb_common.computing.off_loop import converted_each
from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.domain.reads import FinishedRun, Page, Timeline, TimelineRun
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import bytes_of, page_of, within_bytes
from wanllmdb_registry.store.schema import runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

_of_sweep = runs.c.sweep_id == bindparam("sweep_id")
_every = func.mod(runs.c.number, bindparam("every", type_=Integer)) == 0
_best_number = (
    select(sweeps.c.best_number).where(sweeps.c.sweep_id == bindparam("sweep_id")).scalar_subquery()
)
_finished = (
    select(
        runs.c.number,
        runs.c.parameters,
        runs.c.objective,
        runs.c.objectives,
        bytes_of(runs.c.parameters).label("bytes"),
    )
    .where(
        _of_sweep,
        runs.c.state == RunState.FINISHED.value,
        runs.c.number > bindparam("after", type_=BigInteger),
        or_(_every, runs.c.number == _best_number),
    )
    .limit(bindparam("limit"))
)
_FINISHED = Statement(within_bytes(_finished, lambda c: [c.number]).order_by("number"))
_TIMELINE = Statement(
    select(
        runs.c.number,
        runs.c.state,
        runs.c.start_time,
        runs.c.end_time,
        runs.c.objective,
        runs.c.agent_id,
    )
    .where(
        _of_sweep,
        runs.c.number == func.any(bindparam("numbers", type_=ARRAY(BigInteger))),
        runs.c.start_time.is_not(None),
    )
    .order_by(runs.c.number)
)
# Few runs, found by their states, because most runs of a sweep have started.
_NEVER_STARTED = Statement(
    select(func.count().label("count"), func.clock_timestamp().label("now")).where(
        _of_sweep,
        or_(runs.c.state == RunState.QUEUED.value, runs.c.state == RunState.CANCELED.value),
        runs.c.start_time.is_(None),
        runs.c.number < bindparam("below", type_=BigInteger),
    )
)


def _finished_run(row: Row) -> FinishedRun:
    return FinishedRun(
        row["number"],
        json.loads(row["parameters"]),
        row["objective"],
        tuple(json.loads(row["objectives"])),
    )


def _timeline_run(row: Row) -> TimelineRun:
    return TimelineRun(
        number=row["number"],
        state=RunState(row["state"]),
        start_time=row["start_time"],
        end_time=row["end_time"],
        objective=row["objective"],
        agent_id=row["agent_id"],
    )


class PlotReads:
    """Reads for plots; every method is one indexed query, plus those that its docstring names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finished(
        self, sweep_id: str, every: int, after: int, limit: int
    ) -> Page[FinishedRun]:
        """Return the finished runs whose number is a multiple of `every`, and the best run.

        At most `limit` runs, and READ_BYTES, with numbers greater than `after`.
        """
        async with self._database.read_many() as connection:
            rows = await _FINISHED.fetch(
                connection,
                sweep_id=sweep_id,
                every=every,
                after=after,
                limit=limit + 1,
                most_bytes=READ_BYTES,
            )
        return await page_of(_finished_run, rows, limit)

    async def timeline(self, sweep_id: str, next_number: int, every: int) -> Timeline:
        """Return every k-th run that has started, by number, below `next_number`.

        A second query counts the runs that never started.
        """
        numbers = list(range(0, next_number, every))
        async with self._database.read_many() as connection:
            rows = await _TIMELINE.fetch(connection, sweep_id=sweep_id, numbers=numbers)
            (never,) = await _NEVER_STARTED.fetch(connection, sweep_id=sweep_id, below=next_number)
        return Timeline(
            runs=await converted_each(_timeline_run, rows),
            total=next_number - never["count"],
            now=never["now"],
        )
