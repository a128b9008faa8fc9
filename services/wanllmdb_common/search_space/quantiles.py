"""Quantile functions: from a number in [0, 1) to a value that follows a distribution.

A random draw is the quantile of a random number, so that each distribution is implemented once,
for random search, the grid and the models alike.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Any

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
from wanllmdb_common.search_space.steps import (
    SteppedRange,
    multiples,
    round_to_multiple,
    size_of,
)

# Distributions without bounds are drawn between this quantile and 1 minus it. It is the least
# distance of a double from 1, about 8.2 deviations either way. This truncates nothing, since a
# random number generator has no finer resolution.
QUANTILE_MARGIN = 2.0**-53

Quantile = Callable[[float], Any]


def quantile(distribution: Distribution) -> Quantile:
    """Return the quantile function: from u in [0, 1) to a value of the distribution's type.

    For numbers the function does not decrease; categories share [0, 1) by their probabilities,
    in their order. `limits.py` checks that no draw of a distribution overflows.
    """
    match distribution:
        case Constant(value=value):
            return lambda u: value
        case Categorical(values=values, probabilities=()):
            return _evenly(values)
        case Categorical(values=values, probabilities=probabilities):
            return _by_probability(values, probabilities)
        case IntUniform(min=low, max=high, q=q):
            return _evenly(range(low, high + 1, q))
        case Uniform(min=low, max=high, q=None):
            return _linear(low, high)
        case Uniform(min=low, max=high, q=float(q)):
            return _evenly(SteppedRange(low, high, q))
        case LogUniform(min=low, max=high, q=None):
            return _logarithmic(low, high)
        case LogUniform(min=low, max=high, q=float(q)):
            x, nearest = _logarithmic(low, high), SteppedRange(low, high, q).nearest
            return lambda u: nearest(x(u))
        case IntLogUniform(min=low, max=high, q=step):
            # Half a step beyond the bounds, so that the bounds are as likely as their neighbors.
            x, nearest_int = _logarithmic(low - 0.5, high + 0.5), nearest_int_step(low, high, step)
            return lambda u: nearest_int(round(x(u)))
        case Normal(mu=mu, sigma=sigma):
            inverse = NormalDist(mu, sigma).inv_cdf
            return lambda u: inverse(_inside(u))
        case LogNormal(mu=mu, sigma=sigma):
            inverse = NormalDist(mu, sigma).inv_cdf
            return lambda u: _exp(inverse(_inside(u)))
        case Beta(a=a, b=b):
            return _beta(a, b)
        case Quantized(distribution=inner, q=q):
            drawn = quantile(inner)
            return lambda u: round_to_multiple(drawn(u), q)
    raise TypeError(f"no quantiles of {distribution!r}")


def cdf(distribution: Normal | LogNormal | Beta) -> Callable[[float], float]:
    """Return the cumulative distribution function, clipped to the quantiles that are drawn."""
    match distribution:
        case Normal(mu=mu, sigma=sigma):
            below = NormalDist(mu, sigma).cdf
            return lambda x: _inside(below(x))
        case LogNormal(mu=mu, sigma=sigma):
            below = NormalDist(mu, sigma).cdf
            return lambda x: _inside(below(math.log(x)) if x > 0 else 0.0)
        case Beta(a=a, b=b):
            from scipy.special import betainc

            return lambda x: _inside(float(betainc(a, b, min(max(x, 0.0), 1.0))))


def draw(distribution: Distribution) -> Callable[[Random], ParameterValue]:
    """Return a function that draws values of a distribution.

    Draws use the numbers of `Random.random` only, which are the same in every Python version.
    """
    if isinstance(distribution, IntUniform) and distribution.max - distribution.min >= 2**53:
        # One random number has too few digits to reach all values.
        steps = range(distribution.min, distribution.max + 1, distribution.q)
        count = (distribution.max - distribution.min) // distribution.q + 1
        return lambda random: steps[(_bits(random) << 53 | _bits(random)) * count >> 106]
    of = quantile(distribution)
    return lambda random: of(random.random())


def cardinality(distribution: Distribution) -> int | None:
    """Return the number of different values; None if it is infinite."""
    match distribution:
        case Constant():
            return 1
        case Categorical(values=values):
            return len(values)
        case IntUniform(min=low, max=high, q=q) | IntLogUniform(min=low, max=high, q=q):
            return (high - low) // q + 1
        case Uniform(min=low, max=high, q=float(q)) | LogUniform(min=low, max=high, q=float(q)):
            return SteppedRange(low, high, q).size
        case Quantized(distribution=Uniform() | LogUniform() | Beta() as inner, q=q):
            return size_of(multiples(*bounds(inner), q))
        case _:
            return None


def bounds(distribution: Uniform | LogUniform | Beta) -> tuple[float, float]:
    """Return the smallest and the largest value of a bounded distribution."""
    return (0.0, 1.0) if isinstance(distribution, Beta) else (distribution.min, distribution.max)


def nearest_int_step(low: int, high: int, q: int) -> Callable[[int], int]:
    """Return a function from an integer to the nearest of low, low+q, ... up to high."""
    last = (high - low) // q
    return lambda x: low + min(max((x - low + q // 2) // q, 0), last) * q


def _inside(u: float) -> float:
    return min(max(u, QUANTILE_MARGIN), 1 - QUANTILE_MARGIN)


def _bits(random: Random) -> int:
    return int(random.random() * 2**53)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _evenly(values: Sequence[Any]) -> Quantile:
    count = size_of(values)
    # In integers, since u * count may round up to count.
    return lambda u: values[int(u * 2**53) * count >> 53]


def _by_probability(values: Sequence[Any], probabilities: Sequence[float]) -> Quantile:
    below = list(accumulate(probabilities))
    last = max(i for i, probability in enumerate(probabilities) if probability > 0)
    return lambda u: values[min(bisect_right(below, u * below[-1]), last)]


def _linear(low: float, high: float) -> Quantile:
    width = high - low
    if math.isinf(width):
        return lambda u: min(max(low * (1 - u) + high * u, low), high)
    return lambda u: min(low + width * u, high)


def _logarithmic(low: float, high: float) -> Quantile:
    start, width = math.log(low), math.log(high) - math.log(low)
    return lambda u: min(max(_exp(start + width * u), low), high)


def _beta(a: float, b: float) -> Quantile:
    # Slow to import, and rarely needed.
    from scipy.special import betaincinv

    return lambda u: min(max(float(betaincinv(a, b, _inside(u))), 0.0), 1.0)
