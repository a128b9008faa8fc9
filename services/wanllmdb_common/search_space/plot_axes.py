"""Axes of parameters in plots: scales, bounds, categories, and the positions of values.

All plots of both services follow these rules.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import cast

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
    """The scale of an axis; the names are the protos'."""

    LINEAR = "LINEAR"
    LOG = "LOG"
    CATEGORY = "CATEGORY"


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter's axis.

    `min` and `max` are the distribution's bounds where it has some, else the smallest and the
    largest value seen; 0 and 0 where there is neither. On a category axis they are the first
    and the last index into `categories`, which are in the space's order.
    """

    scale: Scale
    min: float
    max: float
    categories: tuple[ParameterValue, ...] = ()


def axis_of(distribution: Distribution, seen: tuple[float, float] | None) -> Axis:
    """Return the axis of a distribution.

    Args:
        distribution: The distribution of the parameter's values.
        seen: The smallest and the largest of the values to be shown, as positions of
            `position_on`; None if there are none.
    """
    categories = categories_of(distribution)
    if categories:
        return Axis(Scale.CATEGORY, 0, len(categories) - 1, categories)
    low, high = _bounds(distribution)
    # Rounding may exceed a bound, and so may a point that a user enqueues.
    low, high = min([low, *(seen or ())]), max([high, *(seen or ())])
    if low > high:
        low, high = 0.0, 0.0
    return Axis(scale_of(distribution), low, high)


def scale_of(distribution: Distribution) -> Scale:
    """Return CATEGORY for categories, LOG for logarithmic distributions without 0, else LINEAR."""
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
    """Return the categories of an axis; empty for numbers."""
    match distribution:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def position_on(distribution: Distribution) -> Callable[[ParameterValue], float]:
    """Return a function from a value to its position: the number, or the category's index.

    The position is NaN for any other value, and on a logarithmic axis for a value that is not
    positive.
    """
    categories = categories_of(distribution)
    if not categories:
        return _positive_number if scale_of(distribution) is Scale.LOG else _number
    indexes = {_key(category): float(index) for index, category in enumerate(categories)}
    return lambda value: indexes.get(_key(value), math.nan)


def positions_on(
    distribution: Distribution,
) -> Callable[[Sequence[ParameterValue]], list[float]]:
    """Return a function from values to their positions, as `position_on` gives them for each.

    Columns of usual values take a fraction of the time of as many calls. NaN stands for no value.
    """
    position = position_on(distribution)
    categories = categories_of(distribution)
    kinds = set(map(type, categories))
    if not categories:
        return partial(_positions_of_numbers, position, scale_of(distribution) is Scale.LOG)
    if len(kinds) > 1 or not kinds <= {str, int, float, bool}:
        return lambda values: list(map(position, values))
    return partial(
        _positions_of_categories, position, kinds.pop(), {c: position(c) for c in categories}
    )


def _positions_of_numbers(
    position: Callable[[ParameterValue], float], is_log: bool, values: Sequence[ParameterValue]
) -> list[float]:
    if not set(map(type, values)) <= {float, int}:
        return list(map(position, values))
    numbers = list(map(float, cast("Sequence[float]", values)))
    if is_log and min(numbers, default=1.0) <= 0:
        return [number if number > 0 else math.nan for number in numbers]
    return numbers


def _positions_of_categories(
    position: Callable[[ParameterValue], float],
    kind: type,
    positions: dict[ParameterValue, float],
    values: Sequence[ParameterValue],
) -> list[float]:
    # Only values of the same type are compared: 1, 1.0 and True are equal for a dictionary.
    if not all(type(value) is kind or value is math.nan for value in values):
        return list(map(position, values))
    return [positions.get(value, math.nan) for value in values]


def order_of(categories: tuple[ParameterValue, ...]) -> tuple[float, ...] | None:
    """Return the categories as numbers if they are all numbers or all truth values.

    None if the categories have no natural order.
    """
    if all(isinstance(category, bool) for category in categories):
        return tuple(map(float, categories))  # type: ignore[arg-type]  # all bool
    numbers = tuple(map(_number, categories))
    return None if any(map(math.isnan, numbers)) else numbers


def bounds_of(distribution: Distribution) -> tuple[float, float] | None:
    """Return the smallest and the largest value; None if there are no bounds."""
    low, high = _bounds(distribution)
    return None if low > high else (low, high)


def is_searched(distribution: Distribution) -> bool:
    """Whether the distribution has more than one value."""
    return cardinality(distribution) != 1


def _bounds(distribution: Distribution) -> tuple[float, float]:
    """Return the smallest and the largest value; infinity and minus infinity where unbounded."""
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
    """Return a key that is equal exactly for the same values; see `distributions.same_value`."""
    if isinstance(value, list | dict):
        return json.dumps(value, sort_keys=True)
    return type(value), value
