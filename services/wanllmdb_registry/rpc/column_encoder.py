"""Encodes batches of runs as the columns of ReadRunColumns and WatchSweep."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence

from wanllmdb.api.registry.v1 import plots_pb2, run_columns_pb2, run_pb2
from wanllmdb_common.search_space.distributions import Distribution, ParameterValue
from wanllmdb_common.search_space.plot_axes import (
    bounds_of,
    categories_of,
    scale_of,
)
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.domain.model import SweepSpec
from wanllmdb_registry.domain.run_columns import (
    TEXT_FIELDS,
    FieldColumn,
    LabelColumn,
    ObjectiveColumn,
    ParameterColumn,
    RunBatch,
    RunColumn,
    SummaryColumn,
)

# Bytes of a chunk, except one of a single large row.
CHUNK_BYTES = 1024 * 1024
# Rows that are read at once, and so in a chunk: parsing the parameters of more would hold the
# interpreter's lock for too long.
MAX_ROWS = 5_000
# Entries of all columns of a chunk.
_MAX_ENTRIES = 100_000
# Categories of a column that a stream remembers. Beyond that it forgets them, and sends again those
# that still occur.
_MAX_REMEMBERED = 100_000
# Types within which a dictionary tells values apart as `_key` does.
_PLAIN = frozenset([str, int, bool])
# Longer texts are remembered by their digest.
_KEY_LENGTH = 64


class ColumnEncoder:
    """The columns of one stream; it remembers the categories that it has sent."""

    def __init__(self, columns: Sequence[RunColumn], spec: SweepSpec) -> None:
        self.rows = max(1, min(MAX_ROWS, _MAX_ENTRIES // (2 + len(columns))))
        """The rows of a batch that fits into a chunk, unless its texts are long."""
        distributions = {p.name: p.distribution for p in spec.space.parameters}
        self._columns = [_column(column, spec, distributions) for column in columns]

    def schema(self, run_count: int) -> run_columns_pb2.RunColumnsSchema:
        """Return the first message of the stream."""
        return run_columns_pb2.RunColumnsSchema(
            columns=[column.header for column in self._columns], run_count=run_count
        )

    def chunks(self, batch: RunBatch) -> Iterator[tuple[int, run_columns_pb2.RunColumnsChunk]]:
        """Yield the rows in their order, in chunks of about CHUNK_BYTES, with their last index."""
        open_ranges = [(0, len(batch.numbers))]
        while open_ranges:
            begin, end = open_ranges.pop()
            chunk = self._chunk(batch, begin, end)
            if chunk.ByteSize() > CHUNK_BYTES and end - begin > 1:
                for column in self._columns:
                    column.forget_latest()
                middle = (begin + end) // 2
                open_ranges += [(middle, end), (begin, middle)]
            else:
                yield end - 1, chunk

    def _chunk(self, batch: RunBatch, begin: int, end: int) -> run_columns_pb2.RunColumnsChunk:
        return run_columns_pb2.RunColumnsChunk(
            run_numbers=batch.numbers[begin:end],
            states=[_STATES[state] for state in batch.states[begin:end]],
            columns=[column.values(batch, begin, end) for column in self._columns],
        )


_STATES = {name.removeprefix("RUN_STATE_"): number for name, number in run_pb2.RunState.items()}


class _Column:
    """A column of numbers."""

    def __init__(self, column: RunColumn, header: run_columns_pb2.RunColumn) -> None:
        self._column = column
        self.header = header

    def values(self, batch: RunBatch, begin: int, end: int) -> run_columns_pb2.RunColumnValues:
        """Return the values of some rows."""
        numbers: Sequence[float]
        present = b""
        match self._column:
            case ParameterColumn(name):
                nan = math.nan
                numbers = [row.get(name, nan) for row in batch.parameters[begin:end]]  # type: ignore[misc]
            case ObjectiveColumn(index):
                numbers = batch.objectives[index][begin:end]
            case FieldColumn(field):
                numbers = batch.fields[field][begin:end]  # type: ignore[assignment]
            case SummaryColumn(name):
                values = batch.summaries.get(name, {})
                of_rows = [values.get(number) for number in batch.numbers[begin:end]]
                numbers = [math.nan if value is None else value for value in of_rows]
                if any(value is not None and math.isnan(value) for value in of_rows):
                    present = _bits([value is not None for value in of_rows])
            case LabelColumn():
                raise AssertionError("labels are texts")
        return run_columns_pb2.RunColumnValues(numbers=numbers, present=present)

    def forget_latest(self) -> None:
        """Forget the categories of the latest rows, which are not sent."""


class _Missing:
    """Stands for no value."""


_MISSING = _Missing()


class _Categories(_Column):
    """A column of categories: the values of a categorical parameter, or texts."""

    def __init__(
        self,
        column: RunColumn,
        header: run_columns_pb2.RunColumn,
        categories: Sequence[ParameterValue] = (),
    ) -> None:
        super().__init__(column, header)
        # Positions count from 1; 0 means no value.
        self._positions = {_key(value): at for at, value in enumerate(categories, start=1)}
        self._sent = len(categories)
        self._latest = 0

    def values(self, batch: RunBatch, begin: int, end: int) -> run_columns_pb2.RunColumnValues:
        """Return the values of some rows, and the categories that are new."""
        if len(self._positions) > _MAX_REMEMBERED:
            self._positions.clear()
        found = self._found(batch, begin, end)
        new: list[ParameterValue] = []
        kinds = set(map(type, found)) - {_Missing}
        if len(kinds) <= 1 and kinds <= _PLAIN:
            # Values of one of these types differ exactly where they are unequal.
            known = {value: self._position(value, new) for value in dict.fromkeys(found)}
            positions = [known[value] for value in found]
        else:
            positions = [self._position(value, new) for value in found]
        self._latest = len(new)
        return run_columns_pb2.RunColumnValues(
            categories=positions, new_categories=map(value_to_proto, new)
        )

    def _found(self, batch: RunBatch, begin: int, end: int) -> list[ParameterValue | _Missing]:
        match self._column:
            case ParameterColumn(name):
                return [row.get(name, _MISSING) for row in batch.parameters[begin:end]]
            case LabelColumn(name):
                return [row.get(name, _MISSING) for row in batch.labels[begin:end]]
            case FieldColumn(field):
                return [text or _MISSING for text in batch.fields[field][begin:end]]
            case _:
                raise AssertionError("the others are numbers")

    def _position(self, value: ParameterValue | _Missing, new: list[ParameterValue]) -> int:
        if isinstance(value, _Missing):
            return 0
        key = _key(value)
        position = self._positions.get(key)
        if position is None:
            self._sent += 1
            position = self._positions[key] = self._sent
            new.append(value)
        return position

    def forget_latest(self) -> None:
        """Forget the categories of the latest rows, which are not sent."""
        for _ in range(self._latest):
            self._positions.popitem()
        self._sent -= self._latest
        self._latest = 0


def _column(column: RunColumn, spec: SweepSpec, distributions: dict[str, Distribution]) -> _Column:
    number, category = plots_pb2.AXIS_SCALE_LINEAR, plots_pb2.AXIS_SCALE_CATEGORY
    key = run_columns_pb2.RunColumnKey
    header = run_columns_pb2.RunColumn
    match column:
        case ParameterColumn(name):
            distribution = distributions[name]
            scale = plots_pb2.AxisScale.Value(f"AXIS_SCALE_{scale_of(distribution)}")
            categories = categories_of(distribution)
            low, high = bounds_of(distribution) or (None, None)
            about = header(
                key=key(parameter=name),
                scale=scale,
                min=low,
                max=high,
                categories=map(value_to_proto, categories),
            )
            return _Categories(column, about, categories) if categories else _Column(column, about)
        case ObjectiveColumn(index):
            return _Column(
                column, header(key=key(objective=spec.metrics[index].name), scale=number)
            )
        case SummaryColumn(name):
            return _Column(column, header(key=key(summary=name), scale=number))
        case LabelColumn(name):
            return _Categories(column, header(key=key(label=name), scale=category))
        case FieldColumn(field):
            of_field = key(field=run_columns_pb2.RunField.Value(f"RUN_FIELD_{field}"))
            if field in TEXT_FIELDS:
                return _Categories(column, header(key=of_field, scale=category))
            return _Column(column, header(key=of_field, scale=number))


def _key(value: ParameterValue) -> object:
    """Return a key that differs for 1, 1.0 and True, and is small for long texts."""
    kind = type(value)
    if kind is list or kind is dict:
        value, kind = json.dumps(value, sort_keys=True), list
    if isinstance(value, str) and len(value) > _KEY_LENGTH:
        return kind, hashlib.blake2b(value.encode(errors="surrogatepass"), digest_size=16).digest()
    return kind, value


def _bits(values: Sequence[bool]) -> bytes:
    """Return one bit for each value, the lowest bit of the first byte first."""
    bits = bytearray(-(-len(values) // 8))
    for index, value in enumerate(values):
        if value:
            bits[index // 8] |= 1 << index % 8
    return bytes(bits)
