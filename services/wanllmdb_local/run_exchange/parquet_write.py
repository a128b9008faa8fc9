"""Writes the runs of a sweep to a Parquet file with typed columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wanllmdb import InvalidArgumentError, Run, Sweep

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.map_(pa.string(), pa.string())

_FIRST: dict[str, tuple[Any, Callable[[Run], Any]]] = {
    "number": (pa.int64(), lambda run: run.number),
    "state": (pa.string(), lambda run: run.state.value.upper()),
    "attempt": (pa.int32(), lambda run: run.attempt),
    "last_step": (pa.int64(), lambda run: run.last_step),
    "name": (pa.string(), lambda run: run.name),
    "agent_id": (pa.string(), lambda run: run.agent_id),
    "start_time": (_TIME, lambda run: run.start_time),
    "end_time": (_TIME, lambda run: run.end_time),
    "duration_seconds": (pa.float64(), lambda run: _seconds(run)),
    "error": (pa.string(), lambda run: run.error.message if run.error is not None else None),
}
_LAST: dict[str, tuple[Any, Callable[[Run], Any]]] = {
    "labels": (_TEXTS, lambda run: list(run.labels.items())),
    "config": (_TEXTS, lambda run: [(name, _json(v)) for name, v in run.config.items()]),
}


def write_parquet(sweep: Sweep, runs: Iterable[Run], path: Path) -> int:
    """Write one row per run; return the number of rows.

    The columns are those of the CSV export, followed by labels and config. A parameter's column
    has the type of its values: int64, double, bool or string; JSON text where the values have
    several types or are lists. A value that a run does not have is null.

    Raises:
        InvalidArgumentError: The file can't be written.
    """
    rows = list(runs)
    columns = {name: pa.array(map(value, rows), kind) for name, (kind, value) in _FIRST.items()}
    for name in sorted(set(sweep.spec.parameters).union(*(run.parameters for run in rows))):
        present = [name in run.parameters for run in rows]
        column = _typed(present, [run.parameters.get(name) for run in rows])
        columns[_heading("parameters", name, columns)] = column
    own = [metric.name for metric in sweep.spec.metrics]
    reported = sorted(set().union(*(run.summary for run in rows)) - set(own))
    for index, name in enumerate([*own, *reported]):
        is_own = index < len(own)
        values = [_objective(run, index, name) if is_own else run.summary.get(name) for run in rows]
        columns[_heading("metrics", name, columns)] = pa.array(values, pa.float64())
    for name, (kind, value) in _LAST.items():
        columns[_heading("run", name, columns)] = pa.array(map(value, rows), kind)
    table = pa.table(columns).replace_schema_metadata({"sweep_id": sweep.sweep_id})
    try:
        pq.write_table(table, path)
    except OSError as error:
        raise InvalidArgumentError(f"{path} can't be written: {error}") from error
    return len(rows)


def _heading(kind: str, name: str, taken: Container[str]) -> str:
    """Return the column's name, prefixed by its kind if another column has that name."""
    while name in taken:
        name = f"{kind}.{name}"
    return name


def _typed(present: Sequence[bool], values: Sequence[Any]) -> Any:
    """Return a column of the values' type if it is the same for all, else of JSON texts."""
    kinds = {type(value) for value in values if value is not None}
    has_null = any(there and value is None for there, value in zip(present, values, strict=True))
    for python, kind in ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64())):
        if kinds == {python} and not has_null:
            return pa.array(values, kind)
    if kinds == {int, float} and not has_null:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds <= {str} and not has_null:
        return pa.array(values, pa.string())
    texts = [_json(value) if there else None for there, value in zip(present, values, strict=True)]
    return pa.array(texts, pa.string())


def _objective(run: Run, index: int, name: str) -> float | None:
    if run.objectives:
        return run.objectives[index]
    return run.objective if run.objective is not None else run.summary.get(name)


def _seconds(run: Run) -> float | None:
    if run.start_time is None or run.end_time is None:
        return None
    return (run.end_time - run.start_time).total_seconds()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
