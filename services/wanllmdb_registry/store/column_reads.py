"""Reads of runs as columns: PostgreSQL aggregates a page of runs into one row of arrays.

Decoding an array takes a fraction of the time of decoding as many rows, and the parameters of all
runs come as one JSON text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.model import RunState, Sweep
from wanllmdb_registry.domain.run_columns import (
    MAX_ERROR_TEXT,
    ORIGIN_NUMBERS,
    TEXT_FIELDS,
    FieldColumn,
    LabelColumn,
    ObjectiveColumn,
    ParameterColumn,
    RunBatch,
    RunColumn,
    RunField,
    SummaryColumn,
)
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.json_texts import joined, parsed
from wanllmdb_registry.store.query_parts import WHOLE_SWEEP, bytes_of, of_sweep, within_bytes
from wanllmdb_registry.store.rows import sweep_from_row
from wanllmdb_registry.store.schema import last_values, runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

_NAN: ColumnElement[float] = literal_column("'NaN'::double precision", Double)


def _number(column: ColumnElement[Any]) -> ColumnElement[float]:
    return func.coalesce(cast(column, Double), _NAN)


def _seconds(column: ColumnElement[Any]) -> ColumnElement[float]:
    return func.coalesce(func.date_part("epoch", column, type_=Double), _NAN)


_FIELDS: dict[RunField, ColumnElement[Any]] = {
    RunField.ATTEMPT: _number(runs.c.attempt),
    RunField.AGENT_ID: runs.c.agent_id,
    RunField.NAME: runs.c.name,
    RunField.ORIGIN: case(
        *((runs.c.origin == o.value, literal_column(str(n))) for o, n in ORIGIN_NUMBERS.items()),
        else_=_NAN,
    ),
    RunField.LAST_STEP: _number(runs.c.last_step),
    RunField.CREATE_TIME: _seconds(runs.c.create_time),
    RunField.START_TIME: _seconds(runs.c.start_time),
    RunField.END_TIME: _seconds(runs.c.end_time),
    RunField.DURATION: _seconds(runs.c.end_time) - _seconds(runs.c.start_time),
    RunField.REVISION: _number(runs.c.revision),
    RunField.ERROR_MESSAGE: func.coalesce(
        func.left(runs.c.error_message, literal_column(str(MAX_ERROR_TEXT))), literal("")
    ),
}
# The columns of JSON text, which are joined to one JSON list.
_LISTS = ("parameters", "labels", "objectives")

_SWEEP = Statement(select(*WHOLE_SWEEP).where(sweeps.c.sweep_id == bindparam("sweep_id")))
_LAST_VALUES = Statement(
    select(
        last_values.c.name,
        func.array_agg(last_values.c.number, type_=ARRAY(BigInteger)).label("numbers"),
        func.array_agg(last_values.c.value, type_=ARRAY(Double)).label("values"),
    )
    .select_from(
        runs.join(
            last_values,
            (last_values.c.sweep_id == runs.c.sweep_id)
            & (last_values.c.number == runs.c.number)
            & (last_values.c.attempt == runs.c.attempt),
        )
    )
    .where(
        of_sweep(runs.c),
        runs.c.number == func.any(bindparam("numbers", type_=ARRAY(BigInteger))),
        last_values.c.name == func.any(bindparam("names", type_=ARRAY(Text))),
    )
    .group_by(last_values.c.name)
)


@dataclass(frozen=True, slots=True)
class SweepHead:
    """A sweep and the identity of the database that it was read from."""

    sweep: Sweep
    database_id: str


class ColumnQuery:
    """The statements that read the columns of a sweep's runs, a page at a time."""

    def __init__(
        self, columns: Sequence[RunColumn], metrics: int, states: Sequence[RunState], since: int
    ) -> None:
        """Compose the statements.

        Args:
            columns: The columns.
            metrics: The number of the sweep's metrics.
            states: Only runs in one of these states; all states if empty.
            since: Only runs that changed after this revision.
        """
        self._metrics = metrics
        self.states = [state.value for state in states or RunState]
        self.since = since
        self.fields = tuple(
            dict.fromkeys(column.field for column in columns if isinstance(column, FieldColumn))
        )
        self.names = [column.name for column in columns if isinstance(column, SummaryColumn)]
        wants_objectives = any(isinstance(column, ObjectiveColumn) for column in columns)
        self._has_objective = wants_objectives and metrics == 1
        needed = {
            "parameters": any(isinstance(column, ParameterColumn) for column in columns),
            "labels": any(isinstance(column, LabelColumn) for column in columns),
            "objectives": wants_objectives and metrics > 1,
        }
        self._lists = tuple(name for name in _LISTS if needed[name])
        self.page = _page_of(self._lists, self.fields, self._has_objective)
        """Returns one row with a page of runs; its arrays are null if there are none."""

    def batch(self, row: Row, last: Sequence[Row]) -> RunBatch:
        """Return the page as a batch; parsing takes milliseconds for thousands of runs."""
        lists: dict[str, list[Any]] = {name: parsed(row[name]) for name in self._lists}
        objectives: list[list[float]] = []
        if self._has_objective:
            objectives = [row["objective"]]
        elif "objectives" in lists:
            missing = [math.nan] * self._metrics
            by_run = [values or missing for values in lists["objectives"]]
            objectives = [[values[index] for values in by_run] for index in range(self._metrics)]
        return RunBatch(
            numbers=row["numbers"],
            states=row["states"],
            parameters=lists.get("parameters", ()),
            labels=lists.get("labels", ()),
            objectives=objectives,
            fields={name: row[f"field_{name}"] for name in self.fields},
            summaries={
                of["name"]: dict(zip(of["numbers"], of["values"], strict=True)) for of in last
            },
        )


