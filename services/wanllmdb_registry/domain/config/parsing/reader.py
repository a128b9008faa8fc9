"""Read values by key, and collect the problems and warnings.

Some texts are numbers or truth values only to some YAML parsers. PyYAML, which W&B uses, follows
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

# PyYAML requires a decimal point before an exponent, and a sign in the exponent.
_EXPONENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[eE]([-+]?)([0-9]+)")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def ambiguous_number(value: Any) -> tuple[int | float, str] | None:
    """Return a text's number to some YAML parsers, and a form that is a number to all of them.

    Return None for any other value, also for "0.1", which all parsers read as a text in quotes.
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
    """Return how to write a number for every parser: `write 1.0e-5, or tag it: !!float 1e-5`."""
    tag = f", or tag it: !!float {text}" if "_" not in text else ""
    return f"write {plain}{tag}"


def ambiguous_truth(value: Any) -> bool | None:
    """Return the truth value of a text such as `yes` or `off`; None for any other value."""
    return _TRUTH.get(value.lower()) if isinstance(value, str) and len(value) < 10 else None


# Keys without effect that one object may have.
MAX_IGNORED = 100

_Choice = TypeVar("_Choice", bound=StrEnum)


class ConfigReader:
    """Reads values and collects every problem, so that one answer reports them all.

    In every method, `path` is the path of `data`, empty for the config itself. A value of null
    counts as omitted.
    """

    def __init__(
        self,
        warnings: Iterable[str] = (),
        *,
        is_stored: bool = False,
        keeps_floats: bool = True,
    ) -> None:
        """Begin with the given warnings.

        Args:
            warnings: Warnings about the text.
            is_stored: Whether `config_of` wrote the config, which then needs no warnings.
            keeps_floats: Whether the config's writer writes 1.0 apart from 1.
        """
        self.is_stored = is_stored
        self.keeps_floats = keeps_floats
        self.problems: list[FieldViolation] = []
        self.problem_count = 0
        self.warnings: dict[str, None] = dict.fromkeys(warnings)

    def problem(self, path: str, text: str) -> None:
        """Add a problem; MAX_PROBLEMS are kept, and one more to show that there are more."""
        self.problem_count += 1
        if len(self.problems) <= MAX_PROBLEMS:
            self.problems.append(FieldViolation(path, text))

    def warn(self, text: str) -> None:
        """Add a warning about a value that is ignored or read differently; once."""
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings[text] = None

    @property
    def is_full(self) -> bool:
        """Whether further problems are dropped, so that their texts need not be built."""
        return len(self.problems) > MAX_PROBLEMS

    def known_keys(self, path: str, data: Mapping[str, Any], known: Collection[str]) -> None:
        """Add a problem for every unknown key."""
        for key in with_checkpoints(data):
            if key not in known and not self.is_full:
                self.problem(join(path, key), unknown_key(key, known))

    def known_or_ignored_keys(
        self, path: str, data: Mapping[str, Any], known: Collection[str]
    ) -> None:
        """Add a problem for every key that resembles a known one, and warn of other keys."""
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
                    f"{join(path, key):.200}: unknown key without effect; known are "
                    + ", ".join(known)
                )

    def mapping(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> Mapping[str, Any] | None:
        """Return an object; None if it is omitted."""
        value = data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("an object", value))
        return None

    def items(self, data: Mapping[str, Any], path: str, key: str, hint: str = "") -> list[Any]:
        """Return a list; empty if it is omitted."""
        value = data.get(key)
        if isinstance(value, list | tuple):
            return list(value)
        if value is not None:
            self.problem(join(path, key), must_be("a list", value) + hint)
        return []

    def text(self, data: Mapping[str, Any], path: str, key: str) -> str:
        """Return a text; empty if it is omitted."""
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
        """Return the value as Python formats it, which is what W&B's agent passes on."""
        text = shown(value)
        self.warn(f"{path}: the value {text} is read as the text '{text}': put it in quotes")
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
        """Return a list of texts; with `takes_numbers`, numbers become texts."""
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
        """Return an integer of 64 bits; 1.0 is read as 1, with a warning."""
        value = self._numeric(data, path, key)
        if isinstance(value, float) and value.is_integer():
            if value is data[key]:
                integer = shown(int(value))
                self.warn(f"{join(path, key)}: {shown(value)} is read as the integer {integer}")
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
        """Return a number as a float."""
        value = self._numeric(data, path, key)
        if is_number(value):
            return self.as_float(join(path, key), value)
        if value is not None or required:
            self.problem(join(path, key), missing_or_must_be("a number", value) + _unquote(value))
        return None

    def _numeric(self, data: Mapping[str, Any], path: str, key: str) -> Any:
        """Return the value, converted if it is a text that some parsers read as a number."""
        return self.as_numeric(join(path, key), data.get(key))

    def as_numeric(self, path: str, value: Any) -> Any:
        """Return the value, converted if it is a text that some parsers read as a number."""
        read = ambiguous_number(value)
        if read is None:
            return value
        number, plain = read
        self.warn(
            f"{path}: the text '{value}' is read as the number {shown(number)}; for a number in "
            f"every YAML parser {unambiguous_form(value, plain)}"
        )
        return number

    def as_float(self, path: str, value: int | float) -> float | None:
        """Return the number as a float; add a problem and return None if it is too large."""
        try:
            return float(value)
        except OverflowError:
            self.problem(path, "is too large for a floating-point number")
            return None

    def boolean(self, data: Mapping[str, Any], path: str, key: str, *, default: bool) -> bool:
        """Return true or false."""
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
        """Return one of an enumeration's values; None if it is omitted or wrong."""
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
        """Return the value, in lower case if that makes it one of the names."""
        if isinstance(value, str) and value not in names and value.lower() in names:
            self.warn(f"{path}: '{value}' is read as {value.lower()}")
            return value.lower()
        return value


def join(path: str, key: object) -> str:
    """Return the path of a key."""
    return f"{path}.{key}" if path else str(key)


def is_int(value: Any) -> TypeGuard[int]:
    """Return whether the value is an integer; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether the value is a number; true and false are not."""
    return is_int(value) or isinstance(value, float)


def _unquote(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return ": remove the quotes"
