"""Results as JSON for programs (`--json`).

Field names are those of the dataclasses. Times are ISO 8601 in UTC, durations
seconds. JSON has no NaN and no infinity: they are the strings "NaN", "Infinity"
and "-Infinity", as in protobuf's own JSON.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, get_args

from wanllmdb import UNSET, Distribution
from wanllmdb.cli.console import say_json

_DISTRIBUTIONS = get_args(Distribution)


def print_json(value: object) -> None:
    """Prints one document, on several lines."""
    say_json(json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_json_line(value: object) -> None:
    """Prints one document on one line."""
    say_json(json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False))


def to_plain(value: object) -> Any:
    """What JSON can hold of a result of the client."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            # What is not there differs from what is null.
            if getattr(value, field.name) is not UNSET
        }
        if isinstance(value, _DISTRIBUTIONS):
            # Without its name a distribution is only numbers.
            return {"distribution": _snake_case(type(value).__name__), **fields}
        return fields
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


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
