"""Filters, orders and results of reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from wanllmdb_registry.domain.model import (
    FinishReason,
    IndexedPriorRun,
    Method,
    MetricPoint,
    Parameters,
    RunState,
    Sweep,
    SweepState,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list: as many items as were requested, or as fit into memory at once.

    `size` is roughly their size in bytes.
    """

    items: Sequence[T]
    has_more: bool
    size: int


class SweepOrder(StrEnum):
    """The order of listed sweeps; equal ones are ordered by time, newest first, or by id."""

    CREATE_TIME_DESC = "create_time desc"
    CREATE_TIME_ASC = "create_time asc"
    NAME_ASC = "name asc"
    UPDATE_TIME_DESC = "update_time desc"
    RUNS_DESC = "runs desc"
    STATE_ASC = "state asc"


class SweepView(StrEnum):
    """How much of each listed sweep is read; see SweepView in the protos."""

    FULL = "full"
    BASIC = "basic"


class RunOrder(StrEnum):
    """The order of listed runs; runs without an objective come last."""

    NUMBER_ASC = "number asc"
    NUMBER_DESC = "number desc"
    OBJECTIVE_ASC = "objective asc"
    OBJECTIVE_DESC = "objective desc"


@dataclass(frozen=True, slots=True)
class SweepFilter:
    """A filter of listed sweeps; empty fields filter nothing.

    `projects` are the projects that the caller may see, None for all. `query` is part of the name,
    the id or the description, in upper or lower case.
    """

    project: str = ""
    projects: frozenset[str] | None = None
    states: tuple[SweepState, ...] = ()
    methods: tuple[Method, ...] = ()
    query: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class SweepPosition:
    """The last sweep of a page: what its order compares first, then what it compares next.

    `key` is a name, a time or a number.
    """

    key: Any
    create_time: datetime
    sweep_id: str


def position_of(order: SweepOrder, sweep: Sweep) -> SweepPosition:
    """Return where a sweep stands in an order."""
    match order:
        case SweepOrder.NAME_ASC:
            key: Any = sweep.name
        case SweepOrder.UPDATE_TIME_DESC:
            key = sweep.update_time
        case SweepOrder.RUNS_DESC:
            key = sweep.next_number
        case SweepOrder.STATE_ASC:
            # As in the database, which reads states backwards.
            key = len(SweepState) - list(SweepState).index(sweep.state)
        case SweepOrder.CREATE_TIME_ASC | SweepOrder.CREATE_TIME_DESC:
            key = sweep.create_time
    return SweepPosition(key, sweep.create_time, sweep.sweep_id)


@dataclass(frozen=True, slots=True)
class SweepHead:
    """A sweep in a list, and what tells whether it changed.

    The creation time tells a sweep from a deleted one with the same id.
    """

    sweep_id: str
    revision: int
    create_time: datetime


@dataclass(frozen=True, slots=True)
class ListHead:
    """The first sweeps of a list, and how many sweeps match its filter, at one moment."""

    sweeps: tuple[SweepHead, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Project:
    """A project, its sweeps by state, and when one of them last changed."""

    name: str
    counts: Mapping[SweepState, int]
    update_time: datetime


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """The history of a metric in an attempt of a run, in buckets: one entry for each bucket.

    `min_values` and `max_values` are those of finite values, NaN if there are none. Both are empty
    if each bucket has one point.
    """

    number: int
    attempt: int
    steps: Sequence[int]
    values: Sequence[float]
    min_values: Sequence[float]
    max_values: Sequence[float]
    points: int


@dataclass(frozen=True, slots=True)
class RunPosition:
    """The last run of a page."""

    number: int
    objective: float | None


@dataclass(frozen=True, slots=True)
class PointPosition:
    """The last metric point of a page."""

    name: str
    step: int


@dataclass(frozen=True, slots=True)
class DatabaseClock:
    """The time of the database's clock, and what identifies the database and its history."""

    now: datetime
    database_id: str


@dataclass(frozen=True, slots=True)
class SyncedRun:
    """The parts of a run that a sampler learns from; its parameters are JSON text."""

    number: int
    state: RunState
    attempt: int
    parameters_json: str
    objective: float | None
    objectives: tuple[float, ...]
    last_step: int | None
    sampler_state: bytes
    revision: int


AnyRun = TypeVar("AnyRun")


@dataclass(frozen=True, slots=True)
class SyncedRuns(Generic[AnyRun]):
    """All changes since a revision, up to `revision`.

    `size` is roughly the size of the runs and prior runs in bytes.
    """

    runs: Sequence[AnyRun]
    points: Sequence[MetricPoint]
    prior_runs: Sequence[IndexedPriorRun]
    revision: int
    has_more: bool
    state: SweepState
    finish_reason: FinishReason | None
    next_number: int
    space_exhausted: bool
    sweep: Sweep | None
    size: int
    database_id: str = ""


@dataclass(frozen=True, slots=True)
class FinishedColumns:
    """Finished runs by number, one entry for each in every sequence.

    Attributes:
        numbers: Their numbers.
        parameters: Their parameters.
        objectives: One sequence for each of the sweep's metrics; NaN for no value.
        has_more: Whether there are more runs.
    """

    numbers: Sequence[int]
    parameters: Sequence[Parameters]
    objectives: Sequence[Sequence[float]]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """Runs that have started, by number, one entry for each in every sequence.

    Attributes:
        numbers: Their numbers.
        states: The names of their states.
        start_seconds: When their last attempts started, in seconds since the sweep's start.
        end_seconds: When these ended; NaN until then.
        objectives: NaN for no value.
        agent_ids: Their agents.
        total: The number of runs of the sweep, without those that never started.
        now_seconds: The time of the database's clock, in seconds since the sweep's start.
    """

    numbers: Sequence[int]
    states: Sequence[str]
    start_seconds: Sequence[float]
    end_seconds: Sequence[float]
    objectives: Sequence[float]
    agent_ids: Sequence[str]
    total: int
    now_seconds: float
