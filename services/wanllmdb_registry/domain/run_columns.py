"""Runs as columns: which columns there are, and a batch of runs column by column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from wanllmdb_registry.domain.model import Parameters, Run, RunOrigin, SweepSpec

MAX_COLUMNS = 1_000
# Characters of an error message in a column.
MAX_ERROR_TEXT = 200


class RunField(StrEnum):
    """A field of a run; see RunField in the protos."""

    ATTEMPT = "ATTEMPT"
    AGENT_ID = "AGENT_ID"
    NAME = "NAME"
    ORIGIN = "ORIGIN"
    LAST_STEP = "LAST_STEP"
    CREATE_TIME = "CREATE_TIME"
    START_TIME = "START_TIME"
    END_TIME = "END_TIME"
    DURATION = "DURATION"
    REVISION = "REVISION"
    ERROR_MESSAGE = "ERROR_MESSAGE"


TEXT_FIELDS = frozenset([RunField.AGENT_ID, RunField.NAME, RunField.ERROR_MESSAGE])
"""The fields whose columns have texts; those of the others have numbers."""


@dataclass(frozen=True, slots=True)
class ParameterColumn:
    """The values of a parameter of the search space."""

    name: str


@dataclass(frozen=True, slots=True)
class ObjectiveColumn:
    """The value that counts of a metric of the sweep, by its index among these metrics."""

    index: int


@dataclass(frozen=True, slots=True)
class SummaryColumn:
    """The last value of a metric."""

    name: str


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """The value of a label."""

    name: str


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A field of a run."""

    field: RunField


RunColumn: TypeAlias = ParameterColumn | ObjectiveColumn | SummaryColumn | LabelColumn | FieldColumn


@dataclass(frozen=True, slots=True)
class RunBatch:
    """Some runs, with one entry for each in every sequence.

    What no column needs may be left out. A missing number is NaN, a missing text is empty.

    Attributes:
        numbers: The runs' numbers.
        states: The names of their states.
        parameters: Their parameters, by name.
        labels: Their labels, by name.
        objectives: One sequence for each of the sweep's metrics.
        fields: The values of fields: numbers, or texts for TEXT_FIELDS.
        summaries: The last values of metrics, by metric, then by run number.
    """

    numbers: Sequence[int]
    states: Sequence[str]
    parameters: Sequence[Parameters] = ()
    labels: Sequence[Mapping[str, str]] = ()
    objectives: Sequence[Sequence[float]] = ()
    fields: Mapping[RunField, Sequence[float] | Sequence[str]] = field(default_factory=dict)
    summaries: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


def default_columns(spec: SweepSpec) -> list[RunColumn]:
    """Return the parameters by name, the objectives, and when a run started and ended."""
    names = sorted(parameter.name for parameter in spec.space.parameters)
    return [
        *map(ParameterColumn, names),
        *map(ObjectiveColumn, range(len(spec.metrics))),
        FieldColumn(RunField.START_TIME),
        FieldColumn(RunField.END_TIME),
    ]


def batch_of(runs: Sequence[Run], columns: Iterable[RunColumn], metrics: int) -> RunBatch:
    """Return runs as a batch, with what the columns need.

    Args:
        runs: The runs.
        columns: The columns.
        metrics: The number of the sweep's metrics.
    """
    fields = {column.field for column in columns if isinstance(column, FieldColumn)}
    names = [column.name for column in columns if isinstance(column, SummaryColumn)]
    values = [run.values or (math.nan,) * metrics for run in runs]
    return RunBatch(
        numbers=[run.number for run in runs],
        states=[run.state.value for run in runs],
        parameters=[run.parameters for run in runs],
        labels=[run.labels for run in runs],
        objectives=[[of_run[index] for of_run in values] for index in range(metrics)],
        fields={
            **{name: [of(run) for run in runs] for name, of in _TEXTS.items() if name in fields},
            **{name: [of(run) for run in runs] for name, of in _NUMBERS.items() if name in fields},
        },
        summaries={
            name: {run.number: run.summary[name] for run in runs if name in run.summary}
            for name in names
        },
    )


def _seconds(time: datetime | None) -> float:
    return math.nan if time is None else time.timestamp()


_TEXTS: Mapping[RunField, Callable[[Run], str]] = {
    RunField.AGENT_ID: lambda run: run.agent_id,
    RunField.NAME: lambda run: run.name,
    RunField.ERROR_MESSAGE: lambda run: (
        "" if run.error is None else run.error.message[:MAX_ERROR_TEXT]
    ),
}
ORIGIN_NUMBERS = {RunOrigin.SUGGESTED: 1, RunOrigin.ENQUEUED: 2}
"""The numbers of the origins in the protos."""

_NUMBERS: Mapping[RunField, Callable[[Run], float]] = {
    RunField.ATTEMPT: lambda run: float(run.attempt),
    RunField.ORIGIN: lambda run: float(ORIGIN_NUMBERS[run.origin]),
    RunField.LAST_STEP: lambda run: math.nan if run.last_step is None else float(run.last_step),
    RunField.CREATE_TIME: lambda run: _seconds(run.create_time),
    RunField.START_TIME: lambda run: _seconds(run.start_time),
    RunField.END_TIME: lambda run: _seconds(run.end_time),
    RunField.DURATION: lambda run: _seconds(run.end_time) - _seconds(run.start_time),
    RunField.REVISION: lambda run: float(run.revision),
}
