"""The laws that a parameter's values can follow, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# What a parameter can be in Python. Lists and dictionaries hold the same again.
ParameterValue = None | bool | int | float | str | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `value`."""

    value: ParameterValue


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `values`; at least one, no two alike (see `same_value`)."""

    values: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class Uniform:
    """Floats in [min, max]; with `q`: min, min+q, ... never above max."""

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntUniform:
    """Integers min, min+q, ... never above max."""

    min: int
    max: int
    q: int = 1


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Floats in [min, max], uniform in the logarithm.

    With `q` a draw moves to the nearest of min, min+q, ... that is not above max.
    """

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntLogUniform:
    """Integers in [min, max], uniform in the logarithm; `q` as in `LogUniform`."""

    min: int
    max: int
    q: int = 1


@dataclass(frozen=True, slots=True)
class Normal:
    """Floats with mean `mu` and deviation `sigma`, not cut; with `q` rounded to multiples of q."""

    mu: float
    sigma: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntNormal:
    """Integers: a draw with mean `mu` and deviation `sigma`, rounded to a multiple of `q`."""

    mu: float
    sigma: float
    q: int


Distribution = (
    Constant | Categorical | Uniform | IntUniform | LogUniform | IntLogUniform | Normal | IntNormal
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named dimension of the search space."""

    name: str
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The parameters of a sweep, ordered by name; names are unique."""

    parameters: tuple[Parameter, ...]


def same_value(left: ParameterValue, right: ParameterValue) -> bool:
    """Equality that keeps types apart: 1, 1.0 and True are three values."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)
    return left == right


def contains(distribution: Distribution, value: ParameterValue) -> bool:
    """Whether a run may have `value`: right type and within the bounds.

    Steps are not asked for: a user may try a point between them.
    """
    match distribution:
        case Constant(value=constant):
            return same_value(constant, value)
        case Categorical(values=values):
            return any(same_value(choice, value) for choice in values)
        case IntUniform(min=low, max=high) | IntLogUniform(min=low, max=high):
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case IntNormal():
            return isinstance(value, int) and not isinstance(value, bool)
        case Uniform(min=low, max=high) | LogUniform(min=low, max=high):
            return _is_number(value) and low <= float(value) <= high  # type: ignore[arg-type]
        case Normal():
            return _is_number(value)


def _is_number(value: ParameterValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
