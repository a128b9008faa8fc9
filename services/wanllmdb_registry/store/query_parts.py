"""Parts of queries: last values of runs, sizes of rows, and pages within a number of bytes."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.sql.base import ColumnCollection, ReadOnlyColumnCollection
from sqlalchemy.sql.elements import Label

from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.domain.reads import Page
from wanllmdb_registry.store.schema import last_values, runs, sweeps
from wanllmdb_registry.store.statement import Row

T = TypeVar("T")
Columns = ColumnCollection[str, Any] | ReadOnlyColumnCollection[str, Any]
Order = Callable[[Columns], Sequence[ColumnElement[Any]]]

# Bytes besides the large columns: of a row, and of a metric.
FIXED_BYTES: ColumnElement[int] = literal_column("200", Integer)
METRIC_BYTES: ColumnElement[int] = literal_column("24", Integer)
_NONE: ColumnElement[int] = literal_column("0", Integer)


def of_sweep(c: Columns) -> ColumnElement[bool]:
    """Return whether a row is of the sweep `sweep_id`, unless the sweep is deleted.

    The rows of a deleted sweep stay until they are purged. PostgreSQL looks the sweep up once for a
    statement, and reads nothing else without it.
    """
    wanted = bindparam("sweep_id", type_=Text)
    is_there = select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == wanted).correlate(None).exists()
    return and_(c.sweep_id == wanted, is_there)


def is_state(column: ColumnElement[Any], *states: RunState) -> ColumnElement[bool]:
    """Return whether a column of states has one of these."""
    # A literal, not a parameter, because PostgreSQL uses a partial index only if the statement
    # itself names the states.
    return column.in_([literal_column(f"'{state.value}'") for state in states])


def bytes_of(*columns: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the approximate bytes of a row, most of which are in the given columns.

    PostgreSQL knows the length of a column without reading it.
    """
    lengths = [func.coalesce(func.octet_length(column), _NONE) for column in columns]
    return functools.reduce(operator.add, lengths, FIXED_BYTES)


def run_bytes(c: Columns) -> ColumnElement[int]:
    """Return the approximate bytes of a message of a row of `runs`."""
    large = (c.parameters, c.labels, c.config, c.error_message, c.error_traceback)
    size: ColumnElement[int] = bytes_of(*large) + c.metric_bytes + c.metrics * METRIC_BYTES
    return size


# All columns but the sampler's state, which no message of a run contains.
_message_columns = [
    null().label(column.name) if column.name == "sampler_state" else column for column in runs.c
]
RUN = select(*_message_columns, run_bytes(runs.c).label("bytes"))
"""The columns that a message of a run contains, except its last values."""


WHOLE_SWEEP = [column for column in sweeps.c if column.name != "outline"]
"""The columns of a sweep; its outline repeats parts of its config."""

OUTLINE = func.coalesce(sweeps.c.outline, sweeps.c.config)
"""A sweep's outline, or the config of one that an older registry created."""

OUTLINED_SWEEP = [
    OUTLINE.label("config")
    if column.name == "config"
    else null().label(column.name)
    if column.name == "best_parameters"
    else column
    for column in WHOLE_SWEEP
]
"""The same for lists: an outline of the config, and no parameters of the best run."""


def no_last_values() -> list[Label[Any]]:
    """Return empty columns in place of those of `with_last_values`."""
    return [null().label(name) for name in ("last_names", "last_steps", "last_values")]


def all_last_values(c: Columns, *conditions: ColumnElement[bool]) -> FromClause:
    """Return the last values of a row of `runs`, as arrays, for a lateral join."""
    v = last_values.c
    return (
        select(
            func.array_agg(v.name, type_=ARRAY(Text)).label("last_names"),
            func.array_agg(v.step, type_=ARRAY(BigInteger)).label("last_steps"),
            func.array_agg(v.value, type_=ARRAY(Double)).label("last_values"),
        )
        .where(
            v.sweep_id == c.sweep_id,
            v.number == c.number,
            v.attempt == c.attempt,
            *conditions,
        )
        .lateral("last")
    )


def with_last_values(query: Select[Any], order: Order | None = None) -> Select[Any]:
    """Return the rows of a query over `runs` with their last values, in an order."""
    rows = query.subquery("found_runs")
    last = all_last_values(rows.c)
    joined = select(rows, *last.c).select_from(rows.outerjoin(last, true()))
    return joined if order is None else joined.order_by(*order(rows.c))


def within_bytes(query: Select[Any], order: Order) -> Select[Any]:
    """Return the first rows of a query that take about `most_bytes` together; at least one.

    The last row begins below that limit. Each row has its size in `bytes`; `found` counts all rows
    of the query, which needs a limit of its own.

    Args:
        query: The rows, with a column `bytes`.
        order: Their order.
    """
    rows = query.order_by(*order(query.selected_columns)).subquery("found")
    before = func.sum(rows.c.bytes).over(order_by=order(rows.c), rows=(None, 0)) - rows.c.bytes
    counted = select(
        rows, before.label("bytes_before"), func.count().over().label("found")
    ).subquery("counted")
    most = bindparam("most_bytes", type_=Integer)
    return select(counted).where(counted.c.bytes_before < most)


def page_of_rows(rows: Sequence[Row], limit: int) -> Page[Row]:
    """Return at most `limit` of the rows that `within_bytes` selected with a limit of one more."""
    kept = rows[:limit]
    has_more = bool(rows) and rows[0]["found"] > len(kept)
    return Page(kept, has_more, sum(row["bytes"] for row in kept))


async def converted_page(convert: Callable[[Row], T], page: Page[Row]) -> Page[T]:
    """Return the page with each row converted."""
    items = await converted(lambda: [convert(row) for row in page.items], page.size // BYTES_A_ROW)
    return Page(items, page.has_more, page.size)


async def page_of(convert: Callable[[Row], T], rows: Sequence[Row], limit: int) -> Page[T]:
    """Return `page_of_rows` with each row converted."""
    return await converted_page(convert, page_of_rows(rows, limit))
