"""Read prior runs from CSV and from JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.model import RunState, SweepSpec
from wanllmdb_registry.domain.prior_runs import MAX_ROW_PROBLEMS, Row, result_state
from wanllmdb_registry.domain.run_files.cells import (
    METRICS,
    PARAMETERS,
    ValueReader,
    metric_of_cell,
    unquoted,
)

# Maximum columns, far more than an export has: 500 parameters, 2,000 metrics and a dozen others.
MAX_COLUMNS = 10_000
# A cell may be as large as a message.
csv.field_size_limit(4 * 1024 * 1024)


def read_csv(spec: SweepSpec, text: str, path: str) -> Iterator[Row]:
    """Yield the rows, typed by the parameters' distributions; ignore columns that the sweep lacks.

    Raises:
        InvalidArgumentError: the text is not CSV, or has no column of the sweep.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [unquoted(name.strip()) for name in next(reader, ())]
        _check_columns(spec, columns, path)
        layout = _Layout(spec, columns)
        index = 0
        for cells in with_checkpoints(reader):
            if cells:
                yield layout.row(index, reader.line_num, cells)
                index += 1
    except csv.Error as error:
        raise _not_csv(path, f"line {reader.line_num} can't be read: {error}") from None


def _check_columns(spec: SweepSpec, columns: list[str], path: str) -> None:
    if not columns:
        raise _not_csv(path, "is empty; it must start with a header")
    if len(columns) > MAX_COLUMNS:
        text = f"the header names {len(columns):,} columns, at most {MAX_COLUMNS:,} are allowed"
        raise _not_csv(path, f"{text}: leave out columns that are not parameters or metrics")
    repeated = sorted(name for name, count in Counter(columns).items() if count > 1)
    if repeated:
        raise _not_csv(path, f"the header names '{', '.join(repeated):.200}' more than once")
    known = {p.name for p in spec.space.parameters} | {m.name for m in spec.metrics}
    found = {name.removeprefix(f"{PARAMETERS}.").removeprefix(f"{METRICS}.") for name in columns}
    if not known & (found | set(columns)):
        raise _not_csv(
            path,
            "the header names no parameter and no metric of the sweep; the sweep has "
            f"{', '.join(sorted(known)):.200}; the header is {', '.join(columns):.200}",
        )


def _not_csv(path: str, text: str) -> Exception:
    return invalid_request(FieldViolation(f"{path}.csv", text))


class _Layout:
    """The columns of the header, by what they hold."""

    def __init__(self, spec: SweepSpec, columns: list[str]) -> None:
        self._width = len(columns)
        indices = {name: index for index, name in enumerate(columns)}
        self._parameters = [
            (p.name, index, ValueReader(p.distribution))
            for p in spec.space.parameters
            if (index := _column(PARAMETERS, p.name, indices)) is not None
        ]
        self._metrics = [
            (m.name, index)
            for m in spec.metrics
            if (index := _column(METRICS, m.name, indices)) is not None
        ]
        self._metric_names = [metric.name for metric in spec.metrics]
        # The column of a parameter with such a name is the parameter's.
        taken = {index for _, index, _ in self._parameters}
        self._fixed = {
            name: index
            for name in ("state", "last_step", "error")
            if (index := indices.get(name)) is not None and index not in taken
        }

    def row(self, index: int, line: int, cells: Sequence[str]) -> Row:
        problems: list[str] = []
        count = len(cells)
        # Cells beyond the header have no name.
        if count > self._width:
            problems.append("has more cells than the header")
        parameters: dict[str, ParameterValue] = {}
        for name, column, reader in self._parameters:
            cell = cells[column] if column < count else None
            if cell or (cell == "" and reader.may_be_empty):
                try:
                    parameters[name] = reader.of_cell(cell)
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
                    if len(problems) >= MAX_ROW_PROBLEMS:
                        break
        metrics: dict[str, float] = {}
        for name, column in self._metrics:
            if column < count and cells[column]:
                try:
                    metrics[name] = metric_of_cell(cells[column])
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
        fixed = {name: cells[column] for name, column in self._fixed.items() if column < count}
        state, last_step = RunState.FINISHED, -1
        try:
            state = result_state(
                state_of(fixed.get("state")), fixed.get("error"), metrics, self._metric_names
            )
            last_step = int(fixed.get("last_step") or -1)
        except ValueError as error:
            problems.append(f"{error!s:.200}")
        return Row(
            f"csv[{index}]",
            f"CSV line {line}",
            parameters,
            metrics,
            state,
            last_step if 0 <= last_step < 2**63 else None,
            tuple(problems),
        )


