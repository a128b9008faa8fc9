"""Sweeps, their counters, and the changes that a watch returns, from protobuf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wanllmdb._html import fields
from wanllmdb._types.enums import (
    FinishReason,
    SweepState,
    enum_from_proto,
    optional_enum_from_proto,
)
from wanllmdb._types.runs import BestRun, Run, best_run_from_proto, run_from_proto
from wanllmdb._types.spec import SweepSpec, spec_from_proto
from wanllmdb._types.values import optional_field, optional_time
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import sweep_pb2, watch_pb2


@dataclass(frozen=True, slots=True)
class SweepStats:
    """Counters of a sweep; `failure_rate` and `prune_rate` are shares of ended runs, 0 to 1."""

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
    """A search over hyperparameters that consists of numbered runs. Times are aware, in UTC.

    `update_time` is the time of the last change of the sweep or of one of its runs.
    """

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
    update_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    end_message: str
    prior_runs: int

    def _repr_html_(self) -> str:
        stats = self.stats
        best = stats.best_run
        metrics = tuple(f"{metric.goal} {metric.name}" for metric in self.spec.metrics)
        rows: list[tuple[str, object]] = [
            ("id", self.sweep_id),
            ("project", self.project),
            ("description", self.description),
            ("state", self.state),
            ("end", self.end_message),
            ("method", self.spec.method),
            ("metrics", metrics),
            ("parameters", tuple(self.spec.parameters)),
            ("runs", f"{stats.total_runs:,}" + _counts(stats)),
            ("run cap", self.spec.run_cap),
            ("created", self.create_time),
            ("ended", self.end_time),
        ]
        if best is not None:
            rows.append((f"best run, {best.number}", best.objective))
            rows += best.parameters.items()
        return fields(f"Sweep {self.name or self.sweep_id}", rows)


@dataclass(frozen=True, slots=True)
class CreatedSweep:
    """A new sweep, with warnings about what the server decided.

    `grid_size` is the number of points for method grid. `skipped_runs` counts the prior runs
    that were skipped because they do not fit.
    """

    sweep: Sweep
    warnings: tuple[str, ...]
    grid_size: int | None
    imported_runs: int
    skipped_runs: int

    def _repr_html_(self) -> str:
        warnings = [("warning", warning) for warning in self.warnings]
        return self.sweep._repr_html_() + (fields("Warnings", warnings) if warnings else "")


@dataclass(frozen=True, slots=True)
class CanceledRuns:
    """The sweep after some of its runs were canceled, and the runs' numbers, ascending.

    `canceled` were queued and are canceled. `stopping` are running: their agents receive the
    command to stop. `ended` had ended before and stay as they are.
    """

    sweep: Sweep
    canceled: tuple[int, ...]
    stopping: tuple[int, ...]
    ended: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RetriedRuns:
    """The sweep after a retry, and the numbers of the runs that are queued again.

    `remaining_runs` counts further runs in the requested states.
    """

    sweep: Sweep
    numbers: tuple[int, ...]
    remaining_runs: int


@dataclass(frozen=True, slots=True)
class UpdatedSweep:
    """A sweep after a change, with warnings about its effect on existing runs."""

    sweep: Sweep
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A checked config with every default filled in; texts that it does not set are empty."""

    spec: SweepSpec
    warnings: tuple[str, ...]
    grid_size: int | None
    project: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class SweepChanged:
    """A change of a sweep's own fields or state."""

    revision: int
    sweep: Sweep
    database_id: str


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A new or changed run."""

    revision: int
    run: Run
    database_id: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A marker that all changes up to `revision` were sent."""

    revision: int
    database_id: str


SweepChange = SweepChanged | RunChanged | Checkpoint
"""What `watch_sweep` yields; resume a watch from the last `revision` and `database_id`."""


def _counts(stats: SweepStats) -> str:
    """The numbers of runs by state, in brackets; empty without runs."""
    counts = {
        "queued": stats.queued_runs,
        "running": stats.running_runs,
        "finished": stats.finished_runs,
        "pruned": stats.pruned_runs,
        "failed": stats.failed_runs,
        "lost": stats.lost_runs,
        "canceled": stats.canceled_runs,
    }
    parts = [f"{count:,} {state}" for state, count in counts.items() if count]
    return f" ({', '.join(parts)})" if parts else ""


