"""Whether the search space of a running sweep may be replaced by another one.

It may if every run that the current space allows is also a run of the new space. Then all
existing runs, queued ones too, stay valid, and a sampler can learn from them as before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from wanllmdb_common.search_space.conditions import parents_first
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Parameter,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
    contains,
    in_words,
    value_key,
)

_WAY_OUT = "create a new sweep, with the runs of this one as its prior runs"


@dataclass(frozen=True, slots=True)
class Widening:
    """The result of comparing a new space with the old one.

    Attributes:
        problems: The reasons why the new space lacks runs of the old one, as pairs of a
            parameter's name, or "constraints", and a text. The new space may replace the old
            one if there are none.
        notes: The consequences of the change for the existing runs.
    """

    problems: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def wider(new: SearchSpace, old: SearchSpace) -> Widening:
    """Compare two spaces, each valid by itself.

    The new space may give a parameter further values (wider bounds, more choices, a finer step
    or none), another distribution or other probabilities, and may drop constraints. It may add
    a parameter only if no existing run would have it: the parameter has a condition that only
    new values satisfy. Otherwise existing runs would lack a parameter of the space, and the
    value that they used is unknown.
    """
    before = {parameter.name: parameter for parameter in old.parameters}
    after = {parameter.name: parameter for parameter in new.parameters}
    problems = [
        *_parameters(before, after),
        *_additions(before, new),
        *_constraints(new, old),
    ]
    return Widening(tuple(problems), () if problems else tuple(_notes(before, new, old)))


def _parameters(
    before: Mapping[str, Parameter], after: Mapping[str, Parameter]
) -> Iterator[tuple[str, str]]:
    for name, parameter in before.items():
        if name not in after:
            yield name, "was removed, but existing runs have it: keep it unchanged"
            continue
        lost = _lost(after[name].distribution, parameter.distribution)
        if lost is not None:
            yield name, lost
        if not _same_conditions(after[name], parameter, before):
            yield (
                name,
                "depends on other values than before, so that existing runs would lack the "
                "parameter, or have it although they should not; a condition may only be extended "
                "by values that are themselves new",
            )


def _lost(new: Distribution, old: Distribution) -> str | None:
    """Return what the new distribution lacks of the old one; None if it lacks nothing."""
    if isinstance(old, Constant | Categorical):
        values = (old.value,) if isinstance(old, Constant) else old.values
        missing = [value for value in values if not _gives(new, value)]
        if missing:
            return f"no longer has {', '.join(f'{value!r:.40}' for value in missing[:5])}"
        return None
    if isinstance(new, Constant | Categorical):
        return "has been a range of numbers so far, and would allow only single values"
    if _is_int(new) != _is_int(old):
        kinds = ("integers", "floats") if _is_int(old) else ("floats", "integers")
        return f"has had {kinds[0]} so far, which would become {kinds[1]}"
    low, high = _bounds(old)
    new_low, new_high = _bounds(new)
    if new_low > low or new_high < high:
        return (
            f"has gone from {_number(low)} to {_number(high)} so far, and would only go from "
            f"{_number(new_low)} to {_number(new_high)}"
        )
    if low == 0 and new_low == 0 and _excludes_zero(new) and not _excludes_zero(old):
        return "could be 0 so far, which the new distribution excludes"
    if not _steps_within(new, old):
        step = _steps(new)
        assert step is not None
        return f"allowed values so far that are not on the steps of {step[1]} from {step[0]} on"
    return None


def _gives(distribution: Distribution, value: ParameterValue) -> bool:
    """Whether a draw can be exactly this value."""
    if not contains(distribution, value):
        return False
    if isinstance(distribution, Constant | Categorical):
        return True
    assert isinstance(value, int | float)
    if _is_int(distribution) != isinstance(value, int):
        return False
    step = _steps(distribution)
    return step is None or (Decimal(repr(value)) - step[0]) % step[1] == 0


def _same_conditions(new: Parameter, old: Parameter, before: Mapping[str, Parameter]) -> bool:
    """Whether the same runs of the old space have the parameter.

    Values that the old space does not have make no difference to its runs.
    """
    return _asked(new, before) == _asked(old, before)


def _asked(parameter: Parameter, before: Mapping[str, Parameter]) -> dict[str, frozenset[object]]:
    asked: dict[str, frozenset[object]] = {}
    for condition in parameter.conditions:
        name = condition.parameter
        known = before.get(name)
        keys = frozenset(
            value_key(value)
            for value in condition.values
            if known is not None and contains(known.distribution, value)
        )
        asked[name] = keys & asked.get(name, keys)
    return asked


def _additions(before: Mapping[str, Parameter], new: SearchSpace) -> Iterator[tuple[str, str]]:
    # Parents first: a parameter that depends on an addition is absent from existing runs too.
    for parameter in parents_first(new):
        if parameter.name in before:
            continue
        if not any(
            not any(
                condition.parameter in before
                and contains(before[condition.parameter].distribution, value)
                for value in condition.values
            )
            for condition in parameter.conditions
        ):
            yield (
                parameter.name,
                "is new, and existing runs would lack it: make it depend on a value that is also "
                f"new, or {_WAY_OUT}",
            )


def _constraints(new: SearchSpace, old: SearchSpace) -> Iterator[tuple[str, str]]:
    known = {text.strip() for text in old.constraints}
    for text in new.constraints:
        if text.strip() not in known:
            yield (
                "constraints",
                f"'{text:.200}' is new, and existing runs may violate it: {_WAY_OUT}",
            )


def _notes(before: Mapping[str, Parameter], new: SearchSpace, old: SearchSpace) -> Iterator[str]:
    for parameter in new.parameters:
        known = before.get(parameter.name)
        if known is None:
            yield (
                f"parameter '{parameter.name}' is new; existing runs lack it, like all runs with "
                "their values"
            )
        elif known.distribution != parameter.distribution:
            yield (
                f"parameter '{parameter.name}' is now {in_words(parameter.distribution)} instead "
                f"of {in_words(known.distribution)}"
            )
    dropped = len({t.strip() for t in old.constraints} - {t.strip() for t in new.constraints})
    if dropped:
        yield f"constraints that no longer apply to new runs: {dropped}"
    if new != old:
        yield (
            "existing runs keep their parameters and count as before; only runs that are proposed "
            "from now on use the new space. A grid continues with the points that have no run "
            "yet, and continuous parameters are divided into values again"
        )


def _bounds(distribution: Distribution) -> tuple[float, float]:
    """Return the bounds of a run's value, drawn or chosen by a user; see `contains`."""
    match distribution:
        case IntUniform() | IntLogUniform() | Uniform() | LogUniform():
            return distribution.min, distribution.max
        case Beta():
            return 0.0, 1.0
        case LogNormal():
            return 0.0, math.inf
        case Quantized(distribution=Uniform() | LogUniform() | Beta() as inner, q=q):
            low, high = (Decimal(repr(bound)) for bound in _bounds(inner))
            half = Decimal(repr(q)) / 2
            if isinstance(q, int):
                return math.ceil(low - half), math.floor(high + half)
            return float(low - half), float(high + half)
        case Quantized(distribution=inner):
            return _bounds(inner)
        case _:
            return -math.inf, math.inf


def _excludes_zero(distribution: Distribution) -> bool:
    return isinstance(distribution, LogNormal)


def _steps(distribution: Distribution) -> tuple[Decimal, Decimal] | None:
    """Return the first step and the step size; None if there are no steps."""
    match distribution:
        case IntUniform(min=low, q=q) | IntLogUniform(min=low, q=q):
            return Decimal(low), Decimal(q)
        case Uniform(min=low, q=float(q)) | LogUniform(min=low, q=float(q)):
            return Decimal(repr(low)), Decimal(repr(q))
        case Quantized(q=q):
            return Decimal(0), Decimal(repr(q))
        case _:
            return None


def _steps_within(new: Distribution, old: Distribution) -> bool:
    steps = _steps(new)
    if steps is None:
        return True
    known = _steps(old)
    if known is None:
        return False
    return (known[0] - steps[0]) % steps[1] == 0 and known[1] % steps[1] == 0


def _is_int(distribution: Distribution) -> bool:
    match distribution:
        case IntUniform() | IntLogUniform() | Quantized(q=int()):
            return True
        case _:
            return False


def _number(value: float) -> str:
    if math.isinf(value):
        return "any small number" if value < 0 else "any large number"
    return f"{value}"
