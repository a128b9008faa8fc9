"""The numbers of a law."""

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
from wanllmdb_registry.domain.config.rules.values import Problems, problems_of_value
from wanllmdb_registry.domain.config.wording import shown

MAX_CHOICES = 10_000
# Probabilities may be off by so much in sum, as in W&B: 0.33333 three times will do.
TOLERANCE = 1.001e-5


def problems_of_distribution(path: str, law: Distribution) -> Problems:
    """What is wrong with a parameter's law; `path` is the parameter's."""
    match law:
        case Constant(value=value):
            yield from problems_of_value(f"{path}.value", value)
        case Categorical():
            yield from _categorical(path, law)
        case Uniform() | IntUniform() | LogUniform() | IntLogUniform():
            wrong = [*_bounds(path, law), *_step(path, law.q), *_step_within(path, law)]
            yield from wrong
            if not wrong:
                yield from _limits(path, law)
        case Normal() | LogNormal() | Beta():
            yield from _limits(path, law)
        case Quantized():
            yield from _quantized(path, law)


def _categorical(path: str, law: Categorical) -> Problems:
    yield from problems_of_choices(f"{path}.values", law.values)
    chances = law.probabilities
    if not chances:
        return
    path = f"{path}.probabilities"
    if len(chances) != len(law.values):
        yield path, f"must be as many as values, {len(law.values)}, are {len(chances)}"
    wrong = False
    for index, chance in enumerate(chances):
        if not (math.isfinite(chance) and chance >= 0):
            wrong = True
            yield f"{path}[{index}]", f"must be at least 0 and finite, is {chance}"
    if not wrong and abs(math.fsum(chances) - 1) > TOLERANCE:
        total = math.fsum(chances)
        shares = ", ".join(f"{chance / total:.6g}" for chance in chances[:10]) if total else ""
        hint = f"; in the same proportion: {shares}" if shares and len(chances) <= 10 else ""
        yield path, f"must be 1 in sum, are {total:.9g}{hint}"


def problems_of_choices(path: str, values: tuple[ParameterValue, ...]) -> Problems:
    """At least one value, no two alike."""
    if not values:
        yield path, "must hold at least one value"
    if len(values) > MAX_CHOICES:
        yield path, f"holds {len(values)} values, at most {MAX_CHOICES} are allowed"
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
            yield at, f"{what}is there twice"
        seen.add(key)


def _bounds(path: str, law: Uniform | IntUniform | LogUniform | IntLogUniform) -> Problems:
    endless = [key for key, n in (("min", law.min), ("max", law.max)) if not math.isfinite(n)]
    for key in endless:
        yield f"{path}.{key}", "must be a finite number"
    if endless:
        return
    is_log = isinstance(law, LogUniform | IntLogUniform)
    if is_log and law.min <= 0:
        yield f"{path}.min", _no_exponents(law.min, law.max)
    elif law.min == law.max:
        yield (
            f"{path}.min",
            f"must be less than max, but both are {law.min}; for a fixed value "
            + (f"write {{value: {law.min}}}"),
        )
    elif not law.min < law.max:
        yield f"{path}.min", f"must be less than max, but {law.min} >= {law.max}"
    if isinstance(law, Uniform) and math.isinf(law.max - law.min):
        yield f"{path}.max", "max - min must be a finite number"


def _no_exponents(low: float, high: float) -> str:
    return (
        f"must be greater than 0, is {low}: min and max are the values themselves, not exponents"
        + as_exponents(low, high)
    )


def _step(path: str, q: float | None) -> Problems:
    if q is not None and not (math.isfinite(q) and q > 0):
        yield f"{path}.q", f"must be greater than 0, is {q}"


def _step_within(path: str, law: Uniform | IntUniform | LogUniform | IntLogUniform) -> Problems:
    width = law.max - law.min
    if law.q is not None and 0 < width < law.q:
        yield f"{path}.q", f"is {law.q}, more than max - min = {width}: only min would be left"


def _quantized(path: str, law: Quantized) -> Problems:
    inner = law.distribution
    wrong = list(_step(path, law.q))
    if isinstance(inner, Uniform | LogUniform):
        wrong += _bounds(path, inner)
        if inner.q is not None:
            wrong.append((f"{path}.q", "stands twice: the law that is rounded has no step itself"))
    yield from wrong
    # How far draws can go is known once bounds and step are in order.
    if not wrong:
        yield from _limits(path, law)


def _limits(path: str, law: Distribution) -> Problems:
    """What would make draws overflow, or steps fall together."""
    for key, text in limits.problems_of_distribution(law):
        yield f"{path}.{key}", text
