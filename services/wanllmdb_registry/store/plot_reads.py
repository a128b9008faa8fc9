"""Reads of a few columns of many runs, for plots.

PostgreSQL aggregates the runs into arrays: decoding an array takes a fraction of the time of as
many rows, and the event loop decodes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Text,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.domain.reads import FinishedColumns, Timeline
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.json_texts import joined, parsed
from wanllmdb_registry.store.query_parts import bytes_of, of_sweep, within_bytes
from wanllmdb_registry.store.schema import runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

# Runs of a timeline that are read at once: decoding them keeps the event loop for some
# milliseconds.
_TIMELINE_PAGE = 2_500

_NAN: ColumnElement[float] = literal_column("'NaN'::double precision", Double)

_of_sweep = of_sweep(runs.c)
_every = func.mod(runs.c.number, bindparam("every", type_=Integer)) == 0
_best_number = (
    select(sweeps.c.best_number).where(sweeps.c.sweep_id == bindparam("sweep_id")).scalar_subquery()
)
_finished = (
    select(
        runs.c.number,
        runs.c.parameters,
        func.coalesce(runs.c.objective, _NAN).label("objective"),
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
# The aggregates take the rows in the order of the subquery.
_page = within_bytes(_finished, lambda c: [c.number]).order_by("number").subquery("page")
_FINISHED = Statement(
    select(
        func.array_agg(_page.c.number, type_=ARRAY(BigInteger)).label("numbers"),
        joined(_page.c.parameters).label("parameters"),
        func.array_agg(_page.c.objective, type_=ARRAY(Double)).label("objective"),
        joined(_page.c.objectives).label("objectives"),
        func.sum(_page.c.bytes).label("size"),
        func.max(_page.c.found).label("found"),
    )
)


def _since_start(time: ColumnElement[Any]) -> ColumnElement[float]:
    start = bindparam("start", type_=DateTime(timezone=True))
    return func.date_part("epoch", time - start, type_=Double)


_started = (
    select(
        runs.c.number,
        runs.c.state,
        _since_start(runs.c.start_time).label("start_seconds"),
        func.coalesce(_since_start(runs.c.end_time), _NAN).label("end_seconds"),
        func.coalesce(runs.c.objective, _NAN).label("objective"),
        runs.c.agent_id,
    )
    .where(
        _of_sweep,
        runs.c.number == func.any(bindparam("numbers", type_=ARRAY(BigInteger))),
        runs.c.start_time.is_not(None),
    )
    .order_by(runs.c.number)
    .subquery("started")
)
_TIMELINE_COLUMNS = {
    "number": BigInteger,
    "state": Text,
    "start_seconds": Double,
    "end_seconds": Double,
    "objective": Double,
    "agent_id": Text,
}
_TIMELINE = Statement(
    select(
        *(
            func.coalesce(
                func.array_agg(_started.c[name], type_=ARRAY(kind)),
                literal_column("'{}'", ARRAY(kind)),
            ).label(name)
            for name, kind in _TIMELINE_COLUMNS.items()
        )
    )
)
# Few runs, found by their states, because most runs of a sweep have started.
_NEVER_STARTED = Statement(
    select(
        func.count().label("count"), _since_start(func.clock_timestamp()).label("now_seconds")
    ).where(
        _of_sweep,
        or_(runs.c.state == RunState.QUEUED.value, runs.c.state == RunState.CANCELED.value),
        runs.c.start_time.is_(None),
        runs.c.number < bindparam("below", type_=BigInteger),
    )
)


def _objectives(row: Row, metrics: int) -> list[Sequence[float]]:
    if metrics == 1:
        return [row["objective"]]
    missing = [math.nan] * metrics
    by_run = [values or missing for values in parsed(row["objectives"])]
    return [[values[index] for values in by_run] for index in range(metrics)]


class PlotReads:
    """Reads for plots; every method is one indexed query, plus those that its docstring names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finished(
        self, sweep_id: str, metrics: int, every: int, after: int, limit: int
    ) -> FinishedColumns:
        """Return the finished runs whose number is a multiple of `every`, and the best run.

        At most `limit` runs, and READ_BYTES, with numbers greater than `after`.

        Args:
            sweep_id: The sweep.
            metrics: The number of its metrics.
            every: The stride.
            after: The number before the first one.
            limit: The most runs.
        """
        async with self._database.read_many() as connection:
            (row,) = await _FINISHED.fetch(
                connection,
                sweep_id=sweep_id,
                every=every,
                after=after,
                limit=limit,
                most_bytes=READ_BYTES,
            )
        numbers = row["numbers"]
        if numbers is None:
            return FinishedColumns((), (), [()] * metrics)
        return await converted(
            lambda: FinishedColumns(
                numbers=numbers,
                parameters=parsed(row["parameters"]),
                objectives=_objectives(row, metrics),
                has_more=row["found"] > len(numbers) or len(numbers) == limit,
            ),
            int(row["size"]) // BYTES_A_ROW,
        )

    async def timeline(
        self, sweep_id: str, start: datetime, next_number: int, every: int
    ) -> Timeline:
        """Return every k-th run that has started, by number, below `next_number`.

        Reads _TIMELINE_PAGE runs with a query. A further query counts the runs that never started.

        Args:
            sweep_id: The sweep.
            start: The sweep's start.
            next_number: The number after the last one.
            every: The stride.
        """
        columns: dict[str, list[Any]] = {name: [] for name in _TIMELINE_COLUMNS}
        numbers = range(0, next_number, every)
        for first in range(0, len(numbers), _TIMELINE_PAGE):
            part = list(numbers[first : first + _TIMELINE_PAGE])
            async with self._database.read_many() as connection:
                (row,) = await _TIMELINE.fetch(
                    connection, sweep_id=sweep_id, start=start, numbers=part
                )
            for name, column in columns.items():
                column += row[name]
        async with self._database.read_many() as connection:
            (never,) = await _NEVER_STARTED.fetch(
                connection, sweep_id=sweep_id, start=start, below=next_number
            )
        return Timeline(
            numbers=columns["number"],
            states=columns["state"],
            start_seconds=columns["start_seconds"],
            end_seconds=columns["end_seconds"],
            objectives=columns["objective"],
            agent_ids=columns["agent_id"],
            total=next_number - never["count"],
            now_seconds=never["now_seconds"],
        )
