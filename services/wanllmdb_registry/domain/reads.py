"""Filters, orders and results of reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from wanllmdb_registry.domain.model import (
    FinishReason,
    IndexedPriorRun,
    Method,
    MetricPoint,
    Parameters,
    Run,
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
    """The order of listed sweeps."""

    CREATE_TIME_DESC = "create_time desc"
    CREATE_TIME_ASC = "create_time asc"
    NAME_ASC = "name asc"


class RunOrder(StrEnum):
    """The order of listed runs; runs without an objective come last."""

    NUMBER_ASC = "number asc"
    NUMBER_DESC = "number desc"
    OBJECTIVE_ASC = "objective asc"
    OBJECTIVE_DESC = "objective desc"


@dataclass(frozen=True, slots=True)
class SweepFilter:
    """A filter of listed sweeps; empty fields filter nothing.

    `projects` are the projects that the caller may see, None for all.
    """

    project: str = ""
    projects: frozenset[str] | None = None
    states: tuple[SweepState, ...] = ()
    methods: tuple[Method, ...] = ()
    name_prefix: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class SweepPosition:
    """The last sweep of a page."""

    create_time: datetime
    name: str
    sweep_id: str


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
class SyncedRuns:
    """All changes since a revision, up to `revision`.

    `size` is roughly the size of the runs and prior runs in bytes.
    """

    runs: Sequence[Run]
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
class FinishedRun:
    """The parts of a run that plots need; `objective` and `objectives` are those of `Run`."""

    number: int
    parameters: Parameters
    objective: float | None
    objectives: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineRun:
    """The start and end of a run's last attempt; `end_time` is None until it ends."""

    number: int
    state: RunState
    start_time: datetime
    end_time: datetime | None
    objective: float | None
    agent_id: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Runs by number, the total number of runs, and the time of the database's clock."""

    runs: Sequence[TimelineRun]
    total: int
    now: datetime
