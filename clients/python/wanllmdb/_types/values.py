"""Parameter values, configs and times, to and from protobuf."""

from __future__ import annotations

import json
import math
from collections import UserString
from collections.abc import ItemsView, Iterable, KeysView, Mapping, Sequence, Set
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import PurePath
from typing import Any, SupportsFloat

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import NULL_VALUE
from google.protobuf.timestamp_pb2 import Timestamp

from wanllmdb._errors import FieldProblem, InvalidArgumentError
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb


class Unset(Enum):
    """The type of UNSET."""

    UNSET = auto()


UNSET = Unset.UNSET
"""The default of arguments that change a field only if given; None can mean "no limit"."""


HALF_A_PAIR = "holds half of a surrogate pair, which can't be sent"


# How deep lists and dicts may be nested; the services accept less.
_MAX_DEPTH = 100


_BYTES = bytes | bytearray | memoryview

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY = 86_400


_INT64 = range(-(2**63), 2**63)


# Python refuses to print integers of more than 4,300 digits.
_MAX_BITS = 2048


def config_text(config: Mapping[str, Any]) -> str:
    """A config as JSON text, in which 1.0 stays a float and 32 an integer.

    NumPy scalars and arrays, and other objects with a `tolist()`, become plain numbers and
    lists.

    Raises:
        InvalidArgumentError: values in the config are not JSON values; lists their paths.
    """
    problems: list[FieldProblem] = []
    plain = _plain(config, "", problems)
    if problems:
        raise InvalidArgumentError(
            "the config contains values that JSON can't represent",
            reason="INVALID_SWEEP_CONFIG",
            fields=problems,
        )
    return json.dumps(plain, ensure_ascii=False)


def to_parameter_value(value: object, path: str) -> space_pb.ParameterValue:
    """The typed message of a plain value; `path` names the value in errors.

    Raises:
        InvalidArgumentError: the value is not a JSON value, or is an integer beyond 64 bits.
    """
    problems: list[FieldProblem] = []
    plain = _plain(value, path, problems)
    if not problems and isinstance(plain, int) and plain not in _INT64:
        problems.append(FieldProblem(path, f"{plain} does not fit into 64 bits"))
    if problems:
        raise InvalidArgumentError(
            "not a parameter value", reason="INVALID_REQUEST", fields=problems
        )
    if plain is None:
        return space_pb.ParameterValue(null_value=NULL_VALUE)
    if isinstance(plain, bool):
        return space_pb.ParameterValue(bool_value=plain)
    if isinstance(plain, int):
        return space_pb.ParameterValue(int_value=plain)
    if isinstance(plain, float):
        return space_pb.ParameterValue(double_value=plain)
    if isinstance(plain, str):
        return space_pb.ParameterValue(string_value=plain)
    return space_pb.ParameterValue(json_value=json.dumps(plain, ensure_ascii=False))


def from_parameter_value(value: space_pb.ParameterValue) -> Any:
    """The plain Python value: None, float, int, str, bool, list or dict."""
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "json_value":
        return json.loads(value.json_value)
    return getattr(value, kind)


def to_parameters(values: Mapping[str, Any], path: str) -> dict[str, space_pb.ParameterValue]:
    """The typed messages of plain values by name."""
    return {name: to_parameter_value(value, f"{path}.{name}") for name, value in values.items()}


def from_parameters(messages: Mapping[str, space_pb.ParameterValue]) -> dict[str, Any]:
    """The plain values by name."""
    # Protobuf maps have no order; sorting shows people the same order every time.
    return {name: from_parameter_value(messages[name]) for name in sorted(messages)}


def to_timestamp(time: datetime | float | None) -> Timestamp | None:
    """A timestamp of a datetime (local time if naive) or of seconds since 1970."""
    if time is None:
        return None
    stamp = Timestamp()
    set_timestamp(stamp, time)
    return stamp


def set_timestamp(stamp: Timestamp, time: datetime | float) -> None:
    """Set a timestamp as `to_timestamp` makes it."""
    if isinstance(time, datetime):
        # Takes a fifth of the time of FromDatetime; each row of metrics has a time.
        since = time.astimezone(UTC) - _EPOCH
        stamp.seconds = since.days * _SECONDS_A_DAY + since.seconds
        stamp.nanos = since.microseconds * 1_000
    else:
        stamp.FromNanoseconds(round(time * 1e9))


