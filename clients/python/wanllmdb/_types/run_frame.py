"""A data frame of runs, from the messages of ReadRunColumns: columns of NumPy, no object a run."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wanllmdb._errors import CommError, InvalidArgumentError
from wanllmdb._packages import MissingPackageError, optional_package
from wanllmdb._types.enums import AxisScale, RunColumnKind, RunState
from wanllmdb._types.run_columns import RunColumn, RunColumnsSchema, column_from_proto
from wanllmdb._types.spec import Conditional, Distribution, IntLogUniform, IntUniform, Quantized
from wanllmdb._types.values import from_parameter_value
from wanllmdb.api.registry.v1 import run_columns_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2

Library = Literal["pandas", "polars"]

_LIBRARIES: tuple[Library, ...] = ("pandas", "polars")
_INTEGER_FIELDS = frozenset({"attempt", "last_step", "revision"})
_TIME_FIELDS = frozenset({"create_time", "start_time", "end_time"})


@dataclass(frozen=True, slots=True)
class _Values:
    """One column: an array, and a mask that is True where a run has no value.

    `kind` is "int", "float", "bool", "text", "time" (datetime64[us]) or "object".
    """

    name: str
    kind: str
    array: Any
    missing: Any


def frame_library(library: str | None) -> Library:
    """The library that makes the frame: the given one, else pandas, else polars.

    Raises:
        InvalidArgumentError: the given one makes no frames.
        MissingPackageError: neither is installed.
    """
    if library is not None:
        for known in _LIBRARIES:
            if library == known:
                return known
        raise InvalidArgumentError(
            f"library: '{library}' makes no frames; pandas and polars do", reason="INVALID_REQUEST"
        )
    for known in _LIBRARIES:
        if importlib.util.find_spec(known) is not None:
            return known
    raise MissingPackageError(
        "a frame of runs needs pandas or polars, and neither is installed: "
        "`pip install 'wanllmdb[pandas]'` or `pip install 'wanllmdb[polars]'`"
    )


class RunFrame:
    """Collects the messages of one stream, and makes a frame of them.

    Args:
        library: what makes the frame, by `frame_library`.
        parameters: the sweep's distributions, which state what columns have integers.
    """

    def __init__(self, library: Library, parameters: Mapping[str, Distribution]) -> None:
        self._np = optional_package("numpy", purpose="a frame of runs", extra=library)
        self._frames = optional_package(library, purpose="a frame of runs", extra=library)
        self._library = library
        self._integers = {name for name, which in parameters.items() if _is_integer(which)}
        self._schema: RunColumnsSchema | None = None
        self._chunks: list[pb.RunColumnsChunk] = []
        self._has_end = False

    def add(self, message: pb.ReadRunColumnsResponse) -> None:
        """Add a message of the stream."""
        match message.WhichOneof("part"):
            case "schema":
                columns = tuple(map(column_from_proto, message.schema.columns))
                self._schema = RunColumnsSchema(columns, message.schema.run_count)
            case "chunk":
                self._chunks.append(message.chunk)
            case "end":
                self._has_end = True

    def made(self) -> Any:
        """The frame of all rows.

        Raises:
            CommError: the stream ended early.
        """
        if self._schema is None or not self._has_end:
            raise CommError("the registry ended the runs' columns early; read them again")
        columns = list(self._columns(self._schema.columns))
        return self._pandas(columns) if self._library == "pandas" else self._polars(columns)

    def _columns(self, columns: tuple[RunColumn, ...]) -> Iterator[_Values]:
        np = self._np
        numbers = self._joined([chunk.run_numbers for chunk in self._chunks], np.int64)
        present = np.zeros(len(numbers), bool)
        yield _Values("number", "int", numbers, present)
        states = self._joined([chunk.states for chunk in self._chunks], np.int64)
        names = _state_names()
        # A newer registry may have further states.
        states[states >= len(names)] = 0
        yield _Values("state", "text", self._taken(names, states), present)
        for place, (column, name) in enumerate(zip(columns, _names(columns), strict=True)):
            parts = [chunk.columns[place] for chunk in self._chunks]
            if column.scale is AxisScale.CATEGORY:
                yield self._category(name, column, parts)
            else:
                yield self._number(name, column, parts)

    def _number(self, name: str, column: RunColumn, parts: list[pb.RunColumnValues]) -> _Values:
        np = self._np
        array = self._joined([part.numbers for part in parts], np.float64)
        missing = np.concatenate([np.zeros(0, bool), *map(self._missing, parts)])
        # Where the run has no value, the number may be any.
        array[missing] = np.nan
        key = column.key
        is_field = key.kind is RunColumnKind.FIELD
        if is_field and key.name in _TIME_FIELDS:
            microseconds = np.where(missing, 0.0, array * 1e6).round().astype("M8[us]")
            microseconds[missing] = np.datetime64("NaT")
            return _Values(name, "time", microseconds, missing)
        fields = _INTEGER_FIELDS if is_field else self._integers
        if key.kind in (RunColumnKind.FIELD, RunColumnKind.PARAMETER) and key.name in fields:
            whole = np.where(missing, 0.0, array)
            return _Values(name, "int", whole.astype(np.int64), missing)
        return _Values(name, "float", array, missing)

    def _missing(self, part: pb.RunColumnValues) -> Any:
        np = self._np
        if not part.present:
            return np.isnan(np.fromiter(part.numbers, np.float64, len(part.numbers)))
        packed = np.frombuffer(part.present, np.uint8)
        return np.unpackbits(packed, count=len(part.numbers), bitorder="little") == 0

    def _category(self, name: str, column: RunColumn, parts: list[pb.RunColumnValues]) -> _Values:
        np = self._np
        # A code is an index plus 1; 0 stands for no value.
        categories: list[Any] = [None, *column.categories]
        for part in parts:
            categories += map(from_parameter_value, part.new_categories)
        codes = self._joined([part.categories for part in parts], np.int64)
        missing = np.array([value is None for value in categories])[codes]
        types = {type(value) for value in categories if value is not None}
        if types == {bool}:
            known = np.array([value is True for value in categories])
            return _Values(name, "bool", known[codes], missing)
        if types == {int}:
            known = np.array([0 if value is None else value for value in categories], np.int64)
            return _Values(name, "int", known[codes], missing)
        if types == {int, float} or types == {float}:
            known = np.array([np.nan if value is None else value for value in categories], float)
            return _Values(name, "float", known[codes], missing)
        kind = "text" if types <= {str} else "object"
        return _Values(name, kind, self._taken(categories, codes), missing)

    def _joined(self, parts: list[Any], dtype: Any) -> Any:
        np = self._np
        arrays = [np.fromiter(part, dtype, len(part)) for part in parts]
        return np.concatenate([np.zeros(0, dtype), *arrays])

    def _taken(self, values: list[Any], indices: Any) -> Any:
        known = self._np.empty(len(values), object)
        # An assignment of a whole slice would unpack lists.
        for place, value in enumerate(values):
            known[place] = value
        return known[indices]

    def _pandas(self, columns: list[_Values]) -> Any:
        pandas = self._frames
        made: dict[str, Any] = {}
        for column in columns:
            has_gaps = bool(column.missing.any())
            match column.kind:
                case "int" if has_gaps:
                    made[column.name] = pandas.arrays.IntegerArray(column.array, column.missing)
                case "bool" if has_gaps:
                    made[column.name] = pandas.arrays.BooleanArray(column.array, column.missing)
                case "time":
                    made[column.name] = pandas.DatetimeIndex(column.array).tz_localize("UTC")
                case "object":
                    made[column.name] = pandas.Series(column.array, dtype=object)
                case _:
                    made[column.name] = column.array
        return pandas.DataFrame(made)

    def _polars(self, columns: list[_Values]) -> Any:
        polars = self._frames
        series, nulls = [], []
        for column in columns:
            if column.kind == "object":
                # Polars has no type for values of several types.
                series.append(polars.Series(column.name, list(column.array), dtype=polars.Object))
                continue
            if column.kind == "text":
                series.append(polars.Series(column.name, list(column.array), dtype=polars.String))
                continue
            made = polars.Series(column.name, column.array)
            if column.kind == "time":
                made = made.dt.replace_time_zone("UTC")
            series.append(made)
            if column.missing.any():
                mask = polars.lit(polars.Series(column.missing))
                value = polars.col(column.name)
                nulls.append(polars.when(mask).then(None).otherwise(value).alias(column.name))
        return polars.DataFrame(series).with_columns(nulls)


def _names(columns: tuple[RunColumn, ...]) -> list[str]:
    """The columns' names; those of one name, or of the frame's own, have their kind before it."""
    counts = Counter(["number", "state", *(column.key.name for column in columns)])
    return [
        column.key.name
        if counts[column.key.name] == 1
        else f"{RunColumnKind(column.key.kind).value}.{column.key.name}"
        for column in columns
    ]


def _state_names() -> list[str]:
    """The names of the states, by their numbers in protobuf."""
    names = [RunState.UNKNOWN.value] * (max(run_pb2.RunState.values()) + 1)
    for name, number in run_pb2.RunState.items():
        if number:
            names[number] = name.removeprefix("RUN_STATE_").lower()
    return names


def _is_integer(distribution: Distribution) -> bool:
    """Whether all values are integers."""
    inner: Any = distribution
    while isinstance(inner, Conditional):
        inner = inner.distribution
    if isinstance(inner, Quantized):
        return isinstance(inner.q, int)
    return isinstance(inner, IntUniform | IntLogUniform)