def sweep_from_proto(message: sweep_pb2.Sweep) -> Sweep:
    """A sweep with its statistics."""
    return Sweep(
        sweep_id=message.sweep_id,
        project=message.project,
        name=message.name,
        description=message.description,
        spec=spec_from_proto(message.spec),
        state=enum_from_proto(SweepState, message, "state"),
        finish_reason=optional_enum_from_proto(FinishReason, message, "finish_reason"),
        stats=stats_from_proto(message.stats),
        revision=message.revision,
        etag=message.etag,
        create_time=optional_time(message, "create_time"),
        update_time=optional_time(message, "update_time"),
        start_time=optional_time(message, "start_time"),
        end_time=optional_time(message, "end_time"),
        end_message=message.end_message,
        prior_runs=message.prior_run_count,
    )


def stats_from_proto(message: sweep_pb2.SweepStats) -> SweepStats:
    """A sweep's counters."""
    has_duration = message.HasField("mean_run_duration")
    return SweepStats(
        total_runs=message.total_runs,
        queued_runs=message.queued_runs,
        running_runs=message.running_runs,
        finished_runs=message.finished_runs,
        pruned_runs=message.pruned_runs,
        failed_runs=message.failed_runs,
        lost_runs=message.lost_runs,
        canceled_runs=message.canceled_runs,
        best_run=best_run_from_proto(message),
        ended_runs_per_hour=message.ended_runs_per_hour,
        mean_run_duration=message.mean_run_duration.ToTimedelta() if has_duration else None,
        failure_rate=message.failure_rate,
        prune_rate=message.prune_rate,
    )


def created_sweep_from_proto(message: registry_pb.CreateSweepResponse) -> CreatedSweep:
    """A new sweep with the server's warnings."""
    return CreatedSweep(
        sweep=sweep_from_proto(message.sweep),
        warnings=tuple(message.warnings),
        grid_size=optional_field(message, "grid_size"),
        imported_runs=message.imported_runs,
        skipped_runs=message.skipped_runs,
    )


def updated_sweep_from_proto(message: registry_pb.UpdateSweepResponse) -> UpdatedSweep:
    """A sweep after a change."""
    return UpdatedSweep(sweep=sweep_from_proto(message.sweep), warnings=tuple(message.warnings))


def parsed_config_from_proto(message: registry_pb.ParseSweepConfigResponse) -> ParsedConfig:
    """A checked config."""
    return ParsedConfig(
        spec=spec_from_proto(message.spec),
        warnings=tuple(message.warnings),
        grid_size=optional_field(message, "grid_size"),
        project=message.project,
        name=message.name,
        description=message.description,
    )


def change_from_proto(message: watch_pb2.WatchSweepResponse) -> SweepChange:
    """One message of a watch; kinds of change new to this client count as checkpoints."""
    kind = message.WhichOneof("change")
    revision, database_id = message.revision, message.database_id
    if kind == "sweep":
        return SweepChanged(revision, sweep_from_proto(message.sweep), database_id)
    if kind == "run":
        return RunChanged(revision, run_from_proto(message.run), database_id)
    return Checkpoint(revision, database_id)


def canceled_runs_from_proto(message: registry_pb.CancelRunsResponse) -> CanceledRuns:
    """The sweep and the runs of a request to cancel runs."""
    return CanceledRuns(
        sweep=sweep_from_proto(message.sweep),
        canceled=tuple(message.canceled_numbers),
        stopping=tuple(message.stopping_numbers),
        ended=tuple(message.ended_numbers),
    )


def retried_runs_from_proto(message: registry_pb.RetryRunsResponse) -> RetriedRuns:
    """Runs that are queued again."""
    return RetriedRuns(
        sweep=sweep_from_proto(message.sweep),
        numbers=tuple(message.numbers),
        remaining_runs=message.remaining_runs,
    )
