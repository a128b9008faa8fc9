"""Converts a sweep's distributions and values to those of Optuna, and back.

Optuna has ranges and lists of choices. Any other distribution becomes the range that holds all but
one in 10^8 of its draws, extended to the values of existing runs. Choices that Optuna could not
distinguish or store, such as 1 beside True, or lists, become JSON texts.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb import (
    Beta,
    Categorical,
    Conditional,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)

# Two in 10^9 draws of a Gaussian are farther from the mean.
_DEVIATIONS = 6.0


def to_optuna(distribution: Distribution, seen: Sequence[Any]) -> BaseDistribution:
    """Return the Optuna distribution that holds all values of a distribution and those seen."""
    with warnings.catch_warnings():
        # Optuna warns about lists as choices, but they are texts by then.
        warnings.simplefilter("ignore")
        match distribution:
            case Conditional(distribution=inner):
                return to_optuna(inner, seen)
            case Constant() | Categorical():
                return CategoricalDistribution(
                    [as_choice(distribution, value) for value in choices(distribution)]
                )
            case IntUniform(min=low, max=high, q=q):
                step = q or 1
                low, high = _widened(low, high, seen)
                return IntDistribution(low, low + (high - low) // step * step, step=step)
            case IntLogUniform(min=low, max=high):
                return IntDistribution(*_widened(low, high, seen), log=True)
            case Uniform(min=low, max=high):
                return FloatDistribution(*_widened(low, high, seen))
            case LogUniform(min=low, max=high):
                return FloatDistribution(*_widened(low, high, seen), log=True)
            case Normal() | LogNormal() | Beta():
                low, high = _widened(*_support(distribution), seen)
                return FloatDistribution(low, high, log=isinstance(distribution, LogNormal))
            case Quantized():
                return _quantized(distribution, seen)
            case _:
                raise TypeError(f"Optuna has no distribution for {distribution!r}")


def choices(distribution: Distribution) -> tuple[Any, ...]:
    """Return the values of a distribution that lists them; empty for others."""
    match distribution:
        case Conditional(distribution=inner):
            return choices(inner)
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def as_choice(distribution: Distribution, value: Any) -> Any:
    """Return a parameter's value as an Optuna trial stores it."""
    return (
        _as_json(value) if choices(distribution) and _needs_json(choices(distribution)) else value
    )


def from_choice(distribution: Distribution, value: Any) -> Any:
    """Undo `as_choice`; other values are returned unchanged."""
    listed = choices(distribution)
    if not isinstance(value, str) or not listed or not _needs_json(listed):
        return value
    return next((choice for choice in listed if _as_json(choice) == value), value)


def _needs_json(listed: Sequence[Any]) -> bool:
    if not all(value is None or isinstance(value, bool | int | float | str) for value in listed):
        return True
    # Optuna treats 1, 1.0 and True as one choice.
    return any(
        left == right and type(left) is not type(right)
        for index, left in enumerate(listed)
        for right in listed[:index]
    )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _quantized(distribution: Quantized, seen: Sequence[Any]) -> BaseDistribution:
    inner = distribution.distribution
    low, high = _support(inner)
    q = distribution.q
    first, last = math.floor(low / q + 1e-9), math.ceil(high / q - 1e-9)
    low, high = _widened(first * q, last * q, seen)
    if isinstance(q, int):
        return IntDistribution(round(low), round(high), step=q)
    # Optuna's steps start at the lower bound, which is a multiple too.
    return FloatDistribution(low, high, step=q)


def _support(distribution: Uniform | LogUniform | Normal | LogNormal | Beta) -> tuple[float, float]:
    match distribution:
        case Normal(mu=mu, sigma=sigma):
            return mu - _DEVIATIONS * sigma, mu + _DEVIATIONS * sigma
        case LogNormal(mu=mu, sigma=sigma):
            return math.exp(mu - _DEVIATIONS * sigma), math.exp(mu + _DEVIATIONS * sigma)
        case Beta():
            return 0.0, 1.0
        case _:
            return distribution.min, distribution.max


def _widened(low: Any, high: Any, seen: Sequence[Any]) -> tuple[Any, Any]:
    return min([low, *seen]), max([high, *seen])
