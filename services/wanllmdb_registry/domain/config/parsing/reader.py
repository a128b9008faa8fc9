"""Read values by key, and collect the problems and warnings.

Some texts are numbers or truth values to some YAML parsers alone. PyYAML, which W&B uses, follows
YAML 1.1: there `1e-5` is a text, while `yes` is true and `1_000` is a number. Configs follow YAML
1.2 here, and a warning names each text that differs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.errors import FieldViolation
from wanllmdb_registry.domain.config.problems import (
    INT64,
    MAX_PROBLEMS,
    is_,
    missing_or_must_be,
    must_be,
    shown,
    slip_of,
    unknown_key,
)

# PyYAML wants a point before an exponent and a sign in it.
_EXPONENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[eE]([-+]?)([0-9]+)")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def ambiguous_number(value: Any) -> tuple[int | float, str] | None:
    """The number that a text is to some YAML parsers alone, and how all of them read it.

    None for any other value: for "0.1" too, which is a text to all where it is in quotes.
    """
    if not isinstance(value, str) or len(value) > 100:
        return None
    match = _EXPONENT.fullmatch(value)
    if match is not None:
        mantissa, sign, exponent = match.groups()
        mantissa += "" if "." in mantissa else ".0"
        return float(value), f"{mantissa}e{sign or '+'}{exponent}"
    if "_" in value and _UNDERSCORES.fullmatch(value):
        plain = value.replace("_", "")
        return (float(plain) if "." in plain else int(plain)), plain
    return None


def unambiguous_form(text: str, plain: str) -> str:
    """What makes the text a number to every parser: `write 1.0e-5, or tag it: !!float 1e-5`."""
    tag = f", or tag it: !!float {text}" if "_" not in text else ""
    return f"write {plain}{tag}"


def ambiguous_truth(value: Any) -> bool | None:
    """What a text such as `yes` or `off` means; None for any other value."""
    return _TRUTH.get(value.lower()) if isinstance(value, str) and len(value) < 10 else None


# Keys of no meaning that one object may have.
MAX_IGNORED = 100

_Choice = TypeVar("_Choice", bound=StrEnum)


class ConfigReader:
    """Notes a problem and reads on, so that one answer names them all.

    Everywhere `path` is where `data` stands, empty for the config itself. A value
    that is null counts as left out.
    """

    def __init__(self, remarks: Iterable[str] = (), *, is_stored: bool = False) -> None:
        """Begins with the remarks that there are already.

        Args:
            remarks: Warnings of the text.
            is_stored: Whether `config_of` wrote the config, so that there is nothing to warn of.
        """
        self.is_stored = is_stored
        self.problems: list[FieldViolation] = []
        self.problem_count = 0
        self.warnings: dict[str, None] = dict.fromkeys(remarks)

    def problem(self, path: str, text: str) -> None:
        """Notes a problem; of more than MAX_PROBLEMS one more, which says that there are."""
        self.problem_count += 1
        if len(self.problems) <= MAX_PROBLEMS:
            self.problems.append(FieldViolation(path, text))

    def warn(self, text: str) -> None:
        """Notes what was read otherwise than it was written, or not at all; once."""
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings[text] = None

    @property
    def is_full(self) -> bool:
        """Whether the next problem is noted no more, so that nothing need be said of it."""
        return len(self.problems) > MAX_PROBLEMS

    def known_keys(self, path: str, data: Mapping[str, Any], known: Collection[str]) -> None:
        """Notes every key that is none of `known`."""
        for key in with_checkpoints(data):
            if key not in known and not self.is_full:
                self.problem(join(path, key), unknown_key(key, known))

    def known_or_ignored_keys(
        self, path: str, data: Mapping[str, Any], known: Collection[str]
    ) -> None:
        """Notes every key that may be a slip for one of `known`; warns of others."""
        unknown = [key for key in with_checkpoints(data) if key not in known]
        if len(unknown) > MAX_IGNORED:
            self.known_keys(path, data, known)
            return
        for key in unknown:
            slip = slip_of(key, known)
            if slip is not None:
                self.problem(join(path, key), f"unknown key, did you mean {slip}?")
            else:
                self.warn(
                    f"{join(path, key):.200}: unknown key, which has no effect; known are "
                    + ", ".join(known)
                )

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
        if is_number(value):
            return self._as_text(join(path, key), value)
        if not isinstance(value, str):
            self.problem(join(path, key), must_be("a text", value))
            return ""
        return value

    def _as_text(self, path: str, value: int | float | bool) -> str:
        """The value as Python writes it, which is what W&B's agent passes on."""
        text = shown(value)
        self.warn(f"{path}: is the value {text}, read as the text '{text}': put it in quotes")
        return text

    def texts(
        self,
        data: Mapping[str, Any],
        path: str,
        key: str,
        hint: str = "",
        *,
        takes_numbers: bool = False,
    ) -> list[str]:
        """A list of texts, and with `takes_numbers` of what can be written as one."""
        found = []
        for index, item in enumerate(self.items(data, path, key, hint)):
            if isinstance(item, str):
                found.append(item)
            elif takes_numbers and isinstance(item, int | float):
                found.append(self._as_text(f"{join(path, key)}[{index}]", item))
            else:
                quote = (
                    "" if item is None or isinstance(item, list | dict) else ": put it in quotes"
                )
                what = "must be a text, is null" if item is None else must_be("a text", item)
                self.problem(f"{join(path, key)}[{index}]", what + quote)
        return found

    def integer(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> int | None:
        """An integer of 64 bits; 1.0 is read as 1, with a warning."""
        value = self._numeric(data, path, key)
        if isinstance(value, float) and value.is_integer():
            if value is data[key]:
                integer = shown(int(value))
                self.warn(f"{join(path, key)}: is {shown(value)}, read as the integer {integer}")
            value = int(value)
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
        value = self._numeric(data, path, key)
        if is_number(value):
            return self.as_float(join(path, key), value)
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("a number", value) + _unquote(value))
        return None

    def _numeric(self, data: Mapping[str, Any], path: str, key: str) -> Any:
        """The value, as a number where it is a text that is one to some parsers alone."""
        return self.as_numeric(join(path, key), data.get(key))

    def as_numeric(self, path: str, value: Any) -> Any:
        """The value, as a number where it is a text that is one to some parsers alone."""
        read = ambiguous_number(value)
        if read is None:
            return value
        number, plain = read
        self.warn(
            f"{path}: the text '{value}' is read as the number {shown(number)}; for a number to "
            f"every YAML parser {unambiguous_form(value, plain)}"
        )
        return number

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
        meant = ambiguous_truth(value)
        if meant is not None:
            word = "true" if meant else "false"
            self.warn(f"{join(path, key)}: the text '{value}' is read as {word}: write {word}")
            return meant
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
        value = self.lowered(join(path, key), value, names)
        if value not in names:
            hint = did_you_mean(value, names) if isinstance(value, str) else ""
            text = f"must be one of {', '.join(names)}, {is_(value)}{hint}"
            self.problem(join(path, key), text)
            return None
        return kind(value)

    def lowered(self, path: str, value: Any, names: Collection[str]) -> Any:
        """The value, in lower case where that makes it one of the names."""
        if isinstance(value, str) and value not in names and value.lower() in names:
            self.warn(f"{path}: '{value}' is read as {value.lower()}")
            return value.lower()
        return value


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
