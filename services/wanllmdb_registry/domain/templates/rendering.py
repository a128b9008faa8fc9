"""Render a template: `$(name)` in its config is replaced with the value of the placeholder.

A value that is `$(name)` and nothing else becomes the placeholder's value with its type. Within a
longer text, and in a key, the value's text is inserted. Inserted values are not searched for
further placeholders. `${...}` is a macro of command lines and stays as it is.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, parse_config
from wanllmdb_registry.domain.config.positions import placed
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.config.text import read_config_text, read_text
from wanllmdb_registry.domain.templates.template import Absent, Template

_MENTION = re.compile(r"\$\(([^()]*)\)")
# Mentions of placeholders in a config.
MAX_MENTIONS = 1_000
# Characters of inserted values, each counted as often as its placeholder is mentioned.
MAX_FILLED = 1024 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_placeholder_name(name: str) -> bool:
    """Return whether a placeholder may have this name."""
    return _NAME.fullmatch(name) is not None


def mentions(config: Any) -> list[tuple[str, str]]:
    """Return the path and name of each `$(name)` in a config, in the config's order.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: the config has more than MAX_MENTIONS.
    """
    found = list(islice(_mentions(config, ""), MAX_MENTIONS + 1))
    if len(found) > MAX_MENTIONS:
        text = f"mentions placeholders more than {MAX_MENTIONS:,} times, which is the limit"
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
    """A config with values in place of its placeholders.

    Attributes:
        config: The config.
        sources: The placeholders that a value came from, by its path.
        problems: Keys that became equal.
        room: Characters that may still be inserted.
    """

    config: dict[str, Any]
    sources: dict[str, list[str]] = field(default_factory=dict)
    problems: list[FieldViolation] = field(default_factory=list)
    room: int = MAX_FILLED


def fill(config: Mapping[str, Any], values: Mapping[str, ParameterValue]) -> Filled:
    """Return the config with the values; a placeholder without a value stays as it is.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: the config has too many mentions, or the
            inserted values are too large.
    """
    mentions(config)
    filled = Filled({})
    filler = _Filler({name: _Value(value, _text_of(value)) for name, value in values.items()})
    filled.config = filler.mapping(config, "", filled)
    return filled


@dataclass(frozen=True, slots=True)
class _Value:
    """A placeholder's value, and its text for use within a text."""

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
                text = f"appears twice, once from {key!r:.100}"
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
                f"has more than {MAX_FILLED:,} characters from placeholders: each mention of "
                f"$({name:.100}) inserts {len(taken.text):,}"
            )
            raise invalid_config([FieldViolation("config_text", text)])
        return taken


def _text_of(value: ParameterValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@contextlib.contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        problem = FieldViolation("config_text", "is nested too deeply")
        raise invalid_config([problem]) from None


@_not_too_deep()
def render(template: Template, values: Mapping[str, ParameterValue]) -> dict[str, Any]:
    """Return the valid config that a template yields with these values.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG with every missing or unknown value, and every
            problem of the config.
    """
    known = {placeholder.name for placeholder in template.placeholders}
    problems = [
        FieldViolation(
            f"values.{name}",
            f"template '{template.name}' has no such placeholder{did_you_mean(name, known)}"
            f"; its placeholders: {', '.join(sorted(known)) or 'none'}",
        )
        for name in values
        if name not in known
    ]
    complete: dict[str, ParameterValue] = {}
    for placeholder in template.placeholders:
        if placeholder.name in values:
            complete[placeholder.name] = values[placeholder.name]
        elif not isinstance(placeholder.default, Absent):
            complete[placeholder.name] = placeholder.default
        else:
            wanted = f" ({placeholder.description})" if placeholder.description else ""
            problems.append(FieldViolation(f"values.{placeholder.name}", f"is required{wanted}"))
    filled = fill(read_text(template.config_text), complete)
    _, found = _parsed(filled)
    # Problems at a missing value are not reported.
    missing = known - set(complete)
    blank = {path for path, name in mentions(filled.config) if name in missing}
    problems += [problem for problem in found if not (missing and _is_at(problem.field, blank))]
    if problems:
        raise invalid_config(problems)
    return filled.config


def parse_template(template: Template, values: Mapping[str, ParameterValue]) -> ParsedConfig:
    """Return the spec that a template yields with these values.

    Raises:
        InvalidArgumentError: see `render`.
    """
    return parse_config(render(template, values))


@_not_too_deep()
def check_template(template: Template) -> None:
    """Check that the template is valid with its defaults and examples as values.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG with every problem.
    """
    read = read_config_text(template.config_text)
    with placed(read):
        _check(template, read.data)


def _check(template: Template, config: dict[str, Any]) -> None:
    mentioned = mentions(config)
    names = [placeholder.name for placeholder in template.placeholders]
    mentioned_names = {name for _, name in mentioned}
    problems: list[FieldViolation] = []
    trial: dict[str, ParameterValue] = {}
    for index, placeholder in enumerate(template.placeholders):
        path = f"template.placeholders[{index}]"
        name = placeholder.name
        if not is_placeholder_name(name):
            problems.append(
                FieldViolation(
                    f"{path}.name",
                    f"must be letters, digits and _, without a leading digit, is {name!r:.100}",
                )
            )
        elif name in names[:index]:
            problems.append(FieldViolation(f"{path}.name", f"'{name}' is listed twice"))
        elif name not in mentioned_names:
            problems.append(
                FieldViolation(f"{path}.name", f"the config does not mention $({name})")
            )
        if not isinstance(placeholder.default, Absent):
            trial[name] = placeholder.default
        elif not isinstance(placeholder.example, Absent):
            trial[name] = placeholder.example
        else:
            problems.append(
                FieldViolation(path, "needs a default, or an example to check the config with")
            )
    unknown = [(path, name) for path, name in mentioned if name not in names]
    known = ", ".join(f"$({name})" for name in names) or "none"
    problems += [
        FieldViolation(
            path, f"$({name}) is not a placeholder{did_you_mean(name, names)}; known are {known}"
        )
        for path, name in unknown
    ]
    filled = fill(config, trial)
    blank = {path for path, _ in mentions(filled.config)}
    problems += [problem for problem in _parsed(filled)[1] if not _is_at(problem.field, blank)]
    if problems:
        raise invalid_config(problems)


def _parsed(filled: Filled) -> tuple[ParsedConfig | None, list[FieldViolation]]:
    """Return the spec, and the problems, each with the placeholder that the value came from."""
    problems = list(filled.problems)
    try:
        return parse_config(filled.config), problems
    except InvalidArgumentError as error:
        for problem in error.violations:
            names = filled.sources.get(problem.field, [])
            origin = ", ".join(f"$({name})" for name in names)
            text = problem.description + (f" (from {origin})" if origin else "")
            problems.append(FieldViolation(problem.field, text))
        return None, problems


def _is_at(path: str, blanks: set[str]) -> bool:
    """Return whether a problem's path is one of the blanks, or contains one."""
    return any(blank == path or blank.startswith((f"{path}.", f"{path}[")) for blank in blanks)
