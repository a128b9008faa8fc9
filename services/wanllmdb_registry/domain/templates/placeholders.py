"""`$(name)` in a config: where each stands, and what a config becomes with values for them.

A value that is `$(name)` and nothing else becomes the placeholder's value with its
type; within a longer text, and in a key, stands its text. Values are not looked
through again. `${...}` is a macro of command lines and stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.config.wording import invalid_config

_MENTION = re.compile(r"\$\(([^()]*)\)")
# Times that a config may mention placeholders.
MAX_MENTIONS = 1_000
# Characters that values bring into a config, each as often as it is mentioned.
MAX_FILLED = 1024 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_placeholder_name(name: str) -> bool:
    """Whether a placeholder may be called so."""
    return _NAME.fullmatch(name) is not None


def mentions(config: Any) -> list[tuple[str, str]]:
    """Each `$(name)` in a config, as path and name, in the config's order.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: there are more than MAX_MENTIONS.
    """
    found = list(islice(_mentions(config, ""), MAX_MENTIONS + 1))
    if len(found) > MAX_MENTIONS:
        text = f"mentions placeholders more than {MAX_MENTIONS:,} times, as often as is allowed"
        raise invalid_config([FieldViolation("config_text", text)])
    return found


def _mentions(config: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(config, str):
        for name in _MENTION.findall(config):
            yield path, name
    elif isinstance(config, Mapping):
        for key, value in with_checkpoints(config.items(), every=1):
            inner = f"{path}.{key}" if path else str(key)
            yield from _mentions(key, inner)
            yield from _mentions(value, inner)
    elif isinstance(config, list):
        for index, value in with_checkpoints(enumerate(config)):
            yield from _mentions(value, f"{path}[{index}]")


@dataclass
class Filled:
    """A config with values in the places of its placeholders.

    Attributes:
        config: The config.
        sources: Which placeholders a value came from, by its path.
        problems: What could not be filled in.
        room: Characters that values may still bring in.
    """

    config: dict[str, Any]
    sources: dict[str, list[str]] = field(default_factory=dict)
    problems: list[FieldViolation] = field(default_factory=list)
    room: int = MAX_FILLED


def fill(config: Mapping[str, Any], values: Mapping[str, ParameterValue]) -> Filled:
    """The config with the values; a placeholder without one stays as it is.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: there are too many mentions, or the values
            are too large for the places that mention them.
    """
    mentions(config)
    filled = Filled({})
    filler = _Filler({name: _Value(value, _text_of(value)) for name, value in values.items()})
    filled.config = filler.mapping(config, "", filled)
    return filled


@dataclass(frozen=True, slots=True)
class _Value:
    """A placeholder's value, and as a part of a text."""

    value: ParameterValue
    text: str


class _Filler:
    def __init__(self, values: Mapping[str, _Value]) -> None:
        self._values = values

    def mapping(self, mapping: Mapping[Any, Any], path: str, filled: Filled) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key, value in with_checkpoints(mapping.items(), every=1):
            new_key = self._text(key, filled) if isinstance(key, str) else key
            inner = f"{path}.{new_key}" if path else str(new_key)
            if new_key in result:
                text = f"is there twice, once from {key!r:.100}"
                filled.problems.append(FieldViolation(inner, text))
            result[new_key] = self._fill(value, inner, filled)
        return result

    def _fill(self, value: Any, path: str, filled: Filled) -> Any:
        if isinstance(value, str):
            names = [name for name in _MENTION.findall(value) if name in self._values]
            if names:
                filled.sources[path] = names
            whole = _MENTION.fullmatch(value)
            if whole and whole[1] in self._values:
                return self._take(whole[1], filled).value
            return self._text(value, filled)
        if isinstance(value, Mapping):
            return self.mapping(value, path, filled)
        if isinstance(value, list):
            return [
                self._fill(item, f"{path}[{index}]", filled)
                for index, item in with_checkpoints(enumerate(value))
            ]
        return value

    def _text(self, text: str, filled: Filled) -> str:
        def replacement(mention: re.Match[str]) -> str:
            name = mention[1]
            return self._take(name, filled).text if name in self._values else mention[0]

        return _MENTION.sub(replacement, text)

    def _take(self, name: str, filled: Filled) -> _Value:
        taken = self._values[name]
        filled.room -= len(taken.text)
        if filled.room < 0:
            text = (
                f"with its values has more than {MAX_FILLED:,} characters from placeholders: "
                f"$({name:.100}) brings {len(taken.text):,} each time"
            )
            raise invalid_config([FieldViolation("config_text", text)])
        return taken


def _text_of(value: ParameterValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
