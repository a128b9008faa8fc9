"""Parse the search space: parameters, groups of parameters, and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import nearest
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Distribution,
    Parameter,
    SearchSpace,
)
from wanllmdb_registry.domain.config.parsing.distributions import (
    parse_distribution,
    without_repeats,
)
from wanllmdb_registry.domain.config.parsing.reader import ConfigReader
from wanllmdb_registry.domain.config.problems import ConfigPaths, must_be, parameter_path
from wanllmdb_registry.domain.config.validation.space import MAX_CONDITIONS, MAX_PARAMETERS
from wanllmdb_registry.domain.config.vocabulary import GROUP_KEYS

# Nesting levels of groups, including the parameter itself.
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class _When:
    """The `when` of a parameter or of a whole group, as written.

    `scope` is the name of the enclosing group followed by "/"; empty outside of groups.
    """

    path: str
    scope: str
    asked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Found:
    """A parameter as written; `distribution` is None if it could not be parsed."""

    name: str
    distribution: Distribution | None
    whens: tuple[_When, ...]


def parse_space(reader: ConfigReader, config: Mapping[str, Any]) -> tuple[SearchSpace, ConfigPaths]:
    """Return the readable part of the space, and the paths of its conditions."""
    constraints = tuple(
        reader.texts(config, "", "constraints", hint='; write ["a < b"] for a single one')
    )
    data = reader.mapping(config, "", "parameters", required=True)
    found = [] if data is None else list(with_checkpoints(_group(reader, "", data, ())))
    if len(found) > MAX_PARAMETERS:
        # Checked before the conditions, which take time for each parameter and name.
        reader.problem("parameters", f"are {len(found)}, at most {MAX_PARAMETERS} are allowed")
        found = []
    names = {parameter.name for parameter in found}
    resolved: dict[int, list[tuple[str, Condition]]] = {}
    parameters = []
    paths: dict[tuple[str, str], str] = {}
    for one in sorted(found, key=lambda one: one.name):
        conditions = []
        for when in one.whens:
            if id(when) not in resolved:
                resolved[id(when)] = _conditions(reader, when, names)
            for path, condition in resolved[id(when)]:
                conditions.append(condition)
                paths[one.name, condition.parameter] = path
        if one.distribution is not None:
            parameters.append(Parameter(one.name, one.distribution, tuple(conditions)))
    return (
        SearchSpace(tuple(parameters), constraints),
        ConfigPaths(
            conditions=paths,
            unreadable=frozenset(one.name for one in found if one.distribution is None),
        ),
    )


def _group(
    reader: ConfigReader, scope: str, data: Mapping[str, Any], whens: tuple[_When, ...]
) -> Iterator[_Found]:
    """Yield the parameters of a group and of the groups inside it."""
    for key, value in data.items():
        path = f"{parameter_path(scope[:-1])}.parameters.{key}" if scope else f"parameters.{key}"
        if not isinstance(key, str):
            reader.problem(path, must_be("a text", key))
        elif "/" in key:
            group, _, rest = key.partition("/")
            reader.problem(
                path,
                "a name must not contain /; for a parameter in a group write "
                f"{group:.50}: {{parameters: {{{rest:.50}: ...}}}}",
            )
        elif not isinstance(value, Mapping):
            hint = "; for a fixed value write {value: ...}"
            if isinstance(value, list):
                hint = "; for a choice of values write {values: [...]}"
            reader.problem(path, must_be("an object", value) + hint)
        else:
            own = _when(reader, path, scope, value)
            inner = (*whens, own) if own is not None else whens
            if "parameters" in value:
                yield from _inner_group(reader, f"{scope}{key}", path, value, inner)
            else:
                name = f"{scope}{key}"
                yield _Found(name, parse_distribution(reader, name, path, value), inner)


def _inner_group(
    reader: ConfigReader, name: str, path: str, data: Mapping[str, Any], whens: tuple[_When, ...]
) -> Iterator[_Found]:
    for key in data:
        if key not in GROUP_KEYS:
            reader.problem(
                f"{path}.{key}", f"does not belong to a group, which takes {', '.join(GROUP_KEYS)}"
            )
    members = reader.mapping(data, path, "parameters", required=True)
    if members is None:
        return
    if name.count("/") + 1 >= MAX_DEPTH:
        reader.problem(path, f"groups may be nested at most {MAX_DEPTH - 1} levels deep")
        return
    if not members:
        reader.problem(f"{path}.parameters", "must name at least one parameter")
    yield from _group(reader, f"{name}/", members, whens)


def _when(reader: ConfigReader, path: str, scope: str, data: Mapping[str, Any]) -> _When | None:
    value = data.get("when")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        reader.problem(
            f"{path}.when", must_be("an object {other parameter: value or list of values}", value)
        )
        return None
    return _When(f"{path}.when", scope, value)


def _conditions(reader: ConfigReader, when: _When, names: set[str]) -> list[tuple[str, Condition]]:
    """Return the conditions of one `when`, each with its path."""
    conditions: list[tuple[str, Condition]] = []
    if len(when.asked) > MAX_CONDITIONS:
        # Reported once here, since every parameter of a group would have all of them.
        reader.problem(
            when.path,
            f"has {len(when.asked)} conditions, at most {MAX_CONDITIONS} are allowed",
        )
        return conditions
    for given, wanted in when.asked.items():
        path = f"{when.path}.{given}"
        name = resolve(given, when.scope, names) if isinstance(given, str) else None
        if name is None:
            reader.problem(path, "" if reader.is_full else _unknown(str(given), names))
        else:
            values = tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)
            if not reader.is_stored:
                values = without_repeats(reader, path, Categorical(values)).values
            conditions.append((path, Condition(name, values)))
    return conditions


def resolve(given: str, scope: str, names: set[str]) -> str | None:
    """Return the full name of the parameter that `given` refers to within a group.

    The full name of a grouped parameter refers to that parameter. Any other name is searched for
    in the group itself, then in the enclosing groups from the inside out. A name that starts with
    "/" is always a full name.

    Args:
        given: The name as written.
        scope: The group's name followed by "/"; empty outside of groups.
        names: All full names.
    """
    if given.startswith("/"):
        return given[1:] if given[1:] in names else None
    if "/" in given and given in names:
        return given
    while True:
        if scope + given in names:
            return scope + given
        if not scope:
            return None
        scope = scope[: scope.rfind("/", 0, -1) + 1]


def _unknown(given: str, names: set[str]) -> str:
    if any(name.startswith(given.strip("/") + "/") for name in names):
        member = min(name for name in names if name.startswith(given.strip("/") + "/"))
        return f"is a group; name one of its parameters, for example {member}"
    # Similar to a full name, or to the last part of one.
    full = {name.rpartition("/")[2]: name for name in sorted(names, reverse=True)}
    full |= {name: name for name in names}
    close = nearest(given, full)
    hint = "" if close is None else f", did you mean {full[close]}?"
    return f"unknown parameter{hint}"
