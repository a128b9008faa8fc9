"""Results as JSON for programs (`--json`).

Field names are those of the dataclasses. Times are ISO 8601 in UTC, durations are in
seconds. JSON has no NaN and no infinities, so they become the strings "NaN", "Infinity" and
"-Infinity", as in protobuf's JSON.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from wanllmdb.cli.console import say_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def print_json(value: object) -> None:
    """Print one document on several lines."""
    say_json(json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_json_line(value: object) -> None:
    """Print one document on one line."""
    say_json(json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False))


def to_plain(value: object) -> Any:
    """Convert a result of the client to JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value


def _fields(value: DataclassInstance) -> dict[str, Any]:
    # Imported here because it loads protobuf, which a plain document does not need.
    from wanllmdb import UNSET, Distribution

    fields = {
        field.name: to_plain(getattr(value, field.name))
        for field in dataclasses.fields(value)
        # A missing value differs from null.
        if getattr(value, field.name) is not UNSET
    }
    if isinstance(value, get_args(Distribution)):
        # Without its name, a distribution would be bare numbers.
        return {"distribution": _snake_case(type(value).__name__), **fields}
    return fields


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
