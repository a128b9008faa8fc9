"""Runs, their metrics, leases and outcomes, to and from protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wanllmdb._types.enums import RunCommand, RunOrigin, RunState, SweepState, enum_from_proto
from wanllmdb._types.values import (
    from_parameters,
    optional_field,
    optional_time,
    to_parameters,
    to_timestamp,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2


@dataclass(frozen=True, slots=True)
class RunError:
    """What went wrong in a run: a sentence, and a stack trace or log tail."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One trial of a sweep: a point of the search space and what came of it.

    `number` counts from 0 without gaps, `attempt` how often the run was handed
    out. `objective` is the metric's value that counts, `objectives` are those of the
    metrics, in their order, in a sweep with several; `summary` holds the last value
    of every metric, `config` what the program set beside or against the parameters.
    Times are aware and in UTC.
    """

    sweep_id: str
    number: int
    state: RunState
    parameters: Mapping[str, Any]
    objective: float | None
    attempt: int
    origin: RunOrigin
    agent_id: str
    error: RunError | None
    external_run_id: str
    labels: Mapping[str, str]
    summary: Mapping[str, float]
    last_step: int | None
    revision: int
    create_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    lease_expire_time: datetime | None
    objectives: tuple[float, ...]
    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BestRun:
    """The run with the best objective of a sweep; the earlier one of equals."""

    number: int
    objective: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """Parameters that a user wants tried; the sampler completes those not given."""

    parameters: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Values that a run reported at one step; `time` None for the server's clock.

    With `is_summary` they are no part of the history: the program set them as those that count,
    until it reports a value of this or a later step.
    """

    step: int
    values: Mapping[str, float]
    time: datetime | None = None
    is_summary: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value, perhaps NaN or infinite, of one metric."""

    step: int
    value: float
    time: datetime | None


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """The points of one metric of one run, by ascending step."""

    name: str
    points: tuple[MetricPoint, ...]


@dataclass(frozen=True, slots=True)
class RunLease:
    """A run as its agent holds it."""

    sweep_id: str
    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """What became of one lease; `expire_time` is set when it was renewed."""

    lease: RunLease
    command: RunCommand
    expire_time: datetime | None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A run that did what it was to do; what is not given here was reported.

    `objective` is for sweeps with one metric, `objectives` by metric name for those
    with several.
    """

    objective: float | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that broke."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Pruned:
    """A run that early termination stopped, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """A run that was told to stop, and why."""

    reason: str


Outcome = Succeeded | Failed | Pruned | Canceled
"""How a run ended, as its agent says."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run after its end, with what this did to the sweep."""

    run: Run
    sweep_state: SweepState
    best_run: BestRun | None


def run_from_proto(message: run_pb2.Run) -> Run:
    """A run."""
    return Run(
        sweep_id=message.sweep_id,
        number=message.number,
        state=enum_from_proto(RunState, message, "state"),
        parameters=from_parameters(message.parameters),
        objective=optional_field(message, "objective"),
        attempt=message.attempt,
        origin=enum_from_proto(RunOrigin, message, "origin"),
        agent_id=message.agent_id,
        error=_error_from_proto(message),
        external_run_id=message.external_run_id,
        labels=dict(message.labels),
        summary=dict(message.summary),
        last_step=optional_field(message, "last_step"),
        revision=message.revision,
        create_time=optional_time(message, "create_time"),
        start_time=optional_time(message, "start_time"),
        end_time=optional_time(message, "end_time"),
        lease_expire_time=optional_time(message, "lease_expire_time"),
        objectives=tuple(message.objectives),
        name=message.name,
        config=from_parameters(message.config),
    )


def finished_run_from_proto(message: registry_pb.FinishRunResponse) -> FinishedRun:
    """A run after its end."""
    return FinishedRun(
        run=run_from_proto(message.run),
        sweep_state=enum_from_proto(SweepState, message, "sweep_state"),
        best_run=best_run_from_proto(message),
    )


def lease_statuses_from_proto(message: registry_pb.HeartbeatResponse) -> tuple[LeaseStatus, ...]:
    """What became of each lease."""
    return tuple(
        LeaseStatus(
            lease=RunLease(status.lease.sweep_id, status.lease.number, status.lease.attempt),
            command=enum_from_proto(RunCommand, status, "command"),
            expire_time=optional_time(status, "expire_time"),
        )
        for status in message.statuses
    )


def command_from_proto(message: registry_pb.ReportMetricsResponse) -> RunCommand:
    """What to do with the run whose metrics were reported."""
    return enum_from_proto(RunCommand, message, "command")


def history_from_proto(message: run_pb2.MetricHistory) -> MetricHistory:
    """The history of one metric, or the part of it that a page holds."""
    return MetricHistory(
        name=message.name,
        points=tuple(
            MetricPoint(point.step, point.value, optional_time(point, "time"))
            for point in message.points
        ),
    )


def merged_histories(
    histories: Iterable[MetricHistory],
) -> dict[str, MetricHistory]:
    """Histories by name; one that was cut by the end of a page is whole again."""
    points: dict[str, list[MetricPoint]] = {}
    for history in histories:
        points.setdefault(history.name, []).extend(history.points)
    return {name: MetricHistory(name, tuple(column)) for name, column in points.items()}


def enqueued_run_to_proto(
    index: int, run: EnqueuedRun | Mapping[str, Any]
) -> registry_pb.EnqueuedRun:
    if not isinstance(run, EnqueuedRun):
        run = EnqueuedRun(run)
    return registry_pb.EnqueuedRun(
        parameters=to_parameters(run.parameters, f"runs[{index}].parameters"),
        labels=run.labels,
    )


def rows_to_proto(rows: Iterable[MetricRow]) -> list[run_pb2.MetricRow]:
    return [
        run_pb2.MetricRow(
            step=row.step,
            values=row.values,
            time=to_timestamp(row.time),
            is_summary=row.is_summary,
        )
        for row in rows
    ]


def best_run_from_proto(
    message: sweep_pb2.SweepStats | registry_pb.FinishRunResponse,
) -> BestRun | None:
    if not message.HasField("best_run"):
        return None
    best = message.best_run
    return BestRun(best.number, best.objective, from_parameters(best.parameters))


def _error_from_proto(message: run_pb2.Run) -> RunError | None:
    if not message.HasField("error"):
        return None
    return RunError(message.error.message, message.error.traceback)
