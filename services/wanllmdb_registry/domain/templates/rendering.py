"""A template with values becomes a sweep's config; every problem of either is told at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.config.parse import ParsedConfig, parse_config
from wanllmdb_registry.domain.config.text import read_text
from wanllmdb_registry.domain.config.wording import invalid_config
from wanllmdb_registry.domain.templates.model import Absent, Template
from wanllmdb_registry.domain.templates.placeholders import (
    Filled,
    fill,
    is_placeholder_name,
    mentions,
)


@contextlib.contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        problem = FieldViolation("config_text", "is nested too deeply")
        raise invalid_config([problem]) from None


@_not_too_deep()
def render(template: Template, values: Mapping[str, ParameterValue]) -> dict[str, Any]:
    """The config that a template gives with these values; it is in order.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG names every value that is missing or
            unknown, and every problem of the config.
    """
    known = {placeholder.name for placeholder in template.placeholders}
    problems = [
        FieldViolation(
            f"values.{name}",
            f"template '{template.name}' has no such placeholder{did_you_mean(name, known)}"
            f"; it has {', '.join(sorted(known)) or 'none'}",
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
    # What is missing can't be judged.
    missing = known - set(complete)
    blank = {path for path, name in mentions(filled.config) if name in missing}
    problems += [problem for problem in found if not (missing and _is_at(problem.field, blank))]
    if problems:
        raise invalid_config(problems)
    return filled.config


def parse_template(template: Template, values: Mapping[str, ParameterValue]) -> ParsedConfig:
    """The spec that a template gives with these values.

    Raises:
        InvalidArgumentError: as `render`.
    """
    return parse_config(render(template, values))


@_not_too_deep()
def check_template(template: Template) -> None:
    """Passes if the template is in order, with defaults and examples in their places.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG names every problem.
    """
    config = read_text(template.config_text)
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
                    f"must be letters, digits and _, not a digit first, is {name!r:.100}",
                )
            )
        elif name in names[:index]:
            problems.append(FieldViolation(f"{path}.name", f"'{name}' is there twice"))
        elif name not in mentioned_names:
            problems.append(
                FieldViolation(f"{path}.name", f"$({name}) does not stand in the config")
            )
        if not isinstance(placeholder.default, Absent):
            trial[name] = placeholder.default
        elif not isinstance(placeholder.example, Absent):
            trial[name] = placeholder.example
        else:
            problems.append(
                FieldViolation(
                    path, "needs a default, or an example with which the config can be checked"
                )
            )
    unknown = [(path, name) for path, name in mentioned if name not in names]
    known = ", ".join(f"$({name})" for name in names) or "none"
    problems += [
        FieldViolation(
            path, f"$({name}) is no placeholder{did_you_mean(name, names)}; there are {known}"
        )
        for path, name in unknown
    ]
    filled = fill(config, trial)
    blank = {path for path, _ in mentions(filled.config)}
    problems += [problem for problem in _parsed(filled)[1] if not _is_at(problem.field, blank)]
    if problems:
        raise invalid_config(problems)


def _parsed(filled: Filled) -> tuple[ParsedConfig | None, list[FieldViolation]]:
    """The spec, or what is wrong with it; says which placeholder a wrong value came from."""
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


def _is_at(path: str, places: set[str]) -> bool:
    """Whether a problem is about one of these places, or about what holds it."""
    return any(place == path or place.startswith((f"{path}.", f"{path}[")) for place in places)
