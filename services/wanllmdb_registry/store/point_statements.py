"""Statements that write metric values.

What the values of a reported row share is sent once a row, and each value with the position of its
row: three arrays of all values in place of seven, whose encoding took a fifth of the event loop's
time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Text,
    bindparam,
    case,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.types import TypeEngine

from wanllmdb_registry.store.schema import metric_points
from wanllmdb_registry.store.statement import Statement

# Values that cannot be stored yet, because their steps are higher than all that is stored of their
# attempts. A plain INSERT takes two thirds of the time of one that looks for conflicts first.
NEW_POINTS = "new_points"
# Values that may replace stored ones.
OVERWRITING_POINTS = "overwriting_points"

# The arrays of the rows and of the values; a value's `row` is a position in the rows' arrays,
# beginning with 1.
ROW_ARRAYS = ("row_number", "row_attempt", "row_step", "row_time", "row_revision")
VALUE_ARRAYS = ("row", "name", "value")
_TYPES: dict[str, TypeEngine[Any]] = {
    "row_number": BigInteger(),
    "row_attempt": Integer(),
    "row_step": BigInteger(),
    "row_time": DateTime(timezone=True),
    "row_revision": BigInteger(),
    "row": Integer(),
    "name": Text(),
    "value": Double(),
}


def points_insert(prefix: str, sweep_id: ColumnElement[str]) -> Insert:
    """Return an INSERT of values from arrays named PREFIX_ARRAY, see ROW_ARRAYS and VALUE_ARRAYS.

    PREFIX_objective is the name of the sweep's only metric, or NULL.
    """

    def array(name: str) -> BindParameter[Any]:
        return bindparam(f"{prefix}_{name}", type_=ARRAY(_TYPES[name]))

    rows = select(*(array(name).label(name) for name in ROW_ARRAYS)).subquery(f"{prefix}_rows")
    values = (
        func.unnest(*map(array, VALUE_ARRAYS))
        .table_valued(*VALUE_ARRAYS, name=prefix)
        .render_derived()
    )

    def of_row(name: str) -> ColumnElement[Any]:
        return rows.c[name][values.c.row]

    objective = bindparam(f"{prefix}_objective", type_=Text)
    written = insert(metric_points).from_select(
        ["sweep_id", "number", "attempt", "name", "step", "value", "time", "objective_revision"],
        select(
            sweep_id,
            of_row("row_number"),
            of_row("row_attempt"),
            values.c.name,
            of_row("row_step"),
            values.c.value,
            of_row("row_time"),
            case((values.c.name == objective, of_row("row_revision"))),
        ).select_from(values.join(rows, true())),
    )
    if prefix == NEW_POINTS:
        return written
    return written.on_conflict_do_update(
        index_elements=["sweep_id", "number", "attempt", "name", "step"],
        set_={name: written.excluded[name] for name in ("value", "time", "objective_revision")},
    )


# For a transaction that has locked the sweep.
WRITE_POINTS = {
    prefix: Statement(points_insert(prefix, bindparam("sweep_id", type_=Text)))
    for prefix in (NEW_POINTS, OVERWRITING_POINTS)
}
