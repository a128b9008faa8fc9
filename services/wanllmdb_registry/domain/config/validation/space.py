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

# The signs of Hydra's overrides, such as +model.lr and db@source, are part of a name.
NAME = re.compile(r"(?:\+{1,2}|~)?[A-Za-z_][A-Za-z0-9_.@-]*")
MAX_NAME = 200
MAX_DEPTH = 20
MAX_PARAMETERS = 500
MAX_CONDITIONS = 50
MAX_FULL_NAME = MAX_DEPTH * (MAX_NAME + 1)
# Of all parameters together.
MAX_CONDITION_VALUES = 100_000
_REPEATED_CIRCLES = 20
_OF_NAMES = (
    "a name starts with a letter (a to z, A to Z) or _, after Hydra's +, ++ or ~ where it has one, "
    "and goes on with such letters, digits, _ . @ or -"
)


def problems_of_parameters(space: SearchSpace, paths: ConfigPaths) -> Problems:
    """What is wrong with the parameters; constraints are looked at elsewhere."""
    parameters = space.parameters
    if not parameters and not paths.unreadable:
        yield "parameters", "must name at least one parameter"
    if len(parameters) > MAX_PARAMETERS:
        yield "parameters", f"at most {MAX_PARAMETERS}, are {len(parameters)}"
        return
    too_long = [parameter for parameter in parameters if len(parameter.name) > MAX_FULL_NAME]
    for parameter in too_long:
        yield (
            f"parameters.{parameter.name[:MAX_NAME]}...",
            f"the name has {len(parameter.name):,} characters with its groups, at most "
            f"{MAX_FULL_NAME:,} are allowed",
        )
    if too_long:
        return
    wanted = sum(len(c.values) for parameter in parameters for c in parameter.conditions)
    if wanted > MAX_CONDITION_VALUES:
        yield (
            "parameters",
            f"have conditions with {wanted:,} values, at most {MAX_CONDITION_VALUES:,} are "
            "allowed; each parameter of a group has those of the group",
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
    yield from _circles(parameters, paths)
    if are_storable:
        yield from _size(space)


def _size(space: SearchSpace) -> Problems:
    """For values that can be stored."""
    largest = largest_run(space)
    if largest > MAX_RUN_BYTES:
        yield (
            "parameters",
            f"a run with the largest value of each would take {largest:,} bytes, at most "
            f"{MAX_RUN_BYTES:,} are allowed: name long values by short ones, such as paths of "
            "files that hold them",
        )


def _name(path: str, name: str) -> Problems:
    parts = name.split("/")
    if len(parts) > MAX_DEPTH:
        yield path, f"groups lie at most {MAX_DEPTH - 1} deep in each other"
    for part in parts:
        if len(part) > MAX_NAME:
            yield path, f"the name has {len(part)} characters, at most {MAX_NAME} are allowed"
        elif not NAME.fullmatch(part):
            yield path, f"{_OF_NAMES}{_example_of(part)}"


def _example_of(name: str) -> str:
    """A name that is one, made of this one; none where nothing of it would be left."""
    # Of accented letters the letters alone.
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    other = re.sub(r"[^A-Za-z0-9.-]+", "_", bare)
    if not re.search(r"[A-Za-z]" if not name.isascii() else r"[A-Za-z0-9]", other):
        return ""
    return f", for example {other if NAME.fullmatch(other) else f'_{other}'}"


def _clashes(parameters: tuple[Parameter, ...]) -> Problems:
    """Names that are there twice, or that a program or a constraint could not keep apart."""
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
            yield path, "is the name of a group too: a run's parameters can't hold both"
        other = dotted.setdefault(name.replace("/", "."), name)
        if other != name:
            yield path, f"reads {name.replace('/', '.')} in constraints, as '{other}' does"


def _conditions(
    parameter: Parameter, parents: Mapping[str, _Parent], paths: ConfigPaths
) -> Problems:
    if len(parameter.conditions) > MAX_CONDITIONS:
        text = f"at most {MAX_CONDITIONS} conditions, are {len(parameter.conditions)}"
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
                yield path, f"there is no parameter '{parent:.100}'{hint}"
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
    """A parameter's distribution, and which values it can give, found out once for all that ask."""

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    @cached_property
    def gives(self) -> Callable[[ParameterValue], bool]:
        """Whether the parameter can have the value."""
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
            # Each takes long to find where there are thousands.
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
    """1 and 1.0, which a config easily mixes up."""
    return left == right and not same_value(left, right)


def _circles(parameters: tuple[Parameter, ...], paths: ConfigPaths) -> Problems:
    parents = {
        parameter.name: {c.parameter for c in parameter.conditions} - {parameter.name}
        for parameter in parameters
    }
    for _ in range(_REPEATED_CIRCLES):
        try:
            TopologicalSorter(parents).prepare()
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            start = min(range(len(circle) - 1), key=circle.__getitem__)
            names = [*circle[start:-1], *circle[:start], circle[start]]
            way = " -> ".join(f"'{name}'" for name in names)
            yield (
                paths.condition(names[0], names[1]),
                f"the conditions go in a circle: {way}",
            )
            parents[names[0]].discard(names[1])
        else:
            return
