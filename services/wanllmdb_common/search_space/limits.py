"""Which laws are safe: no draw of theirs overflows, underflows or leaves 64 bits."""

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

# For the mean and the deviation of a normal law; ten deviations stay below the largest double.
MAX_NORMAL = 1e300
# For the shapes of a beta law: within them its quantiles are exact to 1e-9.
MIN_BETA_SHAPE = 0.01
MAX_BETA_SHAPE = 1e6
# Of the parameters of one run, in bytes: several such runs fit into one message.
MAX_RUN_BYTES = 512 * 1024
# Of the runs in one answer beside each other, in bytes: half of the message that gRPC takes by
# default, so that what else there is of each run fits too.
MAX_ANSWER_BYTES = 2 * 1024 * 1024
INT64 = range(-(2**63), 2**63)


def reach(distribution: Distribution) -> tuple[float, float]:
    """The smallest and the largest value that a draw of a numeric law can give."""
    of = quantile(distribution)
    return of(0.0), of(1 - 2.0**-53)


def problems_of_distribution(distribution: Distribution) -> Iterator[tuple[str, str]]:
    """What makes a law unsafe: pairs of a key and a text.

    Bounds and steps are taken to be finite, steps to be positive, and min to be
    below max: those problems are told elsewhere.
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
    # mu and sigma are of the logarithm: within MAX_NORMAL first, so that the quantiles exist.
    problems = list(problems_of_distribution(Normal(mu, sigma)))
    yield from problems
    if problems:
        return
    low, high = reach(LogNormal(mu, sigma))
    if low == 0 or math.isinf(high):
        yield (
            "sigma",
            f"mu {mu} and sigma {sigma} are of the logarithm: draws would go from e^"
            f"{mu - 8.2 * sigma:.4g} to e^{mu + 8.2 * sigma:.4g}, beyond what a double holds "
            "(e^-744 to e^709); take the logarithms of the values that you mean",
        )


def _quantized(distribution: Quantized, q: int | float) -> Iterator[tuple[str, str]]:
    low, high = reach(distribution)
    if isinstance(q, int):
        if int(low) not in INT64 or int(high) not in INT64:
            yield (
                "q",
                f"draws would go from {float(low):.4g} to {float(high):.4g}, more than an "
                f"integer of 64 bits holds; with q: {float(q)} they are floats",
            )
    elif math.isinf(low) or math.isinf(high):
        yield "q", f"is {q}: multiples of it near the bounds are beyond what a double holds"
    elif isinstance(inner := distribution.distribution, Uniform | LogUniform):
        yield from _resolution(inner.min, inner.max, q)


def _resolution(low: float, high: float, q: float) -> Iterator[tuple[str, str]]:
    """Steps that a double can't tell apart would be the same value many times."""
    finest = 2 * math.ulp(max(abs(low), abs(high)))
    if q < finest:
        yield "q", f"is {q}: numbers near the bounds differ by {finest:.2g} at least"


# A number with its name's and its own header.
_PLAIN = 24


def bytes_of(parameters: Mapping[str, ParameterValue]) -> int:
    """About how many bytes a run's parameters take, rather more than less."""
    return sum(len(name) + bytes_of_value(value) for name, value in parameters.items())


def bytes_of_value(value: ParameterValue) -> int:
    """About how many bytes a value takes with the header of its parameter."""
    if isinstance(value, str):
        # A lone surrogate is refused where texts are checked.
        return _PLAIN + len(value if value.isascii() else value.encode(errors="surrogatepass"))
    if isinstance(value, list | dict):
        return _PLAIN + len(json.dumps(value))
    return _PLAIN


def largest_run(space: SearchSpace) -> int:
    """About how many bytes the parameters of a run of the space take at most."""
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
