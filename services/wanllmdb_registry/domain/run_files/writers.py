"""Write runs as CSV and as JSON lines."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.model import Run, SweepSpec
from wanllmdb_registry.domain.run_files.cells import (
    METRICS,
    PARAMETERS,
    RUN_COLUMNS,
    cell_of,
    columns_of,
    metrics_of,
    number_text,
    quoted,
)

_LINE_END = "\r\n"


class RunWriter(Protocol):
    """Writes the runs of one sweep as text, in parts."""

    def header(self) -> str:
        """Return the beginning of the text; may be empty."""

    def rows(self, runs: Iterable[Run]) -> str:
        """Return one row for each run."""


class CsvWriter:
    """Writes a header and a row for each run, as in RFC 4180 but with plain line feeds.

    Args:
        spec: The sweep's spec.
        reported: The names of the reported metrics to write.
        raw: Whether cells that a spreadsheet would read as formulas are left as they are; see
            `quoted`.
    """

    def __init__(self, spec: SweepSpec, reported: Iterable[str], *, raw: bool = False) -> None:
        self._spec = spec
        self._columns = columns_of(spec, reported)
        self._raw = raw

    def header(self) -> str:
        """Return the names of the columns."""
        columns = self._columns
        return self._csv([[*RUN_COLUMNS, *columns.parameters.values(), *columns.metrics.values()]])

    def rows(self, runs: Iterable[Run]) -> str:
        """Return one row for each run; an empty cell means no value."""
        return self._csv(map(self._row, with_checkpoints(runs, every=1)))

    def _csv(self, rows: Iterable[Sequence[Any]]) -> str:
        row = io.StringIO()
        # The line end makes the writer quote cells with a carriage return, too.
        writer = csv.writer(row, lineterminator=_LINE_END)
        lines = []
        for cells in rows if self._raw else map(_safe, rows):
            writer.writerow(cells)
            lines.append(row.getvalue().removesuffix(_LINE_END))
            row.seek(0)
            row.truncate()
        return "".join(f"{line}\n" for line in lines)

    def _row(self, run: Run) -> list[Any]:
        fixed = _run_values(run)
        metrics = metrics_of(self._spec, run)
        return [
            *(fixed[name] for name in RUN_COLUMNS),
            *(
                cell_of(run.parameters[name]) if name in run.parameters else ""
                for name in self._columns.parameters
            ),
            *(
                number_text(metrics[name]) if name in metrics else ""
                for name in self._columns.metrics
            ),
        ]


class JsonLinesWriter:
    """Writes an object for each run; a missing value is null or left out.

    NaN and infinity, which JSON lacks, become the texts "NaN", "Infinity" and "-Infinity".
    """

    def __init__(self, spec: SweepSpec) -> None:
        self._spec = spec

    def header(self) -> str:
        """Return an empty text."""
        return ""

    def rows(self, runs: Iterable[Run]) -> str:
        """Return one line for each run."""
        return "".join(self._line(run) for run in with_checkpoints(runs, every=1))

    def _line(self, run: Run) -> str:
        metrics = metrics_of(self._spec, run)
        entry = {
            **_run_values(run),
            PARAMETERS: {name: _json(value) for name, value in run.parameters.items()},
            METRICS: {name: number_text(value) for name, value in metrics.items()},
            "config": {name: _json(value) for name, value in run.config.items()},
            "labels": dict(run.labels),
        }
        return json.dumps(entry, allow_nan=False) + "\n"


def _run_values(run: Run) -> dict[str, Any]:
    """Return the values of the columns that every run has; None for a missing value."""
    duration = None
    if run.start_time is not None and run.end_time is not None:
        duration = (run.end_time - run.start_time).total_seconds()
    return {
        "number": run.number,
        "state": run.state.value,
        "attempt": run.attempt,
        "last_step": run.last_step,
        "name": run.name,
        "agent_id": run.agent_id,
        "start_time": _rfc3339(run.start_time),
        "end_time": _rfc3339(run.end_time),
        "duration_seconds": duration,
        "error": None if run.error is None else run.error.message,
    }


def _rfc3339(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json(value: ParameterValue) -> ParameterValue:
    if isinstance(value, float) and not math.isfinite(value):
        return number_text(value)
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return value


def _safe(row: Sequence[Any]) -> list[Any]:
    return [quoted(cell) if isinstance(cell, str) else cell for cell in row]
