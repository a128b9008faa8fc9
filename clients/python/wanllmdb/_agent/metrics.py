"""What `log` keeps of what it is given: numbers, under flat names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from numbers import Complex, Real
from typing import Any

from wanllmdb._errors import InvalidArgumentError

LONGEST_METRIC_NAME = 200
"""Characters that the registry takes."""


def is_metric_name(name: str) -> bool:
    """Whether the registry takes a value of that name."""
    return 0 < len(name) <= LONGEST_METRIC_NAME and "\0" not in name


def checked_step(step: int) -> int:
    """A step as the registry takes it.

    Raises:
        InvalidArgumentError: it is none.
    """
    try:
        number = operator.index(step)
    except TypeError:
        raise InvalidArgumentError(f"log: step must be an integer, but is {step!r}") from None
    if not 0 <= number < 2**63 - 1:
        raise InvalidArgumentError(f"log: step must be 0 to 2**63 - 2, but is {number}")
    return number


class MetricFilter:
    """Takes from what is logged what the registry keeps; `warn` hears of the rest."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def numbers(self, data: Mapping[str, Any]) -> dict[str, float]:
        """The values to report, by flat name."""
        values = numeric_values(data, self._ignored)
        for name in [name for name in values if not is_metric_name(name)]:
            del values[name]
            self._warn(
                f"log leaves out {name[:40]!r}: a metric's name has 1 to "
                f"{LONGEST_METRIC_NAME} characters, and no NUL"
            )
        return values

    def _ignored(self, name: str, value: Any) -> None:
        self._warn(f"log keeps numbers only: {name!r} is left out, it is a {type(value).__name__}")


def numeric_values(
    data: Mapping[str, Any], ignored: Callable[[str, Any], None]
) -> dict[str, float]:
    """The numbers in `data` as floats; nested dictionaries become dotted names.

    Scalars of NumPy, PyTorch and their like count as numbers, and so do their arrays of
    one element. Truth values are 0 and 1, NaN and infinities stay. Calls `ignored` with
    the name and the value of everything else.
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
    if callable(item := getattr(value, "item", None)):
        try:
            value = item()
        except Exception:
            # More than one element; each library has an error of its own for it.
            return None
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        return None
    if isinstance(value, Complex) and not isinstance(value, Real):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
