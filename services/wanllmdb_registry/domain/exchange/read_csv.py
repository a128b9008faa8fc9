"""Results of elsewhere from CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import Categorical, Distribution, ParameterValue
from wanllmdb_registry.domain.exchange.cells import metric_of_cell, parameter_of_cell
from wanllmdb_registry.domain.exchange.columns import METRICS, PARAMETERS
from wanllmdb_registry.domain.exchange.states import state_of
from wanllmdb_registry.domain.model import RunState, SweepSpec
from wanllmdb_registry.domain.prior_runs import Row

# A cell may be as large as a message.
csv.field_size_limit(4 * 1024 * 1024)


def read_csv(spec: SweepSpec, text: str, path: str) -> Iterator[Row]:
    """The rows, typed by the parameters' laws; columns that the sweep does not know are ignored.

    Raises:
        InvalidArgumentError: it is not CSV, or has no column of the sweep.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        _check_columns(spec, columns, path)
        layout = _Layout(spec, columns)
        for index, cells in enumerate(reader):
            yield layout.row(index, reader.line_num, cells)
    except csv.Error as error:
        raise _not_csv(path, f"line {reader.line_num} can't be read: {error}") from None


def _check_columns(spec: SweepSpec, columns: list[str], path: str) -> None:
    if not columns:
        raise _not_csv(path, "is empty; it starts with a header")
    repeated = sorted({name for name in columns if columns.count(name) > 1})
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
        self._parameters = [
            (p.name, _column(PARAMETERS, p.name, columns), p.distribution)
            for p in spec.space.parameters
        ]
        # Where a parameter is called so, the column is the parameter's.
        taken = {column for _, column, _ in self._parameters}
        self._fixed = {"state", "last_step"} - taken
        self._metrics = [(m.name, _column(METRICS, m.name, columns)) for m in spec.metrics]

    def row(self, index: int, line: int, cells: dict[str, str | None]) -> Row:
        problems: list[str] = []
        # Cells beyond the header stand under no name.
        if None in cells:
            problems.append("has more cells than the header")
        parameters: dict[str, ParameterValue] = {}
        for name, column, law in self._parameters:
            cell = cells.get(column)
            if cell or (cell == "" and _may_be_empty(law)):
                try:
                    parameters[name] = parameter_of_cell(law, cell)
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
        metrics: dict[str, float] = {}
        for name, column in self._metrics:
            if cell := cells.get(column):
                try:
                    metrics[name] = metric_of_cell(cell)
                except ValueError as error:
                    problems.append(f"{name:.60}: {error}")
        fixed = {column: cells.get(column) for column in self._fixed}
        state, last_step = RunState.FINISHED, -1
        try:
            state = state_of(fixed.get("state"))
            last_step = int(fixed.get("last_step") or -1)
        except ValueError as error:
            problems.append(str(error))
        return Row(
            f"csv[{index}]",
            f"CSV line {line}",
            parameters,
            metrics,
            state,
            last_step if 0 <= last_step < 2**63 else None,
            tuple(problems),
        )


def _column(kind: str, name: str, columns: list[str]) -> str:
    """The column of a name; one that says what it is goes first."""
    explicit = f"{kind}.{name}"
    return explicit if explicit in columns else name


def _may_be_empty(law: Distribution) -> bool:
    return isinstance(law, Categorical) and "" in law.values
