"""Reads values by key and collects what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from wanllmdb_common.algorithms.hints import did_you_mean
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.turns import with_checkpoints
from wanllmdb_registry.domain.config.wording import (
    INT64,
    MAX_PROBLEMS,
    is_,
    missing_or_must_be,
    must_be,
    shown,
    unknown_key,
)

_Choice = TypeVar("_Choice", bound=StrEnum)


class Reader:
    """Notes a problem and reads on, so that one answer names them all.

    Everywhere `path` is where `data` stands, empty for the config itself. A value
    that is null counts as left out.
    """

    def __init__(self) -> None:
        self.problems: list[FieldViolation] = []
        self.problem_count = 0
        self.warnings: list[str] = []

    def problem(self, path: str, text: str) -> None:
        """Notes a problem; of more than MAX_PROBLEMS one more, which says that there are."""
        self.problem_count += 1
        if len(self.problems) <= MAX_PROBLEMS:
            self.problems.append(FieldViolation(path, text))

    @property
    def is_full(self) -> bool:
        """Whether the next problem is noted no more, so that nothing need be said of it."""
        return len(self.problems) > MAX_PROBLEMS

    def known_keys(self, path: str, data: Mapping[str, Any], known: Collection[str]) -> None:
        """Notes every key that is none of `known`."""
        for key in with_checkpoints(data):
            if key not in known and not self.is_full:
                self.problem(join(path, key), unknown_key(key, known))

    def mapping(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> Mapping[str, Any] | None:
        """An object."""
        value = data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("an object", value))
        return None

    def items(self, data: Mapping[str, Any], path: str, key: str, hint: str = "") -> list[Any]:
        """A list; empty where it is left out."""
        value = data.get(key)
        if isinstance(value, list | tuple):
            return list(value)
        if value is not None:
            self.problem(join(path, key), must_be("a list", value) + hint)
        return []

    def text(self, data: Mapping[str, Any], path: str, key: str) -> str:
        """A text; empty where it is left out."""
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problem(join(path, key), must_be("a text", value))
            return ""
        return value

    def texts(self, data: Mapping[str, Any], path: str, key: str, hint: str = "") -> list[str]:
        """A list of texts."""
        found = []
        for index, item in enumerate(self.items(data, path, key, hint)):
            if isinstance(item, str):
                found.append(item)
            else:
                quote = (
                    "" if item is None or isinstance(item, list | dict) else ": put it in quotes"
                )
                self.problem(f"{join(path, key)}[{index}]", must_be("a text", item) + quote)
        return found

    def integer(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> int | None:
        """An integer of 64 bits; 1.0 is none."""
        value = data.get(key)
        if is_int(value):
            if value in INT64:
                return int(value)
            self.problem(join(path, key), f"must fit into 64 bits, is {shown(value)}")
            return None
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("an integer", value) + _unquote(value))
        return None

    def number(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> float | None:
        """A number, as a float."""
        value = data.get(key)
        if is_number(value):
            return self.as_float(join(path, key), value)
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("a number", value) + _unquote(value))
        return None

    def as_float(self, path: str, value: int | float) -> float | None:
        """The number as a float; None when it is too large for one, which is noted."""
        try:
            return float(value)
        except OverflowError:
            self.problem(path, "is too large for a floating-point number")
            return None

    def boolean(self, data: Mapping[str, Any], path: str, key: str, *, default: bool) -> bool:
        """True or false."""
        value = data.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(join(path, key), must_be("true or false", value))
        return value is True

    def choice(
        self, data: Mapping[str, Any], path: str, key: str, kind: type[_Choice]
    ) -> _Choice | None:
        """One of an enumeration's values."""
        value = data.get(key)
        names = [member.value for member in kind]
        if value is None:
            return None
        if value not in names:
            hint = did_you_mean(value, names) if isinstance(value, str) else ""
            text = f"must be one of {', '.join(names)}, {is_(value)}{hint}"
            self.problem(join(path, key), text)
            return None
        return kind(value)


def join(path: str, key: object) -> str:
    """The path of a key."""
    return f"{path}.{key}" if path else str(key)


def is_int(value: Any) -> TypeGuard[int]:
    """Whether the value is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether the value is a number; true and false are none."""
    return is_int(value) or isinstance(value, float)


def _unquote(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return ": leave the quotes out"
