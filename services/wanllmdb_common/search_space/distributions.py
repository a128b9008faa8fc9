"""The distributions that a parameter's values can follow, as plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

# A parameter's value in Python. Lists and dictionaries hold such values again.
ParameterValue = None | bool | int | float | str | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `value`."""

    value: ParameterValue


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `values`; there is at least one, and no two are the same (see `same_value`).

    `probabilities` holds the probability of each under random search; empty if all values
    are equally likely.
    """

    values: tuple[ParameterValue, ...]
    probabilities: tuple[float, ...] = ()


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

    With `q` a draw is rounded to the nearest of min, min+q, ... that is not above max.
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
    """Floats with mean `mu` and standard deviation `sigma`, not truncated."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Positive floats whose logarithm has mean `mu` and deviation `sigma`, not truncated."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class Beta:
    """Floats in [0, 1] with density proportional to x^(a-1) * (1-x)^(b-1)."""

    a: float = 1.0
    b: float = 1.0


@dataclass(frozen=True, slots=True)
class Quantized:
    """round(x/q)*q for a draw x of `distribution`, which has no step itself.

    Integers where `q` is an integer, else floats. May exceed a bound of the distribution by q/2.
    """

    distribution: Uniform | LogUniform | Normal | LogNormal | Beta
    q: int | float = 1


Distribution = (
    Constant
    | Categorical
    | Uniform
    | IntUniform
    | LogUniform
    | IntLogUniform
    | Normal
    | LogNormal
    | Beta
    | Quantized
)


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when the parameter `parameter` has one of `values`."""

    parameter: str
    values: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named dimension of the search space.

    The name of a parameter in a group is the group's name, "/" and its own name, to any depth.
    A run has the parameter when all `conditions` hold.
    """

    name: str
    distribution: Distribution
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The parameters of a sweep, ordered by name; names are unique.

    `constraints` are expressions that every proposed run satisfies; see the protos.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[str, ...] = ()


def same_value(left: ParameterValue, right: ParameterValue) -> bool:
    """Whether two values are equal and of the same type: 1, 1.0 and True are three values."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)
    return left == right


def value_key(value: ParameterValue) -> Hashable:
    """Return a key that is equal for the same values, as `same_value` defines it, only."""
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return type(value), value


def contains(distribution: Distribution, value: ParameterValue) -> bool:
    """Whether a run may have `value`: the type is right, and the value is within the bounds.

    Steps are not checked, since a user may enqueue a point between them.
    """
    match distribution:
        case Constant(value=constant):
            return same_value(constant, value)
        case Categorical(values=values):
            return any(same_value(choice, value) for choice in values)
        case IntUniform(min=low, max=high) | IntLogUniform(min=low, max=high):
            return _is_int(value) and low <= value <= high  # type: ignore[operator]
        case Uniform(min=low, max=high) | LogUniform(min=low, max=high):
            return _is_number(value) and low <= value <= high  # type: ignore[operator]
        case Normal():
            return _is_number(value)
        case LogNormal():
            return _is_number(value) and value > 0  # type: ignore[operator]
        case Beta():
            return _is_number(value) and 0 <= value <= 1  # type: ignore[operator]
        case Quantized(distribution=inner, q=int(q)):
            return _is_int(value) and _near(inner, value, q)  # type: ignore[arg-type]
        case Quantized(distribution=inner, q=q):
            return _is_number(value) and _near(inner, value, q)  # type: ignore[arg-type]


def membership(distribution: Distribution) -> Callable[[ParameterValue], bool]:
    """Return `contains` of a distribution, made fast for many values and choices."""
    if isinstance(distribution, Categorical):
        keys = set(map(value_key, distribution.values))
        return lambda value: value_key(value) in keys
    return partial(contains, distribution)


def _near(
    distribution: Uniform | LogUniform | Normal | LogNormal | Beta, value: float, q: float
) -> bool:
    """Whether rounding a value within the bounds to a multiple of q can give `value`."""
    match distribution:
        case Normal():
            return True
        case LogNormal():
            return value >= 0
        case Beta():
            low, high = 0.0, 1.0
        case Uniform() | LogUniform():
            low, high = distribution.min, distribution.max
    # In decimals, like the rounding itself: 0.25 minus half of 0.1 is exactly 0.2.
    exact = Decimal(repr(value))
    half = Decimal(repr(q)) / 2
    return Decimal(repr(low)) - half <= exact <= Decimal(repr(high)) + half


def _is_int(value: ParameterValue) -> bool:
    """Whether the value is an integer of 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_number(value: ParameterValue) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


_MOST_VALUES = 10


def in_words(distribution: Distribution) -> str:
    """Describe a distribution: "logarithmic from 0.0001 to 0.1", "one of 16, 32"."""
    match distribution:
        case Constant(value=value):
            return f"{value!r:.60} always"
        case Categorical(values=values):
            shown = ", ".join(f"{value!r:.30}" for value in values[:_MOST_VALUES])
            return f"one of {shown}" + (", ..." if len(values) > _MOST_VALUES else "")
        case Uniform() | LogUniform():
            kind = "logarithmic" if isinstance(distribution, LogUniform) else "uniform"
            step = "" if distribution.q is None else f" in steps of {distribution.q}"
            return f"{kind} from {distribution.min} to {distribution.max}{step}"
        case IntUniform() | IntLogUniform():
            kind = "logarithmic" if isinstance(distribution, IntLogUniform) else "uniform"
            step = "" if distribution.q == 1 else f" in steps of {distribution.q}"
            return f"{kind} from {distribution.min} to {distribution.max}{step}, an integer"
        case Normal(mu=mu, sigma=sigma):
            return f"normal with mu {mu} and sigma {sigma}"
        case LogNormal(mu=mu, sigma=sigma):
            return f"log-normal with mu {mu} and sigma {sigma}"
        case Beta(a=a, b=b):
            return f"beta with a {a} and b {b}"
        case Quantized(distribution=inner, q=q):
            return f"{in_words(inner)}, rounded to multiples of {q}"
