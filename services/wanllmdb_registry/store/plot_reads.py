"""Reads of a few columns of many runs: what plots are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Integer, bindparam, func, or_, select

from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.domain.reads import FinishedRun, Timeline, TimelineRun
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.schema import runs, sweeps
from wanllmdb_registry.store.statement import Statement

_of_sweep = runs.c.sweep_id == bindparam("sweep_id")
_every = func.mod(runs.c.number, bindparam("every", type_=Integer)) == 0
_best_number = (
    select(sweeps.c.best_number).where(sweeps.c.sweep_id == bindparam("sweep_id")).scalar_subquery()
)
_FINISHED = Statement(
    select(runs.c.number, runs.c.parameters, runs.c.objective, runs.c.objectives)
    .where(
        _of_sweep,
        runs.c.state == RunState.FINISHED.value,
        or_(_every, runs.c.number == _best_number),
    )
    .order_by(runs.c.number)
)
_handed_out = runs.c.start_time.is_not(None)
_TIMELINE = Statement(
    select(
        runs.c.number,
        runs.c.state,
        runs.c.start_time,
        runs.c.end_time,
        runs.c.objective,
        runs.c.agent_id,
        func.clock_timestamp().label("now"),
        select(func.count())
        .select_from(runs)
        .where(_of_sweep, _handed_out)
        .scalar_subquery()
        .label("total"),
    )
    .where(_of_sweep, _handed_out, _every)
    .order_by(runs.c.number)
)


class PlotReads:
    """Every method is one indexed query."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finished(self, sweep_id: str, every: int) -> Sequence[FinishedRun]:
        """Finished runs: those whose number divides by `every`, and the best one."""
        async with self._database.read() as connection:
            rows = await _FINISHED.fetch(connection, sweep_id=sweep_id, every=every)
        return [
            FinishedRun(
                row["number"],
                row["parameters"],
                row["objective"],
                tuple(json.loads(row["objectives"])),
            )
            for row in rows
        ]

    async def timeline(self, sweep_id: str, every: int) -> Timeline:
        """Runs that were handed out: those whose number divides by `every`."""
        async with self._database.read() as connection:
            rows = await _TIMELINE.fetch(connection, sweep_id=sweep_id, every=every)
        return Timeline(
            runs=[
                TimelineRun(
                    number=row["number"],
                    state=RunState(row["state"]),
                    start_time=row["start_time"],
                    end_time=row["end_time"],
                    objective=row["objective"],
                    agent_id=row["agent_id"],
                )
                for row in rows
            ],
            total=rows[0]["total"] if rows else 0,
            now=rows[0]["now"] if rows else None,
        )
