"""Filters what `log` receives: keeps numbers, under flat names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from numbers import Complex, Real
from typing import Any

from wanllmdb._agent.text import shown
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._wandb.media import holds_not_sent

LONGEST_METRIC_NAME = 200
"""Largest number of characters that the registry accepts."""
MOST_VALUES = 100_000
"""Largest number of entries of one `log`; further entries are left out."""
_MOST_WARNINGS = 10
_STEPS = range(2**63 - 1)
_SMALL = range(-(2**63), 2**63)

_MEDIA = "images, tables and charts"
"""One name for all media, so that one warning covers them."""

Ignored = Callable[[str, str], None]
"""Receives the name of an entry that is left out, and a line with the reason."""


def is_metric_name(name: str) -> bool:
    """Return whether the registry accepts a metric with that name."""
    return 0 < len(name) <= LONGEST_METRIC_NAME and "\0" not in name


def checked_step(step: Any) -> int | None:
    """Return the step as an integer; None if the registry does not accept it.

    Raises:
        InvalidArgumentError: the step is not an integer.
    """
    try:
        number = operator.index(step)
    except Exception:
        raise InvalidArgumentError(f"log: step must be an integer, but is {shown(step)}") from None
    return number if number in _STEPS else None


class MetricFilter:
    """Keeps the logged values that the registry accepts, and warns about the rest.

    There is one warning per name for up to ten names, since a program may use any number of
    names, and one warning for all media.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._warned: set[str] = set()
        self._has_warned_of_media = False

    def numbers(self, data: Mapping[str, Any]) -> dict[str, float]:
        """Return the values to report, by flat name."""
        return numeric_values(data, self._ignored)

    def step(self, step: Any) -> int | None:
        """Return the step; None, with a warning, if the row must be left out.

        Raises:
            InvalidArgumentError: the step is not an integer.
        """
        number = checked_step(step)
        if number is None:
            text = shown(step)
            self._ignored(f"step {text}", f"log leaves out step {text}: a step is 0 to 2**63 - 2")
        return number

    def _ignored(self, name: str, line: str) -> None:
        if name == _MEDIA:
            if not self._has_warned_of_media:
                self._has_warned_of_media = True
                self._warn(line)
            return
        if name in self._warned or len(self._warned) > _MOST_WARNINGS:
            return
        self._warned.add(name)
        if len(self._warned) > _MOST_WARNINGS:
            self._warn(
                f"log leaves out more than {_MOST_WARNINGS} names; further names are not listed"
            )
        else:
            self._warn(line)


def numeric_values(data: Mapping[str, Any], ignored: Ignored) -> dict[str, float]:
    """Return the numbers in `data` as floats; nested dictionaries become dotted names.

    Scalars of NumPy, PyTorch and similar libraries count as numbers, as do their arrays of one
    element. Booleans become 0 and 1; NaN and infinities stay. `ignored` is called with the name
    of everything else. No content of `data` raises an exception.
    """
    if (plain := _plain_numbers(data)) is not None:
        return plain
    values: dict[str, float] = {}
    for name, value in _entries(data, ignored):
        number = _number(value)
        if number is None and holds_not_sent(value):
            ignored(
                _MEDIA,
                f"log keeps numbers only: {_quoted(name)} is left out, and so are all {_MEDIA}",
            )
        elif number is None:
            kind = type(value).__name__
            ignored(name, f"log keeps numbers only: {_quoted(name)} is left out, it is a {kind}")
        elif is_metric_name(name):
            values[name] = number
        else:
            ignored(
                name,
                f"log leaves out {_quoted(name)}: a metric's name has 1 to "
                f"{LONGEST_METRIC_NAME} characters, and no NUL",
            )
    return values


def _plain_numbers(data: Any, prefix: str = "") -> dict[str, float] | None:
    """Fast path for the usual dictionaries of plain numbers; None for anything else."""
    if type(data) is not dict:
        return None
    values: dict[str, float] = {}
    for key, value in data.items():
        if type(key) is not str or not key.isascii():
            return None
        name = prefix + key
        kind = type(value)
        if kind is float or ((kind is int or kind is bool) and value in _SMALL):
            if not is_metric_name(name):
                return None
            values[name] = float(value)
        elif prefix or (inner := _plain_numbers(value, f"{name}.")) is None:
            return None
        else:
            values.update(inner)
    return values


def _entries(data: Mapping[str, Any], ignored: Ignored) -> Iterator[tuple[str, Any]]:
    """Yield all entries with their flat names, in order, including nested ones."""
    count = 0
    # For each open dictionary: its identity, its prefix, and the remaining items.
    levels = [(id(data), "", _items(data, "", ignored))]
    while levels:
        _, prefix, items = levels[-1]
        entry = next(items, None)
        if entry is None:
            levels.pop()
            continue
        count += 1
        if count > MOST_VALUES:
            ignored("more", f"log leaves out entries beyond {MOST_VALUES:,} in one call")
            return
        name, value = entry
        name = prefix + name
        if not _is_mapping(value):
            yield name, value
        elif len(name) > LONGEST_METRIC_NAME:
            ignored(
                name,
                f"log leaves out {_quoted(name)}: names within it have more than "
                f"{LONGEST_METRIC_NAME} characters",
            )
        elif any(id(value) == above for above, _, _ in levels):
            ignored(name, f"log leaves out {_quoted(name)}: the dictionary contains itself")
        else:
            levels.append((id(value), f"{name}.", _items(value, name, ignored)))


def _items(data: Mapping[Any, Any], name: str, ignored: Ignored) -> Iterator[tuple[str, Any]]:
    try:
        for key, value in data.items():
            yield _text(key), value
    except Exception as error:
        what = f" of {_quoted(name)}" if name else ""
        ignored(name, f"log leaves out entries{what}: reading them raised {type(error).__name__}")


def _text(key: Any) -> str:
    if type(key) is str and key.isascii():
        return key
    # A lone surrogate, from an undecodable file name for example, can't be sent.
    return str(key).encode("utf-8", "backslashreplace").decode()


def _is_mapping(value: Any) -> bool:
    try:
        return isinstance(value, Mapping)
    except Exception:
        return False


def _number(value: Any) -> float | None:
    try:
        if callable(item := getattr(value, "item", None)):
            # Arrays with several elements raise an error that depends on the library.
            value = item()
        if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
            return None
        if isinstance(value, Complex) and not isinstance(value, Real):
            return None
        return float(value)
    except Exception:
        # A class may raise any exception when its type is inspected.
        return None


def _quoted(name: str) -> str:
    return repr(name[:40])
