"""Validate the parameters of a space: their names, and the conditions between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import did_you_mean, may_hint
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    Distribution,
    Parameter,
    ParameterValue,
    SearchSpace,
    membership,
    same_value,
)
from wanllmdb_common.search_space.limits import MAX_RUN_BYTES, largest_run
from wanllmdb_registry.domain.config.normal_form import as_value_of, in_both
from wanllmdb_registry.domain.config.problems import ConfigPaths, Problems, parameter_path, shown
from wanllmdb_registry.domain.config.validation.distributions import (
    problems_of_choices,
    problems_of_distribution,
)

# A name includes the signs of Hydra's overrides, for example +model.lr and db@source.
NAME = re.compile(r"(?:\+{1,2}|~)?[A-Za-z_][A-Za-z0-9_.@-]*")
MAX_NAME = 200
MAX_DEPTH = 20
MAX_PARAMETERS = 500
MAX_CONDITIONS = 50
MAX_FULL_NAME = MAX_DEPTH * (MAX_NAME + 1)
# Values in the conditions of all parameters together.
MAX_CONDITION_VALUES = 100_000
_MAX_CYCLES = 20
_OF_NAMES = (
    "a name starts with a letter (a to z, A to Z) or _, optionally after Hydra's +, ++ or ~, and "
    "continues with such letters, digits, _ . @ or -"
)


def problems_of_parameters(space: SearchSpace, paths: ConfigPaths) -> Problems:
    """Yield the problems of the parameters, without those of constraints."""
    parameters = space.parameters
    if not parameters and not paths.unreadable:
        yield "parameters", "must name at least one parameter"
    if len(parameters) > MAX_PARAMETERS:
        yield "parameters", f"are {len(parameters)}, at most {MAX_PARAMETERS} are allowed"
        return
    too_long = [parameter for parameter in parameters if len(parameter.name) > MAX_FULL_NAME]
    for parameter in too_long:
        yield (
            f"parameters.{parameter.name[:MAX_NAME]}...",
            f"the name has {len(parameter.name):,} characters including its groups, at most "
            f"{MAX_FULL_NAME:,} are allowed",
        )
    if too_long:
        return
    wanted = sum(len(c.values) for parameter in parameters for c in parameter.conditions)
    if wanted > MAX_CONDITION_VALUES:
        yield (
            "parameters",
            f"have conditions with {wanted:,} values, at most {MAX_CONDITION_VALUES:,} are "
            "allowed; a group's conditions count for each of its parameters",
        )
        return
    yield from _clashes(parameters)
    parents = {parameter.name: _Parent(parameter.distribution) for parameter in parameters}
    are_storable = True
    for parameter in with_checkpoints(parameters, every=1):
        path = parameter_path(parameter.name)
        yield from _name(path, parameter.name)
        for problem in problems_of_distribution(path, parameter.distribution):
            are_storable = False
            yield problem
        yield from _conditions(parameter, parents, paths)
    yield from _cycles(parameters, paths)
    if are_storable:
        yield from _size(space)


def _size(space: SearchSpace) -> Problems:
    """Yield a problem if a run may be too large; all values must be storable."""
    largest = largest_run(space)
    if largest > MAX_RUN_BYTES:
        yield (
            "parameters",
            f"a run with the largest value of each would take {largest:,} bytes, at most "
            f"{MAX_RUN_BYTES:,} are allowed: replace long values with short ones, for example "
            "with the paths of files that hold them",
        )


def _name(path: str, name: str) -> Problems:
    parts = name.split("/")
    if len(parts) > MAX_DEPTH:
        yield path, f"groups may be nested at most {MAX_DEPTH - 1} levels deep"
    for part in parts:
        if len(part) > MAX_NAME:
            yield path, f"the name has {len(part)} characters, at most {MAX_NAME} are allowed"
        elif not NAME.fullmatch(part):
            yield path, f"{_OF_NAMES}{_example_of(part)}"


def _example_of(name: str) -> str:
    """Return a valid name that resembles this one, for a sentence; empty if too little is left."""
    # Accented letters become plain letters.
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    other = re.sub(r"[^A-Za-z0-9.-]+", "_", bare)
    if not re.search(r"[A-Za-z]" if not name.isascii() else r"[A-Za-z0-9]", other):
        return ""
    return f", for example {other if NAME.fullmatch(other) else f'_{other}'}"


def _clashes(parameters: tuple[Parameter, ...]) -> Problems:
    """Yield names that appear twice, or that a program or a constraint could not distinguish."""
    names: set[str] = set()
    groups = {
        "/".join(parts[:depth])
        for parts in (parameter.name.split("/") for parameter in parameters)
        for depth in range(1, len(parts))
    }
    dotted: dict[str, str] = {}
    for name in (parameter.name for parameter in parameters):
        path = parameter_path(name)
        if name in names:
            yield path, "is defined twice"
            continue
        names.add(name)
        if name in groups:
            yield path, "is also the name of a group: a run's parameters can't hold both"
        other = dotted.setdefault(name.replace("/", "."), name)
        if other != name:
            yield path, f"is written {name.replace('/', '.')} in constraints, like '{other}'"


def _conditions(
    parameter: Parameter, parents: Mapping[str, _Parent], paths: ConfigPaths
) -> Problems:
    if len(parameter.conditions) > MAX_CONDITIONS:
        count = len(parameter.conditions)
        text = f"has {count} conditions, at most {MAX_CONDITIONS} are allowed"
        yield f"{parameter_path(parameter.name)}.when", text
        return
    left: dict[str, tuple[ParameterValue, ...]] = {}
    for condition in parameter.conditions:
        parent = condition.parameter
        path = paths.condition(parameter.name, parent)
        if parent == parameter.name:
            yield path, f"'{parent}' can't depend on itself"
            continue
        known = parents.get(parent)
        if known is None:
            if parent not in paths.unreadable:
                hint = did_you_mean(parent, parents)
                yield path, f"unknown parameter '{parent:.100}'{hint}"
            continue
        wrong = list(_wanted(path, condition, known))
        yield from wrong
        if wrong:
            continue
        values = tuple(as_value_of(known.distribution, value) for value in condition.values)
        left[parent] = in_both(left[parent], values) if parent in left else values
        if not left[parent]:
            yield path, f"never holds: the conditions on '{parent}' have no value in common"


class _Parent:
    """A parameter that conditions name; its set of values is computed once for all conditions."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    @cached_property
    def gives(self) -> Callable[[ParameterValue], bool]:
        """Return whether the parameter can have the value."""
        return membership(self.distribution)


