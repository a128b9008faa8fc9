"""What `log` keeps of what it is given: numbers, under flat names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def numeric_values(
    data: Mapping[str, Any], ignored: Callable[[str, Any], None]
) -> dict[str, float]:
    """The numbers in `data` as floats; nested dictionaries become dotted names.

    Truth values are 0 and 1, NaN and infinities stay. Calls `ignored` with the name
    and the value of everything else.
    """
    values: dict[str, float] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            inner = {f"{name}.{key}": item for key, item in value.items()}
            values.update(numeric_values(inner, ignored))
        elif (number := _number(value)) is not None:
            # A lone surrogate, from an undecodable file name say, can't be sent.
            values[str(name).encode("utf-8", "backslashreplace").decode()] = number
        else:
            ignored(str(name), value)
    return values


def _number(value: Any) -> float | None:
    # NumPy and PyTorch scalars have __float__; so have their strings and arrays,
    # which then refuse.
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
