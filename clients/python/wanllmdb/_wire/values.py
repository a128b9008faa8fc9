"""Parameter values, configs and times between Python and the wire."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import NULL_VALUE
from google.protobuf.timestamp_pb2 import Timestamp

from wanllmdb._errors import FieldProblem, InvalidArgumentError
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb

_INT64 = range(-(2**63), 2**63)


def config_text(config: Mapping[str, Any]) -> str:
    """A config as JSON text, in which 1.0 stays a float and 32 an integer.

    NumPy scalars and arrays, and whatever else has a `tolist()`, become plain
    numbers and lists.

    Raises:
        InvalidArgumentError: something in it is no JSON value; names the path of each.
    """
    problems: list[FieldProblem] = []
    plain = _plain(config, "", problems)
    if problems:
        raise InvalidArgumentError(
            "the config holds values that JSON does not know",
            reason="INVALID_SWEEP_CONFIG",
            fields=problems,
        )
    return json.dumps(plain, ensure_ascii=False)


def to_parameter_value(value: object, path: str) -> space_pb.ParameterValue:
    """The typed message of a plain value; `path` names it in the error.

    Raises:
        InvalidArgumentError: it is no JSON value, or an integer beyond 64 bits.
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
    # Protobuf maps have no order: sorted, so that people see the same one every time.
    return {name: from_parameter_value(messages[name]) for name in sorted(messages)}


def to_timestamp(time: datetime | float | None) -> Timestamp | None:
    """A timestamp of a datetime (naive ones are local time) or of seconds since 1970."""
    if time is None:
        return None
    stamp = Timestamp()
    if isinstance(time, datetime):
        stamp.FromDatetime(time.astimezone(UTC))
    else:
        stamp.FromNanoseconds(round(time * 1e9))
    return stamp


def optional_time(message: Message, field: str) -> datetime | None:
    """A timestamp field as an aware datetime in UTC, or None where absent."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=UTC)


def optional_field(message: Message, field: str) -> Any:
    """A scalar field with presence, or None where absent."""
    return getattr(message, field) if message.HasField(field) else None


def _plain(value: object, path: str, problems: list[FieldProblem]) -> Any:
    """`value` as JSON knows it; appends to `problems` what it does not know."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            problems.append(FieldProblem(path, f"must be finite, but is {value}"))
        return float(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value, path, problems)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item, f"{path}[{index}]", problems) for index, item in enumerate(value)]
    if callable(tolist := getattr(value, "tolist", None)):
        return _plain(tolist(), path, problems)
    kind = type(value).__name__
    problems.append(
        FieldProblem(
            path,
            f"is a {kind}; only None, numbers, strings, truth values, lists and dicts can be sent",
        )
    )
    return None


def _plain_mapping(
    mapping: Mapping[Any, object], path: str, problems: list[FieldProblem]
) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in mapping.items():
        inner = f"{path}.{key}" if path else str(key)
        if not isinstance(key, str):
            problems.append(FieldProblem(inner, f"its key {key!r} is not a string"))
        plain[str(key)] = _plain(value, inner, problems)
    return plain
