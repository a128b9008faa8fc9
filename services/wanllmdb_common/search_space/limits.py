"""Limits of distributions and runs: no draw overflows, and a run's parameters fit a message."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping

from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    LogNormal,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.quantiles import quantile

# The largest mean and deviation of a normal distribution; ten deviations stay below the largest
# double.
MAX_NORMAL = 1e300
# The bounds of the shapes of a beta distribution; within them, its quantiles are exact to 1e-9.
MIN_BETA_SHAPE = 0.01
MAX_BETA_SHAPE = 1e6
# Bytes of the parameters of one run; several such runs fit into one message.
MAX_RUN_BYTES = 512 * 1024
# Bytes of the parameters of all runs in one response: half of gRPC's default message size, so that
# the other fields of each run fit too.
MAX_ANSWER_BYTES = 2 * 1024 * 1024
INT64 = range(-(2**63), 2**63)


def reach(distribution: Distribution) -> tuple[float, float]:
    """Return the smallest and the largest value that a numeric distribution can draw."""
    of = quantile(distribution)
    return of(0.0), of(1 - 2.0**-53)


def problems_of_distribution(distribution: Distribution) -> Iterator[tuple[str, str]]:
    """Yield the reasons why draws could overflow, as pairs of a key and a text.

    Assumes that bounds and steps are finite, steps positive, and min below max, which other
    checks ensure.
    """
    match distribution:
        case Uniform(min=low, max=high, q=float(q)) | LogUniform(min=low, max=high, q=float(q)):
            yield from _resolution(low, high, q)
        case Normal(mu=mu, sigma=sigma):
            if not abs(mu) <= MAX_NORMAL:
                yield "mu", f"must be within {MAX_NORMAL:g} of 0, is {mu}"
            if not 0 < sigma <= MAX_NORMAL:
                yield "sigma", f"must be greater than 0 and at most {MAX_NORMAL:g}, is {sigma}"
        case LogNormal(mu=mu, sigma=sigma):
            yield from _log_normal(mu, sigma)
        case Beta(a=a, b=b):
            for key, shape in (("a", a), ("b", b)):
                if not MIN_BETA_SHAPE <= shape <= MAX_BETA_SHAPE:
                    yield (
                        key,
                        f"must be at least {MIN_BETA_SHAPE:g} and at most {MAX_BETA_SHAPE:g}, "
                        f"is {shape}",
                    )
        case Quantized(distribution=inner, q=q):
            problems = list(problems_of_distribution(inner))
            yield from problems
            if not problems:
                yield from _quantized(distribution, q)


def _log_normal(mu: float, sigma: float) -> Iterator[tuple[str, str]]:
    # mu and sigma describe the logarithm; within MAX_NORMAL, the quantiles exist.
    problems = list(problems_of_distribution(Normal(mu, sigma)))
    yield from problems
    if problems:
        return
    low, high = reach(LogNormal(mu, sigma))
    if low == 0 or math.isinf(high):
        yield (
            "sigma",
            f"mu {mu} and sigma {sigma} describe the logarithm: draws would go from e^"
            f"{mu - 8.2 * sigma:.4g} to e^{mu + 8.2 * sigma:.4g}, beyond what a double holds "
            "(e^-744 to e^709); give the logarithms of the intended values",
        )


def _quantized(distribution: Quantized, q: int | float) -> Iterator[tuple[str, str]]:
    low, high = reach(distribution)
    if isinstance(q, int):
        if int(low) not in INT64 or int(high) not in INT64:
            yield (
                "q",
                f"draws would go from {float(low):.4g} to {float(high):.4g}, beyond integers of "
                f"64 bits; with q: {float(q)} they are floats",
            )
    elif math.isinf(low) or math.isinf(high):
        yield "q", f"is {q}: multiples of it near the bounds are beyond what a double holds"
    elif isinstance(inner := distribution.distribution, Uniform | LogUniform):
        yield from _resolution(inner.min, inner.max, q)


def _resolution(low: float, high: float, q: float) -> Iterator[tuple[str, str]]:
    """Check the step: steps too small for a double would repeat the same value."""
    finest = 2 * math.ulp(max(abs(low), abs(high)))
    if q < finest:
        yield "q", f"is {q}: doubles near the bounds differ by at least {finest:.2g}"


# Bytes of a number, with the headers of its name and value.
_PLAIN = 24


def bytes_of(parameters: Mapping[str, ParameterValue]) -> int:
    """Estimate the bytes of a run's parameters, rather too high than too low."""
    return sum(len(name) + bytes_of_value(value) for name, value in parameters.items())


def bytes_of_value(value: ParameterValue) -> int:
    """Estimate the bytes of a value with the header of its parameter."""
    if isinstance(value, str):
        # Lone surrogates are rejected where texts are validated.
        return _PLAIN + len(value if value.isascii() else value.encode(errors="surrogatepass"))
    if isinstance(value, list | dict):
        return _PLAIN + len(json.dumps(value))
    return _PLAIN


def largest_run(space: SearchSpace) -> int:
    """Estimate the largest number of bytes that the parameters of a run of the space can take."""
    return sum(
        len(parameter.name) + max(map(bytes_of_value, _values(parameter.distribution)), default=0)
        for parameter in space.parameters
    )


def _values(distribution: Distribution) -> Iterable[ParameterValue]:
    match distribution:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return (0.0,)
