"""Metric values as arrays, and their writes in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanllmdb_registry.domain.unit_of_work import UnitOfWork
from wanllmdb_registry.store.point_statements import (
    NEW_POINTS,
    OVERWRITING_POINTS,
    ROW_ARRAYS,
    VALUE_ARRAYS,
    WRITE_POINTS,
)
from wanllmdb_registry.store.statement import Connection

# Metric values of one statement: encoding their arrays keeps the event loop for a millisecond.
POINTS_AT_ONCE = 1_000


def point_arrays(work: UnitOfWork) -> dict[str, dict[str, Any]]:
    """Return the arrays of `points_insert`, by the prefix of their names."""
    metric = work.sweep.spec.metric
    objective = None if metric is None else metric.name
    return {
        prefix: {f"{prefix}_{name}": array for name, array in arrays.items()}
        | {f"{prefix}_objective": objective}
        for prefix, overwrites in ((NEW_POINTS, False), (OVERWRITING_POINTS, True))
        if (arrays := _arrays(work, overwrites=overwrites))
    }


def _arrays(work: UnitOfWork, *, overwrites: bool) -> dict[str, list[Any]]:
    """Return the arrays of the attempts that overwrite values, or of those that do not."""
    rows: list[tuple[Any, ...]] = []
    values: list[tuple[int, str, float]] = []
    for attempt, reported in work.reported.items():
        if reported.overwrites is overwrites and reported.values:
            first = len(rows) + 1
            rows += [(*attempt, *row) for row in reported.rows]
            values += [
                (first + row, name, value) for (name, _), (row, value) in reported.values.items()
            ]
    if not values:
        return {}
    columns = [*zip(*rows, strict=True), *zip(*values, strict=True)]
    return dict(zip((*ROW_ARRAYS, *VALUE_ARRAYS), map(list, columns), strict=True))


async def write_points(
    connection: Connection, sweep_id: str, prefix: str, arrays: Mapping[str, Any]
) -> None:
    """Write metric values in parts; the sweep must be locked."""
    indexes = arrays[f"{prefix}_row"]
    for start in range(0, len(indexes), POINTS_AT_ONCE):
        part = slice(start, start + POINTS_AT_ONCE)
        # A part brings its own rows alone.
        first, last = min(indexes[part]), max(indexes[part])
        await WRITE_POINTS[prefix].execute(
            connection,
            sweep_id=sweep_id,
            **{name: arrays[name][first - 1 : last] for name in _named(prefix, ROW_ARRAYS)},
            **{name: arrays[name][part] for name in _named(prefix, VALUE_ARRAYS)}
            | {f"{prefix}_row": [index - first + 1 for index in indexes[part]]},
            **{f"{prefix}_objective": arrays[f"{prefix}_objective"]},
        )


def _named(prefix: str, arrays: tuple[str, ...]) -> list[str]:
    return [f"{prefix}_{name}" for name in arrays]
