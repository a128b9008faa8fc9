"""Sweeps and what the registry says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wanllmdb._types.enums import FinishReason, SweepState
from wanllmdb._types.run import BestRun, Run
from wanllmdb._types.spec import SweepSpec


@dataclass(frozen=True, slots=True)
class SweepStats:
    """Counters of a sweep; the two rates at the end are shares of the ended runs, 0 to 1."""

    total_runs: int
    queued_runs: int
    running_runs: int
    finished_runs: int
    pruned_runs: int
    failed_runs: int
    lost_runs: int
    canceled_runs: int
    best_run: BestRun | None
    ended_runs_per_hour: float
    mean_run_duration: timedelta | None
    failure_rate: float
    prune_rate: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """A search over hyperparameters, made of numbered runs. Times are aware and in UTC."""

    sweep_id: str
    project: str
    name: str
    description: str
    spec: SweepSpec
    state: SweepState
    finish_reason: FinishReason | None
    stats: SweepStats
    revision: int
    etag: str
    create_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    end_message: str
    prior_runs: int


@dataclass(frozen=True, slots=True)
class CreatedSweep:
    """A new sweep, with what the server decided where the config left it open.

    `grid_size` is the number of points, for method grid. Of its prior runs some may
    have been left out because they do not fit.
    """

    sweep: Sweep
    warnings: tuple[str, ...]
    grid_size: int | None
    imported_runs: int
    skipped_runs: int


@dataclass(frozen=True, slots=True)
class RetriedRuns:
    """The sweep after a retry, the numbers of the runs that are queued again, and how many more
    there are in the states that were asked for.
    """

    sweep: Sweep
    numbers: tuple[int, ...]
    remaining_runs: int


@dataclass(frozen=True, slots=True)
class UpdatedSweep:
    """A sweep after a change, with what it means for the runs so far."""

    sweep: Sweep
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A checked config with every default filled in; empty texts where it names none."""

    spec: SweepSpec
    warnings: tuple[str, ...]
    grid_size: int | None
    project: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class SweepChanged:
    """A sweep's own fields or state changed."""

    revision: int
    sweep: Sweep


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A run is new or changed."""

    revision: int
    run: Run


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All changes up to `revision` were sent."""

    revision: int


SweepChange = SweepChanged | RunChanged | Checkpoint
"""What `watch_sweep` yields; `revision` is the one to resume from."""
