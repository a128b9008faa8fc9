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
from typing import Any

from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.distributions import ParameterValue

_MENTION = re.compile(r"\$\(([^()]*)\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_placeholder_name(name: str) -> bool:
    """Whether a placeholder may be called so."""
    return _NAME.fullmatch(name) is not None


def mentions(config: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each `$(name)` in a config, as path and name, in the config's order."""
    if isinstance(config, str):
        for name in _MENTION.findall(config):
            yield path, name
    elif isinstance(config, Mapping):
        for key, value in config.items():
            inner = f"{path}.{key}" if path else str(key)
            yield from mentions(key, inner)
            yield from mentions(value, inner)
    elif isinstance(config, list):
        for index, value in enumerate(config):
            yield from mentions(value, f"{path}[{index}]")


@dataclass
class Filled:
    """A config with values in the places of its placeholders.

    Attributes:
        config: The config.
        sources: Which placeholders a value came from, by its path.
        problems: What could not be filled in.
    """

    config: dict[str, Any]
    sources: dict[str, list[str]] = field(default_factory=dict)
    problems: list[FieldViolation] = field(default_factory=list)


def fill(config: Mapping[str, Any], values: Mapping[str, ParameterValue]) -> Filled:
    """The config with the values; a placeholder without one stays as it is."""
    filled = Filled({})
    filled.config = _fill_mapping(config, "", values, filled)
    return filled


def _fill(value: Any, path: str, values: Mapping[str, ParameterValue], filled: Filled) -> Any:
    if isinstance(value, str):
        names = [name for name in _MENTION.findall(value) if name in values]
        if names:
            filled.sources[path] = names
        whole = _MENTION.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        return _fill_text(value, values)
    if isinstance(value, Mapping):
        return _fill_mapping(value, path, values, filled)
    if isinstance(value, list):
        return [_fill(item, f"{path}[{index}]", values, filled) for index, item in enumerate(value)]
    return value


def _fill_mapping(
    mapping: Mapping[Any, Any], path: str, values: Mapping[str, ParameterValue], filled: Filled
) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key, value in mapping.items():
        new_key = _fill_text(key, values) if isinstance(key, str) else key
        inner = f"{path}.{new_key}" if path else str(new_key)
        if new_key in result:
            filled.problems.append(FieldViolation(inner, f"is there twice, once from {key!r}"))
        result[new_key] = _fill(value, inner, values, filled)
    return result


def _fill_text(text: str, values: Mapping[str, ParameterValue]) -> str:
    def replacement(mention: re.Match[str]) -> str:
        name = mention[1]
        return _text_of(values[name]) if name in values else mention[0]

    return _MENTION.sub(replacement, text)


def _text_of(value: ParameterValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
