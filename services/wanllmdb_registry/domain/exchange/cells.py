"""Single values as text, and text or loosely typed values as what a parameter's law gives."""

from __future__ import annotations

import json
import math

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

INT64 = range(-(2**63), 2**63)


def cell_of(value: ParameterValue) -> str:
    """A parameter's value as a CSV cell: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def number_text(value: float) -> float | str:
    """A metric's value as JSON can say it: NaN and infinity as texts, as ProtoJSON does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def parameter_of_cell(law: Distribution, cell: str) -> ParameterValue:
    """The value that a CSV cell stands for under a parameter's law.

    Raises:
        ValueError: it stands for none; says why.
    """
    if isinstance(law, Constant | Categorical):
        for choice in _choices(law):
            if cell == cell_of(choice):
                return choice
        for choice in _choices(law):
            if _is_number(choice) and _as_number(cell) == choice:
                return choice
            if isinstance(choice, bool) and cell.lower() == str(choice).lower():
                return choice
        raise ValueError(f"{cell!r:.60} is none of {_listed(law)}")
    number = _as_number(cell)
    if number is None:
        raise ValueError(f"{cell!r:.60} is not a number")
    return as_law_gives(law, number)


def as_law_gives(law: Distribution, value: ParameterValue) -> ParameterValue:
    """The value in the type that the law gives: 32.0 as 32 under a law of integers, say.

    What does not fit the law stays as it is; `contains` tells.
    """
    match law:
        case Constant() | Categorical():
            choices = _choices(law)
            if not any(same_value(choice, value) for choice in choices) and _is_number(value):
                equal = (c for c in choices if _is_number(c) and c == value)
                return next(equal, value)
            return value
        case IntUniform() | IntLogUniform() | Quantized(q=int()):
            whole = isinstance(value, float) and value.is_integer() and int(value) in INT64
            return int(value) if whole else value  # type: ignore[arg-type]  # a float
        case Uniform() | LogUniform() | Normal() | LogNormal() | Beta() | Quantized():
            is_int = isinstance(value, int) and not isinstance(value, bool) and value in INT64
            return float(value) if is_int else value  # type: ignore[arg-type]  # an integer


def metric_of_cell(cell: object) -> float:
    """A metric's value from a cell or a JSON value.

    Raises:
        ValueError: it is not a number.
    """
    if isinstance(cell, int | float | str) and not isinstance(cell, bool):
        try:
            return float(cell)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{cell!r:.60} is not a number")


def _choices(law: Constant | Categorical) -> tuple[ParameterValue, ...]:
    return (law.value,) if isinstance(law, Constant) else law.values


def _listed(law: Constant | Categorical) -> str:
    choices = _choices(law)
    shown = ", ".join(f"{cell_of(choice):.30}" for choice in choices[:5])
    return shown if len(choices) <= 5 else f"{shown}, ..."


def _is_number(value: ParameterValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_number(cell: str) -> int | float | None:
    for read in (int, float):
        try:
            return read(cell)
        except ValueError:
            continue
    return None
