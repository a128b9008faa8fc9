"""What reads ask for and give back."""

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
    """Some of what there is: as many as were asked for, or as fit into memory at once.

    `size` is their weight in bytes, near enough.
    """

    items: Sequence[T]
    has_more: bool
    size: int


class SweepOrder(StrEnum):
    """In which order sweeps are listed."""

    CREATE_TIME_DESC = "create_time desc"
    CREATE_TIME_ASC = "create_time asc"
    NAME_ASC = "name asc"


class RunOrder(StrEnum):
    """In which order runs are listed; runs without an objective come last."""

    NUMBER_ASC = "number asc"
    NUMBER_DESC = "number desc"
    OBJECTIVE_ASC = "objective asc"
    OBJECTIVE_DESC = "objective desc"


@dataclass(frozen=True, slots=True)
class SweepFilter:
    """Which sweeps are listed; empty fields filter nothing.

    `projects` are those that the caller may see, None for all of them.
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
class SyncedRuns:
    """What changed since a revision; complete up to `revision`.

    `size` is the weight of the runs and prior runs in bytes, near enough.
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
    """What a plot needs of a run; `objective` and `objectives` as a Run has them."""

    number: int
    parameters: Parameters
    objective: float | None
    objectives: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineRun:
    """When a run was handed out last and when it ended; `end_time` is None while it has not."""

    number: int
    state: RunState
    start_time: datetime
    end_time: datetime | None
    objective: float | None
    agent_id: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Runs by number, how many there are in all, and the database's clock."""

    runs: Sequence[TimelineRun]
    total: int
    now: datetime
