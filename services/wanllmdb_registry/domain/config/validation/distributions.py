"""Validate the numbers and values of a parameter's distribution."""

from __future__ import annotations

import math
from collections.abc import Hashable

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.search_space import limits
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
    value_key,
)
from wanllmdb_registry.domain.config.exponents import as_exponents
from wanllmdb_registry.domain.config.problems import Problems, shown
from wanllmdb_registry.domain.config.validation.values import problems_of_value

MAX_CHOICES = 10_000
# Allowed difference of the sum of probabilities from 1, as in W&B: 0.33333 three times is valid.
TOLERANCE = 1.001e-5


def problems_of_distribution(path: str, distribution: Distribution) -> Problems:
    """Yield the problems of a distribution; `path` is the parameter's path."""
    match distribution:
        case Constant(value=value):
            yield from problems_of_value(f"{path}.value", value)
        case Categorical():
            yield from _categorical(path, distribution)
        case Uniform() | IntUniform() | LogUniform() | IntLogUniform():
            wrong = [
                *_bounds(path, distribution),
                *_step(path, distribution.q),
                *_step_within(path, distribution),
            ]
            yield from wrong
            if not wrong:
                yield from _limits(path, distribution)
        case Normal() | LogNormal() | Beta():
            yield from _limits(path, distribution)
        case Quantized():
            yield from _quantized(path, distribution)


def _categorical(path: str, distribution: Categorical) -> Problems:
    yield from problems_of_choices(f"{path}.values", distribution.values)
    chances = distribution.probabilities
    if not chances:
        return
    path = f"{path}.probabilities"
    if len(chances) != len(distribution.values):
        yield path, f"are {len(chances)} for {len(distribution.values)} values: give one "
        "probability for each value"
    wrong = False
    for index, chance in enumerate(chances):
        if not (math.isfinite(chance) and chance >= 0):
            wrong = True
            yield f"{path}[{index}]", f"must be at least 0 and finite, is {chance}"
    if not wrong and abs(math.fsum(chances) - 1) > TOLERANCE:
        total = math.fsum(chances)
        shares = ", ".join(f"{chance / total:.6g}" for chance in chances[:10]) if total else ""
        hint = f"; in the same proportion: {shares}" if shares and len(chances) <= 10 else ""
        yield path, f"must sum to 1, but sum to {total:.9g}{hint}"


def problems_of_choices(path: str, values: tuple[ParameterValue, ...]) -> Problems:
    """Yield the problems of a list of choices: it needs at least one value, and no repetition."""
    if not values:
        yield path, "must have at least one value"
    if len(values) > MAX_CHOICES:
        yield path, f"has {len(values):,} values, at most {MAX_CHOICES:,} are allowed"
        return
    seen: set[Hashable] = set()
    for index, value in with_checkpoints(enumerate(values)):
        at = f"{path}[{index}]"
        wrong = list(problems_of_value(at, value))
        yield from wrong
        if wrong:
            continue
        key = value_key(value)
        if key in seen:
            what = "" if isinstance(value, list | dict) else f"{shown(value)} "
            yield at, f"{what}appears twice"
        seen.add(key)


def _bounds(path: str, distribution: Uniform | IntUniform | LogUniform | IntLogUniform) -> Problems:
    endless = [
        key
        for key, n in (("min", distribution.min), ("max", distribution.max))
        if not math.isfinite(n)
    ]
    for key in endless:
        yield f"{path}.{key}", "must be a finite number"
    if endless:
        return
    is_log = isinstance(distribution, LogUniform | IntLogUniform)
    if is_log and distribution.min <= 0:
        yield f"{path}.min", _no_exponents(distribution.min, distribution.max)
    elif distribution.min == distribution.max:
        yield (
            f"{path}.min",
            f"must be less than max, but both are {distribution.min}; for a fixed value "
            + (f"write {{value: {distribution.min}}}"),
        )
    elif not distribution.min < distribution.max:
        yield f"{path}.min", f"must be less than max, but {distribution.min} >= {distribution.max}"
    if isinstance(distribution, Uniform) and math.isinf(distribution.max - distribution.min):
        yield f"{path}.max", "max - min must be a finite number"


def _no_exponents(low: float, high: float) -> str:
    return (
        f"must be greater than 0, is {low}: min and max are values, not exponents"
        + as_exponents(low, high)
    )


def _step(path: str, q: float | None) -> Problems:
    if q is not None and not (math.isfinite(q) and q > 0):
        yield f"{path}.q", f"must be greater than 0, is {q}"


def _step_within(
    path: str, distribution: Uniform | IntUniform | LogUniform | IntLogUniform
) -> Problems:
    width = distribution.max - distribution.min
    if distribution.q is not None and 0 < width < distribution.q:
        yield (
            f"{path}.q",
            f"is {distribution.q}, more than max - min = {width}: min would be the only value",
        )


def _quantized(path: str, distribution: Quantized) -> Problems:
    inner = distribution.distribution
    wrong = list(_step(path, distribution.q))
    if isinstance(inner, Uniform | LogUniform):
        wrong += _bounds(path, inner)
        if inner.q is not None:
            wrong.append((f"{path}.q", "is given twice: a rounded distribution has no inner step"))
    yield from wrong
    # The range of draws is defined only by valid bounds and a valid step.
    if not wrong:
        yield from _limits(path, distribution)


def _limits(path: str, distribution: Distribution) -> Problems:
    """Yield problems that would make draws overflow, or steps coincide."""
    for key, text in limits.problems_of_distribution(distribution):
        yield f"{path}.{key}", text
