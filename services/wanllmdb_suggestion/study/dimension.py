"""Each law of the search space as a distribution that Optuna samples, both ways.

Optuna knows no normal law, its steps accumulate rounding and its categories
are few types: so a dimension samples something simple and transforms it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    Uniform,
    same_value,
)
from wanllmdb_common.search_space.grid import SteppedRange, round_to_multiple

# The quantiles between which a normal law is drawn: the least distance from 1
# that a double has, so 8.2 deviations either way. No cut of the law: a uniform
# draw from a random number generator has no finer resolution.
QUANTILE_MARGIN = 2.0**-53


@dataclass(frozen=True, slots=True)
class Dimension:
    """A searched parameter.

    Attributes:
        distribution: What Optuna samples.
        encode: A value of the parameter as a value of `distribution`. Values
            between steps keep their place: the result may lie between steps too.
        decode: A value of `distribution` as one of the parameter, on its steps
            and within its bounds.
    """

    distribution: BaseDistribution
    encode: Callable[[Any], int | float]
    decode: Callable[[Any], ParameterValue]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A parameter with a single value: it reaches the run and is not searched."""

    value: ParameterValue


def dimension(law: Distribution) -> Dimension | Fixed:
    """The dimension of a law; `Fixed` where it has one value only."""
    match law:
        case Constant(value=value):
            return Fixed(value)
        case Categorical(values=values):
            return Fixed(values[0]) if len(values) == 1 else _categorical(values)
        case Uniform(min=low, max=high, q=q):
            return _uniform(low, high) if q is None else _stepped_uniform(low, high, q)
        case LogUniform(min=low, max=high, q=q):
            return _log_uniform(low, high, q)
        case IntUniform(min=low, max=high, q=step):
            return _int_uniform(low, high, step)
        case IntLogUniform(min=low, max=high, q=step):
            return _int_log_uniform(low, high, step)
        case Normal(mu=mu, sigma=sigma):
            return _normal(mu, sigma, None)
        case Quantized(law=Normal(mu=mu, sigma=sigma), q=int(step)):
            return _int_normal(mu, sigma, step)
        case Quantized(law=Normal(mu=mu, sigma=sigma), q=q):
            return _normal(mu, sigma, q)
    raise TypeError(f"no dimension for {law!r}")


def _categorical(values: tuple[ParameterValue, ...]) -> Dimension:
    # Optuna warns of choices that are lists or dictionaries and takes 1 and True
    # for the same: indices avoid both.
    def encode(value: ParameterValue) -> int:
        return next(i for i, choice in enumerate(values) if same_value(choice, value))

    return Dimension(
        CategoricalDistribution(tuple(range(len(values)))), encode, lambda index: values[index]
    )


def _uniform(low: float, high: float) -> Dimension:
    width = high - low
    if math.isinf(width):
        # The width overflows a double: sample the position between the ends.
        return Dimension(
            FloatDistribution(0.0, 1.0),
            lambda value: _clamp((value / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0),
            lambda at: _clamp(low * (1 - at) + high * at, low, high),
        )
    return Dimension(FloatDistribution(low, high), float, lambda x: _clamp(float(x), low, high))


def _stepped_uniform(low: float, high: float, q: float) -> Dimension | Fixed:
    steps = SteppedRange(low, high, q)
    if len(steps) == 1:
        return Fixed(steps[0])
    return Dimension(FloatDistribution(low, steps[len(steps) - 1], step=q), float, steps.nearest)


def _log_uniform(low: float, high: float, q: float | None) -> Dimension:
    distribution = FloatDistribution(low, high, log=True)
    if q is None:
        return Dimension(distribution, float, lambda x: _clamp(float(x), low, high))
    return Dimension(distribution, float, SteppedRange(low, high, q).nearest)


def _int_uniform(low: int, high: int, q: int) -> Dimension | Fixed:
    last = low + (high - low) // q * q
    if last == low:
        return Fixed(low)
    return Dimension(IntDistribution(low, last, step=q), int, _nearest_int_step(low, high, q))


def _int_log_uniform(low: int, high: int, q: int) -> Dimension:
    return Dimension(IntDistribution(low, high, log=True), int, _nearest_int_step(low, high, q))


def _nearest_int_step(low: int, high: int, q: int) -> Callable[[int], int]:
    last = (high - low) // q
    # In integers throughout: Optuna goes through doubles, so that near 2^63 it
    # leaves steps and bounds alike.
    return lambda x: low + min(max((int(x) - low + q // 2) // q, 0), last) * q


def _normal(mu: float, sigma: float, q: float | None) -> Dimension:
    law = NormalDist(mu, sigma)
    if q is None:
        return Dimension(_quantiles(), _quantile_of(law), law.inv_cdf)
    step = q
    return Dimension(
        _quantiles(), _quantile_of(law), lambda p: round_to_multiple(law.inv_cdf(p), step)
    )


def _int_normal(mu: float, sigma: float, q: int) -> Dimension:
    law = NormalDist(mu, sigma)
    return Dimension(_quantiles(), _quantile_of(law), lambda p: round(law.inv_cdf(p) / q) * q)


def _quantiles() -> FloatDistribution:
    return FloatDistribution(QUANTILE_MARGIN, 1 - QUANTILE_MARGIN)


def _quantile_of(law: NormalDist) -> Callable[[float], float]:
    return lambda x: _clamp(law.cdf(x), QUANTILE_MARGIN, 1 - QUANTILE_MARGIN)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
