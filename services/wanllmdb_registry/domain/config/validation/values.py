"""Limits of a config: its size, its texts, and the JSON values that can be stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wanllmdb_common.computing.time_slices import checkpoint, with_checkpoints
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.config.problems import INT64, Problems, invalid_config, shown

# Keys, values of keys and entries of lists, each counted once.
MAX_ENTRIES = 100_000
MAX_KEY = 1_000


class ConfigSize:
    """Counts the entries of a config while it is loaded or walked through."""

    def __init__(self, field: str = "config") -> None:
        self._field = field
        self._entries = 0

    @property
    def entries(self) -> int:
        """The number of entries counted so far."""
        return self._entries

    def enter(self, depth: int, entries: int) -> None:
        """Count a list or an object at this depth, and check the limits.

        Raises:
            InvalidArgumentError: INVALID_SWEEP_CONFIG.
        """
        checkpoint()
        self._entries += entries
        if self._entries > MAX_ENTRIES:
            raise self._problem(
                f"has more than {MAX_ENTRIES:,} keys and list entries, which is the limit"
            )
        if depth > MAX_DEPTH:
            raise self._problem(
                f"is nested too deeply: lists and objects may be nested at most {MAX_DEPTH} levels "
                "deep"
            )

    def key(self, key: object) -> None:
        """Check that an object may have the key.

        Raises:
            InvalidArgumentError: INVALID_SWEEP_CONFIG.
        """
        if isinstance(key, str):
            if len(key) > MAX_KEY:
                raise self._problem(
                    f"has a key of {len(key):,} characters, {key[:40]!r}...: at most {MAX_KEY:,} "
                    "are allowed"
                )
        elif isinstance(key, int) and key not in INT64:
            raise self._problem("has a number of more than 64 bits as a key: use a text")

    def walk(self, config: Mapping[str, Any]) -> None:
        """Check the size of a whole config.

        Raises:
            InvalidArgumentError: INVALID_SWEEP_CONFIG.
        """
        depth = 1
        level: list[Any] = [config]
        while level:
            inner: list[Any] = []
            for outer in level:
                self.enter(depth, len(outer))
                if isinstance(outer, Mapping):
                    for key in outer:
                        self.key(key)
                    outer = outer.values()
                inner += [each for each in outer if isinstance(each, Mapping | list | tuple)]
            level = inner
            depth += 1

    def _problem(self, text: str) -> InvalidArgumentError:
        return invalid_config([FieldViolation(self._field, text)])


MAX_TEXT = 100_000
# Nesting levels of lists and objects.
MAX_DEPTH = 100


def problems_of_value(path: str, value: ParameterValue) -> Problems:
    """Yield the problems of a value that can't be stored.

    A storable value is a finite number, an integer of 64 bits, a storable text, true, false or
    null, or a list or an object of storable values.
    """
    # Paths are built only for problems, because keys and so paths may be long.
    for rest, text in _problems_of_value(value, 0):
        yield path + rest, text


def _problems_of_value(value: ParameterValue, depth: int) -> Problems:
    """Yield problems with the rest of the path, which begins at the value."""
    if depth > MAX_DEPTH:
        yield "", f"is nested too deeply: at most {MAX_DEPTH} levels of lists and objects"
    elif isinstance(value, float) and not math.isfinite(value):
        yield "", f"must be a finite number, is {value}"
    elif isinstance(value, int) and value not in INT64:
        yield "", f"must fit into 64 bits, is {shown(value)}"
    elif isinstance(value, str):
        yield from problems_of_text("", value)
    elif isinstance(value, list | tuple):
        for index, inner in with_checkpoints(enumerate(value)):
            for rest, text in _problems_of_value(inner, depth + 1):
                yield f"[{index}]{rest}", text
    elif isinstance(value, dict):
        for key, inner in with_checkpoints(value.items()):
            if isinstance(key, str):
                yield from problems_of_text("", key)
                for rest, text in _problems_of_value(inner, depth + 1):
                    yield f".{key}{rest}", text
            else:
                yield "", f"the key {shown(key)} must be a text: put it in quotes"
    elif not isinstance(value, bool | int | float | None):
        yield "", f"must be a JSON value, is {shown(value)}"


def problems_of_text(path: str, text: str, limit: int = MAX_TEXT) -> Problems:
    """Yield the problems of a text that is too long or can't be stored."""
    if len(text) > limit:
        yield path, f"has {len(text):,} characters, at most {limit:,} are allowed"
    elif "\x00" in text:
        yield path, "contains a NUL character, which can't be stored"
    elif not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            yield path, "contains half of a surrogate pair, which can't be stored"
