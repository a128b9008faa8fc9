"""Columns of a sweep's runs, to and from protobuf."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import (
    AxisScale,
    RunColumnKind,
    RunState,
    enum_from_proto,
    enums_from_proto,
)
from wanllmdb._types.values import from_parameter_value, optional_field
from wanllmdb.api.registry.v1 import run_columns_pb2 as pb


@dataclass(frozen=True, slots=True)
class RunColumnKey:
    """Names a column of runs.

    `name` is the name of a parameter, metric or label, or of a field: "attempt", "agent_id",
    "name", "origin", "last_step", "create_time", "start_time", "end_time", "duration", "revision"
    or "error_message". Times are seconds since 1970, UTC; a duration is in seconds.
    """

    kind: RunColumnKind | str
    name: str


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column of runs and the axis that shows it; `min` and `max` are a parameter's bounds.

    `categories` are those of a parameter's distribution, in the space's order.
    """

    key: RunColumnKey
    scale: AxisScale
    min: float | None
    max: float | None
    categories: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RunColumnsSchema:
    """The columns, and how many runs the sweep has in the requested states."""

    columns: tuple[RunColumn, ...]
    run_count: int


@dataclass(frozen=True, slots=True)
class RunColumnsChunk:
    """Some runs, by ascending number.

    `columns` has the values of each column of the schema, one for each run; None where a run has
    none.
    """

    run_numbers: tuple[int, ...]
    states: tuple[RunState, ...]
    columns: tuple[list[Any], ...]


@dataclass(frozen=True, slots=True)
class RunColumnsEnd:
    """The revision and database from which `watch_sweep` continues without a gap."""

    revision: int
    database_id: str


RunColumnsPart = RunColumnsSchema | RunColumnsChunk | RunColumnsEnd
"""What `read_run_columns` yields: the schema, then chunks, last the end."""


def column_key_to_proto(key: RunColumnKey, path: str) -> pb.RunColumnKey:
    """The message of a key.

    Raises:
        InvalidArgumentError: there is no such kind or field.
    """
    kinds = [kind.value for kind in RunColumnKind]
    if key.kind not in kinds:
        raise InvalidArgumentError(
            f"{path}: '{key.kind}' is not a kind of column; the kinds are {', '.join(kinds)}",
            reason="INVALID_REQUEST",
        )
    if key.kind != RunColumnKind.FIELD:
        column = pb.RunColumnKey()
        setattr(column, key.kind, key.name)
        return column
    number = pb.RunField.items()
    numbers = {name.removeprefix("RUN_FIELD_").lower(): value for name, value in number if value}
    if key.name not in numbers:
        raise InvalidArgumentError(
            f"{path}: runs have no field '{key.name}' as a column; the fields are "
            f"{', '.join(numbers)}",
            reason="INVALID_REQUEST",
        )
    return pb.RunColumnKey(field=numbers[key.name])


def reader_of_columns() -> Callable[[pb.ReadRunColumnsResponse], RunColumnsPart]:
    """The conversion of one stream's messages, which remembers the columns' categories."""
    return _Reader().part


class _Reader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._is_category: list[bool] = []
        self._categories: list[list[Any]] = []

    def part(self, message: pb.ReadRunColumnsResponse) -> RunColumnsPart:
        """One message as a value."""
        kind = message.WhichOneof("part")
        if kind == "schema":
            return self._schema(message.schema)
        if kind == "chunk":
            return self._chunk(message.chunk)
        return RunColumnsEnd(message.end.revision, message.end.database_id)

    def _schema(self, message: pb.RunColumnsSchema) -> RunColumnsSchema:
        columns = tuple(map(column_from_proto, message.columns))
        self._is_category = [column.scale is AxisScale.CATEGORY for column in columns]
        # A code is an index plus 1; 0 stands for no value.
        self._categories = [[None, *column.categories] for column in columns]
        return RunColumnsSchema(columns, message.run_count)

    def _chunk(self, message: pb.RunColumnsChunk) -> RunColumnsChunk:
        return RunColumnsChunk(
            tuple(message.run_numbers),
            enums_from_proto(RunState, message, "states"),
            tuple(self._values(place, values) for place, values in enumerate(message.columns)),
        )

    def _values(self, place: int, values: pb.RunColumnValues) -> list[Any]:
        if self._is_category[place]:
            categories = self._categories[place]
            categories += map(from_parameter_value, values.new_categories)
            return [categories[code] for code in values.categories]
        return _numbers(values.numbers, values.present)


def _numbers(numbers: Sequence[float], present: bytes) -> list[float | None]:
    if not present:
        return [None if math.isnan(number) else number for number in numbers]
    return [
        number if present[row // 8] >> row % 8 & 1 else None for row, number in enumerate(numbers)
    ]


def column_from_proto(message: pb.RunColumn) -> RunColumn:
    """A column of a schema."""
    kind = RunColumnKind(message.key.WhichOneof("key") or RunColumnKind.FIELD)
    if kind is RunColumnKind.FIELD:
        name = pb.RunField.Name(message.key.field).removeprefix("RUN_FIELD_").lower()
    else:
        name = getattr(message.key, kind.value)
    return RunColumn(
        RunColumnKey(kind, name),
        enum_from_proto(AxisScale, message, "scale"),
        optional_field(message, "min"),
        optional_field(message, "max"),
        tuple(map(from_parameter_value, message.categories)),
    )
