"""Each law of the search space as a distribution that Optuna samples, both ways.

Optuna knows no normal law, its steps accumulate rounding and its categories
are few types: so a dimension samples something simple and transforms it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

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
    same_value,
)
from wanllmdb_common.search_space.quantiles import (
    QUANTILE_MARGIN,
    cardinality,
    cdf,
    nearest_int_step,
    quantile,
)
from wanllmdb_common.search_space.steps import SteppedRange, round_to_multiple


@dataclass(frozen=True, slots=True)
class Dimension:
    """A searched parameter.

    Attributes:
        distribution: What Optuna samples.
        encode: A value of the parameter as a value of `distribution`. Values
            between steps keep their place: the result may lie between steps too.
        decode: A value of `distribution` as one of the parameter, on its steps
            and within its bounds.
        cardinality: How many different values `decode` can give; None where they
            are not countable or without end.
    """

    distribution: BaseDistribution
    encode: Callable[[Any], int | float]
    decode: Callable[[Any], ParameterValue]
    cardinality: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A parameter with a single value: it reaches the run and is not searched."""

    value: ParameterValue


def dimension(law: Distribution) -> Dimension | Fixed:
    """The dimension of a law; `Fixed` where it has one value only."""
    count = cardinality(law)
    if count == 1:
        return Fixed(quantile(law)(0.0))
    match law:
        case Categorical(values=values):
            return _categorical(values)
        case Uniform(min=low, max=high, q=q):
            return _uniform(low, high) if q is None else _stepped_uniform(low, high, q, count)
        case LogUniform(min=low, max=high, q=q):
            return _log_uniform(low, high, q, count)
        case IntUniform(min=low, max=high, q=step):
            last = low + (high - low) // step * step
            distribution = IntDistribution(low, last, step=step)
            return Dimension(distribution, int, _int_decoder(low, high, step), count)
        case IntLogUniform(min=low, max=high, q=step):
            distribution = IntDistribution(low, high, log=True)
            return Dimension(distribution, int, _int_decoder(low, high, step), count)
        case Normal() | LogNormal() | Beta():
            return Dimension(_quantiles(), cdf(law), quantile(law))
        case Quantized(distribution=Uniform() | LogUniform() as inner, q=q):
            return _rounded(inner, q, count)
        case Quantized(distribution=Normal() | LogNormal() | Beta() as inner):
            return Dimension(_quantiles(), cdf(inner), quantile(law), count)
        case Constant() | Quantized():
            raise AssertionError(f"{law!r} is no law of a search space")


def _categorical(values: tuple[ParameterValue, ...]) -> Dimension:
    # Optuna warns of choices that are lists or dictionaries and takes 1 and True
    # for the same: indices avoid both.
    def encode(value: ParameterValue) -> int:
        return next(i for i, choice in enumerate(values) if same_value(choice, value))

    return Dimension(
        CategoricalDistribution(tuple(range(len(values)))),
        encode,
        lambda index: values[index],
        len(values),
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


def _stepped_uniform(low: float, high: float, q: float, count: int | None) -> Dimension:
    steps = SteppedRange(low, high, q)
    distribution = FloatDistribution(low, steps[len(steps) - 1], step=q)
    return Dimension(distribution, float, steps.nearest, count)


def _log_uniform(low: float, high: float, q: float | None, count: int | None) -> Dimension:
    distribution = FloatDistribution(low, high, log=True)
    if q is None:
        return Dimension(distribution, float, lambda x: _clamp(float(x), low, high))
    return Dimension(distribution, float, SteppedRange(low, high, q).nearest, count)


def _int_decoder(low: int, high: int, q: int) -> Callable[[Any], int]:
    # In integers throughout: Optuna goes through doubles, so that near 2^63 it
    # leaves steps and bounds alike.
    nearest = nearest_int_step(low, high, q)
    return lambda x: nearest(int(x))


def _rounded(law: Uniform | LogUniform, q: int | float, count: int | None) -> Dimension:
    """The law's own scale, on which a value beyond a bound stands at the bound."""
    before = dimension(law)
    assert isinstance(before, Dimension)
    low, high = law.min, law.max
    return Dimension(
        before.distribution,
        lambda value: before.encode(_clamp(float(value), low, high)),
        lambda x: round_to_multiple(before.decode(x), q),  # type: ignore[arg-type]  # a float
        count,
    )


def _quantiles() -> FloatDistribution:
    return FloatDistribution(QUANTILE_MARGIN, 1 - QUANTILE_MARGIN)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
