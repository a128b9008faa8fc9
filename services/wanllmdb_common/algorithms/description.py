"""The description of an algorithm: its options, and the sweeps that it supports.

Both services use the descriptions: the registry validates a config before it creates a sweep,
and the suggestion service builds and lists the algorithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace


class OptionType(StrEnum):
    """The type of an option's value; the names are the protos'."""

    INT = "INT"
    FLOAT = "FLOAT"
    BOOL = "BOOL"
    CHOICE = "CHOICE"
    ALGORITHM = "ALGORITHM"


class Required:
    """The default of an option that must be given."""


REQUIRED = Required()


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an algorithm.

    Attributes:
        name: The name in a config.
        type: The type of its value. An INT is also accepted as a FLOAT.
        description: The effect of the option, with its unit.
        default: The value where the option is omitted; None if the algorithm decides.
        min: The smallest value allowed; None for no bound.
        max: The largest value allowed; None for no bound.
        min_is_excluded: Whether `min` itself is not allowed.
        max_is_excluded: Whether `max` itself is not allowed.
        choices: The values allowed for a CHOICE.
    """

    name: str
    type: OptionType
    description: str
    default: ParameterValue | Required = None
    min: float | None = None
    max: float | None = None
    min_is_excluded: bool = False
    max_is_excluded: bool = False
    choices: tuple[str, ...] = ()

    @property
    def range_text(self) -> str:
        """The allowed values as text, for example "an integer, at least 1"."""
        kinds = {
            OptionType.INT: "an integer",
            OptionType.FLOAT: "a number",
            OptionType.BOOL: "true or false",
            OptionType.CHOICE: "one of " + ", ".join(self.choices),
            OptionType.ALGORITHM: "an object {name: ..., options: ...}",
        }
        bounds = []
        if self.min is not None:
            bounds.append(f"{'greater than' if self.min_is_excluded else 'at least'} {self.min:g}")
        if self.max is not None:
            bounds.append(f"{'less than' if self.max_is_excluded else 'at most'} {self.max:g}")
        return ", ".join([kinds[self.type], " and ".join(bounds)] if bounds else [kinds[self.type]])


@dataclass(frozen=True, slots=True)
class AlgorithmDescription:
    """An algorithm and its capabilities; the protos' Algorithm documents each field.

    `modules` are the Python modules that the algorithm needs, and `requires` the packages to
    install for them. `check` validates combinations of options that are valid one by one: it
    takes the values of all options and returns pairs of an option and a text. `check_space`
    returns the reasons why a sampler with given options can't search a valid space.
    """

    name: str
    title: str
    description: str
    options: tuple[Option, ...] = ()
    method: str = ""
    needs_metric: bool = False
    takes_several_metrics: bool = False
    takes_conditions: bool = True
    space_notes: str = ""
    is_exhaustive: bool = False
    uses_prior_runs: bool = False
    is_replayable: bool = True
    replay_notes: str = ""
    modules: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    reference: str = ""
    check: Callable[[Mapping[str, ParameterValue]], Iterable[tuple[str, str]]] = lambda _: ()
    check_space: Callable[[SearchSpace, Mapping[str, ParameterValue]], Iterable[str]] = (
        lambda _, __: ()
    )

    def option(self, name: str) -> Option | None:
        """Return the option of that name; None if there is none."""
        return next((option for option in self.options if option.name == name), None)

    def values(self, given: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
        """Return every option's value: the given one, else the default. `given` must be valid."""
        return {
            option.name: given.get(
                option.name, None if isinstance(option.default, Required) else option.default
            )
            for option in self.options
        }


def problems_of_choice(
    path: str,
    name: str,
    options: Mapping[str, ParameterValue],
    known: Sequence[AlgorithmDescription],
) -> Iterator[tuple[str, str]]:
    """Yield the problems of a choice among `known`, as pairs of a path and a text."""
    described = {description.name: description for description in known}
    if name not in described:
        names = ", ".join(described)
        yield f"{path}.name", f"{name!r:.100} is not one of {names}{did_you_mean(name, described)}"
        return
    description = described[name]
    found = list(_problems_of_options(path, description, options, known))
    yield from found
    if not found:
        for key, text in description.check(description.values(options)):
            yield f"{path}.options.{key}", text


def _problems_of_options(
    path: str,
    description: AlgorithmDescription,
    options: Mapping[str, ParameterValue],
    known: Sequence[AlgorithmDescription],
) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        option = description.option(key)
        if option is None:
            names = ", ".join(o.name for o in description.options) or "none"
            hint = did_you_mean(key, [o.name for o in description.options])
            yield (
                f"{path}.options.{key}",
                f"unknown option of {description.name}{hint}; known are {names}",
            )
        else:
            yield from _problems_of_value(f"{path}.options.{key}", option, value, known)
    for option in description.options:
        if isinstance(option.default, Required) and option.name not in options:
            yield f"{path}.options.{option.name}", f"is required: {option.range_text}"


def _problems_of_value(
    path: str, option: Option, value: ParameterValue, known: Sequence[AlgorithmDescription]
) -> Iterator[tuple[str, str]]:
    if value is None and option.default is None:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match option.type:
        case OptionType.INT:
            fits = is_number and isinstance(value, int)
        case OptionType.FLOAT:
            fits = is_number and math.isfinite(value)  # type: ignore[arg-type]  # a number
        case OptionType.BOOL:
            fits = isinstance(value, bool)
        case OptionType.CHOICE:
            fits = isinstance(value, str) and value in option.choices
        case OptionType.ALGORITHM:
            if isinstance(value, dict) and isinstance(value.get("name"), str):
                inner = value.get("options", {})
                for key in value:
                    if key not in ("name", "options"):
                        yield f"{path}.{key}", "unknown key; known are name, options"
                if isinstance(inner, dict):
                    yield from problems_of_choice(path, value["name"], inner, known)
                else:
                    yield f"{path}.options", f"must be an object, is {inner!r:.100}"
                return
            fits = False
    if fits and is_number:
        assert isinstance(value, int | float)
        low, high = option.min, option.max
        if low is not None:
            fits = value > low if option.min_is_excluded else value >= low
        if fits and high is not None:
            fits = value < high if option.max_is_excluded else value <= high
    if not fits:
        yield path, f"must be {option.range_text}, is {value!r:.100}"