def _column(kind: str, name: str, indices: Mapping[str, int]) -> int | None:
    """Return the index of a name's column; `KIND.NAME` goes before the plain name."""
    explicit = indices.get(f"{kind}.{name}")
    return indices.get(name) if explicit is None else explicit


def read_json_lines(spec: SweepSpec, text: str, path: str) -> Iterator[Row]:
    """Yield the rows; ignore empty lines and keys that the sweep lacks.

    Raises:
        InvalidArgumentError: a line is not a JSON object.
    """
    wanted = {p.name for p in spec.space.parameters}
    metrics = [metric.name for metric in spec.metrics]
    # Not splitlines, which would also split at U+2028 within a JSON text.
    lines = text.removeprefix("\ufeff").split("\n")
    for number, line in with_checkpoints(enumerate(lines, start=1)):
        if line.strip():
            yield _row(number, _object(line, number, path), wanted, metrics)


def _object(line: str, number: int, path: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        text = f"line {number} is not JSON: {error!s:.200}"
        raise invalid_request(FieldViolation(f"{path}.json_lines", text)) from None
    if not isinstance(entry, dict):
        text = f"line {number} is not an object"
        raise invalid_request(FieldViolation(f"{path}.json_lines", text))
    return entry


def _row(number: int, entry: dict[str, Any], wanted: set[str], metrics: list[str]) -> Row:
    problems: list[str] = []
    # ExportRuns writes nested objects; flat ones are read, too. A parameter may have the name
    # "parameters".
    nested = isinstance(entry.get(PARAMETERS), Mapping) and PARAMETERS not in wanted
    values = entry[PARAMETERS] if nested else entry
    objectives = entry.get(METRICS) if nested else entry
    if not isinstance(objectives, Mapping):
        objectives = {}
    reported: dict[str, float] = {}
    for name in metrics:
        if objectives.get(name) is not None:
            try:
                reported[name] = metric_of_cell(objectives[name])
            except ValueError as error:
                problems.append(f"{name:.60}: {error}")
    # The key of a parameter with such a name is the parameter's.
    taken = set() if nested else wanted
    fixed = {key: value for key, value in entry.items() if key not in taken}
    state, last_step = RunState.FINISHED, fixed.get("last_step")
    try:
        state = result_state(state_of(fixed.get("state")), fixed.get("error"), reported, metrics)
    except ValueError as error:
        problems.append(str(error))
    if isinstance(last_step, bool) or not isinstance(last_step, int) or not 0 <= last_step < 2**63:
        last_step = None
    return Row(
        f"json_lines[{number - 1}]",
        f"JSON line {number}",
        {name: value for name, value in values.items() if name in wanted},
        reported,
        state,
        last_step,
        tuple(problems),
    )


def state_of(text: object) -> RunState:
    """Return the state with this name; FINISHED without a name.

    Raises:
        ValueError: the state does not exist.
    """
    if text is None or text == "":
        return RunState.FINISHED
    state = RunState.__members__.get(text.upper()) if isinstance(text, str) else None
    if state is None:
        raise ValueError(f"state {text!r:.60} is not one of {', '.join(RunState)}")
    return state
