"""How parameters are laid out on axes: scales, bounds, categories, and values as numbers.

Every plot of either service goes by these rules.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    Uniform,
)
from wanllmdb_common.search_space.quantiles import bounds, cardinality
from wanllmdb_common.search_space.steps import round_to_multiple


class Scale(StrEnum):
    """How an axis is laid out; the names are the protos'."""

    LINEAR = "LINEAR"
    LOG = "LOG"
    CATEGORY = "CATEGORY"


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter's axis.

    `min` and `max` are the law's bounds where it has some, else the smallest and
    the largest value seen; 0 and 0 where there is neither. On a category axis they
    are the first and the last index into `categories`, which are in the space's order.
    """

    scale: Scale
    min: float
    max: float
    categories: tuple[ParameterValue, ...] = ()


def axis_of(distribution: Distribution, seen: tuple[float, float] | None) -> Axis:
    """The axis of a law.

    Args:
        law: What the parameter's values follow.
        seen: The smallest and the largest of the values that are to be shown, as
            `position_on` gives them; None where there are none.
    """
    categories = categories_of(distribution)
    if categories:
        return Axis(Scale.CATEGORY, 0, len(categories) - 1, categories)
    low, high = _bounds(distribution)
    # Quantizing may pass a bound, and so may what a user asks to be tried.
    low, high = min([low, *(seen or ())]), max([high, *(seen or ())])
    if low > high:
        low, high = 0.0, 0.0
    return Axis(scale_of(distribution), low, high)


def scale_of(distribution: Distribution) -> Scale:
    """By category, by logarithm for logarithmic laws that never give 0, else by value."""
    match distribution:
        case Constant() | Categorical():
            return Scale.CATEGORY
        case LogUniform() | IntLogUniform() | LogNormal():
            return Scale.LOG
        case Quantized(distribution=LogUniform(min=low), q=q) if _rounded(low, q) > 0:
            return Scale.LOG
        case _:
            return Scale.LINEAR


def categories_of(distribution: Distribution) -> tuple[ParameterValue, ...]:
    """What a category axis shows; empty for numbers."""
    match distribution:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def position_on(distribution: Distribution) -> Callable[[ParameterValue], float]:
    """Gives a value's place on the law's axis: the number itself, or the category's index.

    NaN for what is neither, and on a logarithmic axis for what is not positive.
    """
    categories = categories_of(distribution)
    if not categories:
        return _positive_number if scale_of(distribution) is Scale.LOG else _number
    places = {_key(category): float(place) for place, category in enumerate(categories)}
    return lambda value: places.get(_key(value), math.nan)


def order_of(categories: tuple[ParameterValue, ...]) -> tuple[float, ...] | None:
    """The numbers that categories stand for, if they are all numbers or all truth values.

    None where they have no order of their own.
    """
    if all(isinstance(category, bool) for category in categories):
        return tuple(map(float, categories))  # type: ignore[arg-type]  # all bool
    numbers = tuple(map(_number, categories))
    return None if any(map(math.isnan, numbers)) else numbers


def is_searched(distribution: Distribution) -> bool:
    """Whether the law has more than one value."""
    return cardinality(distribution) != 1


def _bounds(distribution: Distribution) -> tuple[float, float]:
    """The smallest and the largest value; infinity and minus infinity where there is none."""
    match distribution:
        case IntUniform(min=low, max=high) | IntLogUniform(min=low, max=high):
            return float(low), float(high)
        case Uniform() | LogUniform() | Beta():
            return bounds(distribution)
        case Quantized(distribution=Uniform() | LogUniform() | Beta() as inner, q=q):
            first, last = bounds(inner)
            return _rounded(first, q), _rounded(last, q)
        case Constant() | Categorical() | Normal() | LogNormal() | Quantized():
            return math.inf, -math.inf


def _rounded(value: float, q: float) -> float:
    return float(round_to_multiple(value, q))


def _number(value: ParameterValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _positive_number(value: ParameterValue) -> float:
    number = _number(value)
    return number if number > 0 else math.nan


def _key(value: ParameterValue) -> object:
    """Equal exactly for the same values, see `distributions.same_value`."""
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return type(value), value
