"""Columns and cells of runs as text, and the values that cells hold."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from wanllmdb_registry.domain.model import Run, SweepSpec

INT64 = range(-(2**63), 2**63)


def cell_of(value: ParameterValue) -> str:
    """Return a parameter's value as a CSV cell: a text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def number_text(value: float) -> float | str:
    """Return a metric's value for JSON: NaN and infinity become texts, as in ProtoJSON."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


class ValueReader:
    """Reads the values of one parameter from any number of rows."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution
        self.gives = membership(distribution)
        """Return whether the parameter can have a value."""
        self.may_be_empty = isinstance(distribution, Categorical) and "" in distribution.values
        choices = _choices(distribution)
        # If several choices have the same text, the first one counts.
        choices = tuple(reversed(choices))
        self._by_text = {cell_of(choice): choice for choice in choices}
        self._by_number = {choice: choice for choice in choices if _is_number(choice)}
        self._by_word = {
            str(choice).lower(): choice for choice in choices if isinstance(choice, bool)
        }

    @cached_property
    def words(self) -> str:
        """The distribution in words, to follow "it is"."""
        return in_words(self._distribution)

    def of_cell(self, cell: str) -> ParameterValue:
        """Return the value of a CSV cell.

        Raises:
            ValueError: the cell has no value of the parameter; states why.
        """
        # An export may have quoted the cell.
        for text in dict.fromkeys((unquoted(cell), cell)):
            if text in self._by_text:
                return self._by_text[text]
        number = _as_number(unquoted(cell))
        if isinstance(self._distribution, Constant | Categorical):
            if number in self._by_number:
                return self._by_number[number]
            if cell.lower() in self._by_word:
                return self._by_word[cell.lower()]
            raise ValueError(f"{cell!r:.60} is not one of {_listed(self._distribution)}")
        if number is None:
            raise ValueError(f"{cell!r:.60} is not a number")
        return self.as_given(number)

    def as_given(self, value: ParameterValue) -> ParameterValue:
        """Return the value in the type of the distribution, for example 32.0 as 32 for integers.

        A value that does not fit the distribution is returned as it is; see `gives`.
        """
        match self._distribution:
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
    """Return a metric's value from a cell or a JSON value.

    Raises:
        ValueError: the value is not a number.
    """
    if isinstance(cell, int | float | str) and not isinstance(cell, bool):
        try:
            return float(unquoted(cell) if isinstance(cell, str) else cell)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{cell!r:.60} is not a number")


def _choices(distribution: Distribution) -> tuple[ParameterValue, ...]:
    match distribution:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return ()


def _listed(distribution: Distribution) -> str:
    choices = _choices(distribution)
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


# The columns that every run has, in order.
RUN_COLUMNS = (
    "number",
    "state",
    "attempt",
    "last_step",
    "name",
    "agent_id",
    "start_time",
    "end_time",
    "duration_seconds",
    "error",
)
PARAMETERS = "parameters"
METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Columns:
    """Headings of parameters and metrics by name.

    A heading is the name itself, or `parameters.NAME` or `metrics.NAME` where the name is taken.
    """

    parameters: Mapping[str, str]
    metrics: Mapping[str, str]


def columns_of(spec: SweepSpec, reported: Iterable[str] = ()) -> Columns:
    """Return a column for each parameter, each metric of the sweep, and each reported metric."""
    taken = set(RUN_COLUMNS)
    parameters = {p.name: _heading(PARAMETERS, p.name, taken) for p in spec.space.parameters}
    names = [metric.name for metric in spec.metrics]
    names += sorted(set(reported) - set(names))
    return Columns(parameters, {name: _heading(METRICS, name, taken) for name in names})


def _heading(kind: str, name: str, taken: set[str]) -> str:
    heading = name
    while heading in taken:
        heading = f"{kind}.{heading}"
    taken.add(heading)
    return heading


def metrics_of(spec: SweepSpec, run: Run) -> dict[str, float]:
    """Return a run's objective values by metric, and the last values of its other metrics."""
    objectives = dict(zip(spec.metric_names, run.values, strict=False))
    return {**run.summary, **objectives}


# The beginning of a formula. Some spreadsheets treat wide characters like narrow ones, and some
# strip leading spaces. A cell may begin with apostrophes already.
_FORMULA = re.compile("'* *[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_QUOTE = "'"


def quoted(cell: str) -> str:
    """Return the cell with an apostrophe in front if a spreadsheet would read it as a formula.

    A formula in a name, a label or another text would be executed for the user who opens the
    file; the apostrophe makes it a text. Numbers stay numbers.
    """
    if _FORMULA.match(cell) is None or _reads_as_number(cell):
        return cell
    return _QUOTE + cell


def unquoted(cell: str) -> str:
    """Return a quoted cell without its apostrophe, and any other cell as it is."""
    if cell.startswith(_QUOTE) and _FORMULA.match(cell) is not None:
        return cell[1:]
    return cell


def _reads_as_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
