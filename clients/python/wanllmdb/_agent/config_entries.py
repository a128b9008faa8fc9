"""Converts config entries: nested for a program, flat and in JSON for the registry."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from wanllmdb._agent.text import sendable, shown, text_of

SEPARATOR = "/"


def nested(
    parameters: Mapping[str, Any],
    group: Callable[[], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """Nest flat names: `{"optimizer/lr": 0.1}` becomes `{"optimizer": {"lr": 0.1}}`.

    The order is kept, and `group` creates the dictionaries. A name inside another name that has
    a plain value stays flat; a sweep's space has no such names.
    """
    tree = group()
    for name, value in parameters.items():
        *groups, leaf = name.split(SEPARATOR)
        node = tree
        for inner in groups:
            below = node.setdefault(inner, group())
            if not isinstance(below, dict):
                tree[name] = value
                break
            node = below
        else:
            node[leaf] = value
    return tree


MOST_ENTRIES = 1_000
MOST_BYTES = 256 * 1024
LONGEST_NAME = 200
"""The registry's limits for a run's config."""

_DEEPEST = 50
_MOST_PARTS = 50_000
"""Lists and dictionaries beyond this number are stored as their type's name."""
_OVERHEAD = 16
_INT64 = range(-(2**63), 2**63)

LeftOut = Callable[[str, str], None]
"""Receives the name of an entry that is not stored, and the reason."""


def flat_entries(
    values: Mapping[Any, Any], whole: Container[str], left_out: LeftOut
) -> Iterator[tuple[str, Any]]:
    """Yield all entries by full name; keep dictionaries that are empty or named in `whole`."""
    yield from _entries(values, "", whole, left_out, ())


def recordable(value: Any) -> Any:
    """Return a value as JSON types; anything else becomes text."""
    return _Plain().of(value, ())


class Bounds:
    """Counts the size of a config, and decides whether each entry still fits."""

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        self._entries = 0
        self._bytes = 0

    def takes(self, name: str, text: str) -> bool:
        """Return whether an entry, given as JSON, fits; report an entry that does not."""
        size = _OVERHEAD + len(name.encode()) + len(text.encode())
        if not 0 < len(name) <= LONGEST_NAME:
            self._left_out(name, f"a name has 1 to {LONGEST_NAME} characters")
        elif self._entries >= MOST_ENTRIES:
            self._left_out(name, f"a config has at most {MOST_ENTRIES:,} entries of its own")
        elif self._bytes + size > MOST_BYTES:
            self._left_out(
                name, f"a config has at most {MOST_BYTES:,} bytes: keep large values in files"
            )
        else:
            self._entries += 1
            self._bytes += size
            return True
        return False


def as_text(value: Any) -> str:
    """Return the JSON of a recordable value; as text, 1, 1.0 and True differ."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _entries(
    values: Mapping[Any, Any],
    prefix: str,
    whole: Container[str],
    left_out: LeftOut,
    above: tuple[int, ...],
) -> Iterator[tuple[str, Any]]:
    above = (*above, id(values))
    try:
        for key, value in values.items():
            name = prefix + text_of(key)
            if (
                _is_mapping(value)
                and value
                and name not in whole
                and id(value) not in above
                and len(above) < _DEEPEST
            ):
                yield from _entries(value, f"{name}{SEPARATOR}", whole, left_out, above)
            else:
                yield name, value
    except Exception as error:
        left_out(prefix or "all of it", f"reading it raised {type(error).__name__}")


def _is_mapping(value: Any) -> bool:
    try:
        return isinstance(value, Mapping)
    except Exception:
        return False


class _Plain:
    """Converts the value of one entry to JSON types, within limits."""

    def __init__(self) -> None:
        self._parts = 0

    def of(self, value: Any, above: tuple[int, ...]) -> Any:
        """Return the value as JSON types, else as text, else as its type's name."""
        try:
            return self._made(value, above)
        except Exception:
            return sendable(f"<{type(value).__name__}>")

    def _made(self, value: Any, above: tuple[int, ...]) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return sendable(value)
        if isinstance(value, int):
            return int(value) if value in _INT64 else text_of(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        self._parts += 1
        if id(value) in above or len(above) >= _DEEPEST or self._parts > _MOST_PARTS:
            return f"<{type(value).__name__}>"
        above = (*above, id(value))
        if isinstance(value, Mapping):
            return {text_of(key): self._counted(inner, above) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            if len(value) > _MOST_PARTS:
                return f"<{type(value).__name__} of {len(value):,}>"
            return [self._counted(inner, above) for inner in value]
        if callable(tolist := getattr(value, "tolist", None)):
            return shown(value) if _elements(value) > _MOST_PARTS else self.of(tolist(), above)
        return text_of(value)

    def _counted(self, value: Any, above: tuple[int, ...]) -> Any:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ValueError("too many parts")
        return self.of(value, above)


def _elements(array: Any) -> int:
    size = getattr(array, "size", 1)
    return int(array.numel()) if callable(size) else int(size)