# Compiling takes as long as reading thousands of runs; plots ask for few kinds of columns.
@lru_cache(maxsize=256)
def _page_of(lists: Sequence[str], fields: Sequence[RunField], has_objective: bool) -> Statement:
    large = [runs.c[name] for name in lists]
    if RunField.ERROR_MESSAGE in fields:
        large.append(runs.c.error_message)
    found = (
        select(
            runs.c.number,
            runs.c.state,
            *large,
            *(_FIELDS[name].label(f"field_{name}") for name in fields),
            *([_number(runs.c.objective).label("objective")] if has_objective else []),
            bytes_of(*large).label("bytes"),
        )
        .where(
            of_sweep(runs.c),
            runs.c.number > bindparam("after", type_=BigInteger),
            runs.c.revision > bindparam("since", type_=BigInteger),
            runs.c.state == func.any(bindparam("states", type_=ARRAY(Text))),
        )
        .limit(bindparam("limit"))
    )
    rows = (
        within_bytes(found, lambda c: [c.number]).order_by("number").subquery("page")
    )  # The aggregates take the rows in this order.
    return Statement(
        select(
            func.array_agg(rows.c.number, type_=ARRAY(BigInteger)).label("numbers"),
            func.array_agg(rows.c.state, type_=ARRAY(Text)).label("states"),
            func.coalesce(func.sum(rows.c.bytes), literal_column("0")).label("size"),
            *(joined(rows.c[name]).label(name) for name in lists),
            *(
                func.array_agg(
                    rows.c[f"field_{name}"], type_=ARRAY(Text if name in TEXT_FIELDS else Double)
                ).label(f"field_{name}")
                for name in fields
            ),
            *(
                [func.array_agg(rows.c.objective, type_=ARRAY(Double)).label("objective")]
                if has_objective
                else []
            ),
        )
    )


class ColumnReads:
    """Reads of columns; a page is one indexed query, and one more for last values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self, sweep_id: str) -> SweepHead:
        """Return the sweep.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            row = await _SWEEP.fetch_one(connection, sweep_id=sweep_id)
        if row is None:
            raise sweep_not_found(sweep_id)
        return SweepHead(sweep_from_row(row), self._database.identity)

    async def page(
        self, sweep_id: str, query: ColumnQuery, after: int, limit: int
    ) -> RunBatch | None:
        """Return at most `limit` runs, and READ_BYTES, by number; None if there are no more.

        Only runs with numbers greater than `after`.
        """
        async with self._database.read_many() as connection:
            row = await query.page.fetch_one(
                connection,
                sweep_id=sweep_id,
                states=query.states,
                since=query.since,
                after=after,
                limit=limit,
                most_bytes=READ_BYTES,
            )
            if row is None or row["numbers"] is None:
                return None
            last: Sequence[Row] = ()
            if query.names:
                last = await _LAST_VALUES.fetch(
                    connection, sweep_id=sweep_id, numbers=row["numbers"], names=query.names
                )
        found = row
        return await converted(lambda: query.batch(found, last), int(found["size"]) // BYTES_A_ROW)