def _wanted(path: str, condition: Condition, parent: _Parent) -> Problems:
    values = condition.values
    indexed = len(values) != 1
    wrong = False
    for problem_path, text in problems_of_choices(path, values):
        wrong = True
        at_first = f"{path}[0]"
        if not indexed and problem_path.startswith(at_first):
            problem_path = path + problem_path.removeprefix(at_first)
        yield problem_path, text
    if wrong:
        return
    for index, value in with_checkpoints(enumerate(values)):
        if not parent.gives(as_value_of(parent.distribution, value)):
            hint = _what_it_can_be(parent.distribution, value)
            yield (
                f"{path}[{index}]" if indexed else path,
                f"'{condition.parameter}' is never {shown(value)}{hint}",
            )


def _what_it_can_be(distribution: Distribution, value: ParameterValue) -> str:
    match distribution:
        case Constant(value=only):
            return f": it is {shown(only)}"
        case Categorical(values=values):
            text = str(value)
            # A search takes long where the config has thousands of values.
            among = values if may_hint() else ()
            alike = [v for v in among if str(v) == text or _equal(v, value)]
            if alike:
                return f", did you mean {shown(alike[0])}?"
            if isinstance(value, str):
                hint = did_you_mean(value, [v for v in values if isinstance(v, str)])
                if hint:
                    return hint
            return f": it is one of {', '.join(map(shown, values[:10]))}" + (
                ", ..." if len(values) > 10 else ""
            )
    return ""


def _equal(left: ParameterValue, right: ParameterValue) -> bool:
    """Return whether two different values are equal, as 1 and 1.0, which are easily mixed up."""
    return left == right and not same_value(left, right)


def _cycles(parameters: tuple[Parameter, ...], paths: ConfigPaths) -> Problems:
    parents = {
        parameter.name: {c.parameter for c in parameter.conditions} - {parameter.name}
        for parameter in parameters
    }
    for _ in range(_MAX_CYCLES):
        try:
            TopologicalSorter(parents).prepare()
        except CycleError as error:
            cycle = list(reversed(error.args[1]))
            start = min(range(len(cycle) - 1), key=cycle.__getitem__)
            names = [*cycle[start:-1], *cycle[:start], cycle[start]]
            way = " -> ".join(f"'{name}'" for name in names)
            yield (
                paths.condition(names[0], names[1]),
                f"the conditions form a cycle: {way}",
            )
            parents[names[0]].discard(names[1])
        else:
            return
