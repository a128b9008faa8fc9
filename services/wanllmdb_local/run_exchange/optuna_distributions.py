"""Laws of a sweep as Optuna's distributions, and values in their terms.

Optuna knows ranges and lists of choices. A law that it does not have becomes the
range in which all but one in 10^8 of its draws lie, widened to the values that runs
had. Choices that it could not tell apart or keep, 1 beside True or lists, become
JSON texts.
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

# Of a Gaussian, two in 10^9 lie farther from the mean.
_DEVIATIONS = 6.0


def to_optuna(law: Distribution, seen: Sequence[Any]) -> BaseDistribution:
    """The distribution that holds all values of the law, and those that were seen."""
    with warnings.catch_warnings():
        # Optuna says that lists are no proper choices: they are texts by then.
        warnings.simplefilter("ignore")
        match law:
            case Conditional(law=inner):
                return to_optuna(inner, seen)
            case Constant() | Categorical():
                return CategoricalDistribution([as_choice(law, value) for value in choices(law)])
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
                low, high = _widened(*_support(law), seen)
                return FloatDistribution(low, high, log=isinstance(law, LogNormal))
            case Quantized():
                return _quantized(law, seen)
            case _:
                raise TypeError(f"no distribution of Optuna for {law!r}")


def choices(law: Distribution) -> tuple[Any, ...]:
    """The values of a law that lists them; none for others."""
    match law:
        case Conditional(law=inner):
            return choices(inner)
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def as_choice(law: Distribution, value: Any) -> Any:
    """A value of a parameter as Optuna's trials hold it."""
    return _as_json(value) if choices(law) and _needs_json(choices(law)) else value


def from_choice(law: Distribution, value: Any) -> Any:
    """The value that `as_choice` made a text of; others stay as they are."""
    listed = choices(law)
    if not isinstance(value, str) or not listed or not _needs_json(listed):
        return value
    return next((choice for choice in listed if _as_json(choice) == value), value)


def _needs_json(listed: Sequence[Any]) -> bool:
    if not all(value is None or isinstance(value, bool | int | float | str) for value in listed):
        return True
    # To Optuna 1, 1.0 and True are one choice.
    return any(
        left == right and type(left) is not type(right)
        for index, left in enumerate(listed)
        for right in listed[:index]
    )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _quantized(law: Quantized, seen: Sequence[Any]) -> BaseDistribution:
    inner = law.law
    low, high = _support(inner)
    q = law.q
    first, last = math.floor(low / q + 1e-9), math.ceil(high / q - 1e-9)
    low, high = _widened(first * q, last * q, seen)
    if isinstance(q, int):
        return IntDistribution(round(low), round(high), step=q)
    # Optuna's steps count from the lower end, which is a multiple too.
    return FloatDistribution(low, high, step=q)


def _support(law: Uniform | LogUniform | Normal | LogNormal | Beta) -> tuple[float, float]:
    match law:
        case Normal(mu=mu, sigma=sigma):
            return mu - _DEVIATIONS * sigma, mu + _DEVIATIONS * sigma
        case LogNormal(mu=mu, sigma=sigma):
            return math.exp(mu - _DEVIATIONS * sigma), math.exp(mu + _DEVIATIONS * sigma)
        case Beta():
            return 0.0, 1.0
        case _:
            return law.min, law.max


def _widened(low: Any, high: Any, seen: Sequence[Any]) -> tuple[Any, Any]:
    return min([low, *seen]), max([high, *seen])
