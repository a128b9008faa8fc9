"""Results of elsewhere from CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.exchange.cells import LawReader, metric_of_cell
from wanllmdb_registry.domain.exchange.columns import METRICS, PARAMETERS
from wanllmdb_registry.domain.exchange.formulas import unquoted
from wanllmdb_registry.domain.exchange.states import state_of
from wanllmdb_registry.domain.model import RunState, SweepSpec
from wanllmdb_registry.domain.prior_runs import MAX_ROW_PROBLEMS, Row, result_state

# Far more than an export has: 500 parameters, 2,000 metrics and a dozen others.
MAX_COLUMNS = 10_000
# A cell may be as large as a message.
csv.field_size_limit(4 * 1024 * 1024)


def read_csv(spec: SweepSpec, text: str, path: str) -> Iterator[Row]:
    """The rows, typed by the parameters' laws; columns that the sweep does not know are ignored.

    Raises:
        InvalidArgumentError: it is not CSV, or has no column of the sweep.
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
        raise _not_csv(path, "is empty; it starts with a header")
    if len(columns) > MAX_COLUMNS:
        text = f"the header names {len(columns):,} columns, at most {MAX_COLUMNS:,} are allowed"
        raise _not_csv(path, f"{text}: leave out those that are no parameters and no metrics")
    repeated = sorted(name for name, count in Counter(columns).items() if count > 1)
    if repeated:
        raise _not_csv(path, f"the header names '{', '.join(repeated):.200}' more than once")
    known = {p.name for p in spec.space.parameters} | {m.name for m in spec.metrics}
    found = {name.removeprefix(f"{PARAMETERS}.").removeprefix(f"{METRICS}.") for name in columns}
    if not known & (found | set(columns)):
        raise _not_csv(
            path,
            f"the header names no parameter and no metric of the sweep, which has "
            f"{', '.join(sorted(known)):.200}; it is {', '.join(columns):.200}",
        )


def _not_csv(path: str, text: str) -> Exception:
    return invalid_request(FieldViolation(f"{path}.csv", text))


class _Layout:
    """Which column holds what."""

    def __init__(self, spec: SweepSpec, columns: list[str]) -> None:
        self._width = len(columns)
        places = {name: place for place, name in enumerate(columns)}
        self._parameters = [
            (p.name, place, LawReader(p.distribution))
            for p in spec.space.parameters
            if (place := _place(PARAMETERS, p.name, places)) is not None
        ]
        self._metrics = [
            (m.name, place)
            for m in spec.metrics
            if (place := _place(METRICS, m.name, places)) is not None
        ]
        self._metric_names = [metric.name for metric in spec.metrics]
        # Where a parameter is called so, the column is the parameter's.
        taken = {place for _, place, _ in self._parameters}
        self._fixed = {
            name: place
            for name in ("state", "last_step", "error")
            if (place := places.get(name)) is not None and place not in taken
        }

    def row(self, index: int, line: int, cells: Sequence[str]) -> Row:
        problems: list[str] = []
        count = len(cells)
        # Cells beyond the header stand under no name.
        if count > self._width:
            problems.append("has more cells than the header")
        parameters: dict[str, ParameterValue] = {}
        for name, place, reader in self._parameters:
            cell = cells[place] if place < count else None
            if cell or (cell == "" and reader.may_be_empty):
                try:
                    parameters[name] = reader.of_cell(cell)
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
                    if len(problems) >= MAX_ROW_PROBLEMS:
                        break
        metrics: dict[str, float] = {}
        for name, place in self._metrics:
            if place < count and cells[place]:
                try:
                    metrics[name] = metric_of_cell(cells[place])
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
        fixed = {name: cells[place] for name, place in self._fixed.items() if place < count}
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


def _place(kind: str, name: str, places: Mapping[str, int]) -> int | None:
    """The column of a name; one that says what it is goes first."""
    explicit = places.get(f"{kind}.{name}")
    return places.get(name) if explicit is None else explicit
