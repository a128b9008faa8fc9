"""Single values as text, and text or loosely typed values as what a parameter's law gives."""

from __future__ import annotations

import json
import math
from functools import cached_property
from typing import TypeGuard

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
    in_words,
    membership,
)
from wanllmdb_registry.domain.exchange.formulas import unquoted

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


class LawReader:
    """Reads the values of one parameter; what its law gives is found out once for all rows."""

    def __init__(self, law: Distribution) -> None:
        self._law = law
        self.gives = membership(law)
        """Whether the parameter can have a value."""
        self.may_be_empty = isinstance(law, Categorical) and "" in law.values
        choices = _choices(law)
        # Of several that are alike the first one counts.
        choices = tuple(reversed(choices))
        self._by_text = {cell_of(choice): choice for choice in choices}
        self._by_number = {choice: choice for choice in choices if _is_number(choice)}
        self._by_word = {
            str(choice).lower(): choice for choice in choices if isinstance(choice, bool)
        }

    @cached_property
    def words(self) -> str:
        """The law, after "it is"."""
        return in_words(self._law)

    def of_cell(self, cell: str) -> ParameterValue:
        """The value that a CSV cell stands for.

        Raises:
            ValueError: it stands for none; says why.
        """
        # What an export quoted; else as it is.
        for text in dict.fromkeys((unquoted(cell), cell)):
            if text in self._by_text:
                return self._by_text[text]
        number = _as_number(unquoted(cell))
        if isinstance(self._law, Constant | Categorical):
            if number in self._by_number:
                return self._by_number[number]
            if cell.lower() in self._by_word:
                return self._by_word[cell.lower()]
            raise ValueError(f"{cell!r:.60} is none of {_listed(self._law)}")
        if number is None:
            raise ValueError(f"{cell!r:.60} is not a number")
        return self.as_given(number)

    def as_given(self, value: ParameterValue) -> ParameterValue:
        """The value in the type of the distribution: 32.0 as 32 for integers, for example.

        What does not fit the law stays as it is; `gives` tells.
        """
        match self._law:
            case Constant() | Categorical():
                if _is_number(value) and not self.gives(value):
                    return self._by_number.get(value, value)
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
            return float(unquoted(cell) if isinstance(cell, str) else cell)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{cell!r:.60} is not a number")


def _choices(law: Distribution) -> tuple[ParameterValue, ...]:
    match law:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def _listed(law: Distribution) -> str:
    choices = _choices(law)
    shown = ", ".join(f"{cell_of(choice):.30}" for choice in choices[:5])
    return shown if len(choices) <= 5 else f"{shown}, ..."


def _is_number(value: ParameterValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_number(cell: str) -> int | float | None:
    for read in (int, float):
        try:
            return read(cell)
        except ValueError:
            continue
    return None
