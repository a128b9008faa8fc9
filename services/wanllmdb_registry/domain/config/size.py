"""How much a config may hold: found out before anything else is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanllmdb_common.computing.time_slices import checkpoint
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.rules.values import MAX_DEPTH
from wanllmdb_registry.domain.config.wording import INT64, invalid_config

# Keys, entries of lists and values of keys, each counted once.
MAX_ENTRIES = 100_000
MAX_KEY = 1_000


class ConfigSize:
    """Counts what a config holds while it is read or walked through."""

    def __init__(self, field: str = "config") -> None:
        self._field = field
        self._entries = 0

    @property
    def entries(self) -> int:
        """How many were counted so far."""
        return self._entries

    def enter(self, depth: int, entries: int) -> None:
        """Passes where a list or an object of so many entries may lie at this depth.

        Raises:
            InvalidArgumentError: INVALID_SWEEP_CONFIG.
        """
        checkpoint()
        self._entries += entries
        if self._entries > MAX_ENTRIES:
            raise self._problem(
                f"holds more than {MAX_ENTRIES:,} keys and list entries, as many as are allowed"
            )
        if depth > MAX_DEPTH:
            raise self._problem(
                f"is nested too deeply: lists and objects lie at most {MAX_DEPTH} deep in each "
                "other"
            )

    def key(self, key: object) -> None:
        """Passes where an object may have the key.

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
            raise self._problem("has a number beyond 64 bits as a key: a key must be a text")

    def walk(self, config: Mapping[str, Any]) -> None:
        """Passes where the whole config is of an allowed size.

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