def optional_time(message: Message, field: str) -> datetime | None:
    """A timestamp field as an aware datetime in UTC; None if absent."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=UTC)


def optional_field(message: Message, field: str) -> Any:
    """A scalar field with presence; None if absent."""
    return getattr(message, field) if message.HasField(field) else None


def _plain(value: object, path: str, problems: list[FieldProblem]) -> Any:
    """`value` in JSON's types; appends to `problems` what JSON can't represent."""
    return _Walk(problems).plain(value, path)


class _Walk:
    """Converts nested lists and dicts to plain values, and tracks the path of each value."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        self._problems = problems
        # The lists and dicts that contain the current value.
        self._around: set[int] = set()

    def plain(self, value: object, path: str) -> Any:
        """`value` in JSON's types."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str | UserString):
            return self._text(value, path)
        if isinstance(value, int):
            if value.bit_length() > _MAX_BITS:
                self._problem(path, f"is an integer of {value.bit_length():,} bits")
            return int(value)
        if isinstance(value, float):
            return self._finite(value, path)
        if id(value) in self._around:
            self._problem(path, "is a list or dict that contains itself")
            return None
        if len(self._around) >= _MAX_DEPTH:
            self._problem(f"{path:.200}...", f"lies more than {_MAX_DEPTH} levels deep")
            return None
        self._around.add(id(value))
        plain = self._compound(value, path)
        self._around.discard(id(value))
        return plain

    def _compound(self, value: object, path: str) -> Any:
        if isinstance(value, Mapping):
            return dict(self._item(key, inner, path) for key, inner in value.items())
        if isinstance(value, Sequence) and not isinstance(value, _BYTES):
            return [self.plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if callable(tolist := getattr(value, "tolist", None)):
            plain = tolist()
            # tolist() of NumPy's numbers beyond 64 bits returns the number itself.
            if type(plain) is not type(value):
                return self.plain(plain, path)
            if isinstance(value, SupportsFloat):
                return self._finite(value, path)
        self._problem(path, _unknown_kind(value))
        return None

    def _item(self, key: object, value: object, path: str) -> tuple[str, Any]:
        # The text of a string enum's member; str() would return the member's name.
        name = str.__str__(key) if isinstance(key, str) else str(key)
        inner = f"{path}.{name}" if path else name
        if isinstance(key, str):
            self._text(key, inner)
        else:
            self._problem(inner, f"its key {key!r} is not a string")
        return name, self.plain(value, inner)

    def _text(self, value: str | UserString, path: str) -> str:
        text = str(value) if isinstance(value, UserString) else str.__str__(value)
        if not _is_sendable(text):
            self._problem(path, HALF_A_PAIR)
        return text

    def _finite(self, value: SupportsFloat, path: str) -> float:
        number = float(value)
        if not math.isfinite(number):
            self._problem(path, f"must be a finite number, but is {number}")
        return number

    def _problem(self, path: str, text: str) -> None:
        self._problems.append(FieldProblem(path, text))


def _unknown_kind(value: object) -> str:
    """The reason why a value can't be sent, and a replacement."""
    hint = ""
    if isinstance(value, Set) and not isinstance(value, KeysView | ItemsView):
        hint = ": a set has no order, write sorted(...)"
    elif isinstance(value, Enum):
        hint = ": write its .value"
    elif is_dataclass(value) and not isinstance(value, type):
        hint = ": write dataclasses.asdict(...)"
    elif isinstance(value, PurePath):
        hint = ": write str(...)"
    elif isinstance(value, SupportsFloat) and not isinstance(value, type):
        hint = ": write float(...)"
    elif isinstance(value, Iterable) and not isinstance(value, _BYTES):
        hint = ": write list(...)"
    return (
        f"is a {type(value).__name__}; only None, numbers, strings, truth values, lists and "
        f"dicts can be sent{hint}"
    )


def _is_sendable(text: str) -> bool:
    """Whether the text can be written as UTF-8: no lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
