"""Runs, their metrics, leases and outcomes, to and from protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from wanllmdb._html import fields
from wanllmdb._types.enums import RunCommand, RunOrigin, RunState, SweepState, enum_from_proto
from wanllmdb._types.values import (
    from_parameters,
    optional_field,
    optional_time,
    set_timestamp,
    to_parameters,
)
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2, sweep_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb


@dataclass(frozen=True, slots=True)
class RunError:
    """The error of a run: a sentence, and a stack trace or the end of a log."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One trial of a sweep: a point of the search space and its result.

    `number` counts from 0 without gaps; `attempt` counts how often the run was assigned.
    `objective` is the value of the sweep's metric; `objectives` are the values of all metrics,
    in their order, in a sweep with several. `summary` holds the last value of every metric,
    `config` the values that the program set in addition to the parameters, or instead of them.
    `metric_values` is how many finite values of the sweep's one metric the current attempt has
    reported, in answers of `suggest` and `get_run`; else None. `stop_requested` means that a user
    canceled the run while it was running. Times are aware and in UTC.
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
    metric_values: int | None = None
    stop_requested: bool = False

    def _repr_html_(self) -> str:
        objectives = self.objectives or (self.objective,)
        return fields(
            f"Run {self.number} of sweep {self.sweep_id}",
            [
                ("name", self.name),
                ("state", self.state),
                ("error", self.error and self.error.message),
                ("objective", "" if objectives == (None,) else objectives),
                ("parameters", self.parameters),
                ("config", self.config),
                ("summary", self.summary),
                ("labels", self.labels),
                ("agent", self.agent_id),
                ("attempt", self.attempt),
                ("started", self.start_time),
                ("ended", self.end_time),
            ],
        )


@dataclass(frozen=True, slots=True)
class BestRun:
    """The run with the best objective of a sweep; of equal runs, the earliest."""

    number: int
    objective: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """Parameters that a user wants to try; the sampler chooses the parameters not given."""

    parameters: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Values that a run reported at one step; `time` is None for the server's clock.

    With `is_summary`, the values do not become part of the history: they replace the summary
    until the program reports a value at this or a later step.
    """

    step: int
    values: Mapping[str, float]
    time: datetime | None = None
    is_summary: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of one metric; NaN and infinities are possible."""

    step: int
    value: float
    time: datetime | None


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """The points of one metric of one run, by ascending step."""

    name: str
    points: tuple[MetricPoint, ...]


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """The history of a metric in a run's latest attempt, in buckets, by ascending step.

    `steps` and `values` are the last ones of each bucket. `min_values` and `max_values` are the
    extremes of its finite values, NaN if it has none; both are empty if each bucket has one point.
    """

    number: int
    attempt: int
    steps: tuple[int, ...]
    values: tuple[float, ...]
    min_values: tuple[float, ...]
    max_values: tuple[float, ...]
    point_count: int


@dataclass(frozen=True, slots=True)
class RunLease:
    """The lease by which an agent holds one attempt of a run."""

    sweep_id: str
    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """The result of renewing one lease; `expire_time` is set if the lease was renewed.

    `lease_duration` is how long a renewed lease lasts.
    """

    lease: RunLease
    command: RunCommand
    expire_time: datetime | None
    lease_duration: timedelta


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The outcome of a run that finished; omitted objectives come from the reported metrics.

    `objective` is for sweeps with one metric, `objectives`, by metric name, for sweeps with
    several.
    """

    objective: float | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The outcome of a run that failed."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Pruned:
    """The outcome of a run that early termination stopped, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """The outcome of a run that was canceled, with the reason."""

    reason: str


Outcome = Succeeded | Failed | Pruned | Canceled
"""How a run ended, as its agent reports it."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run after its end, with the sweep's resulting state and best run."""

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
        metric_values=optional_field(message, "metric_values"),
        stop_requested=message.stop_requested,
    )


def finished_run_from_proto(message: registry_pb.FinishRunResponse) -> FinishedRun:
    """A run after its end."""
    return FinishedRun(
        run=run_from_proto(message.run),
        sweep_state=enum_from_proto(SweepState, message, "sweep_state"),
        best_run=best_run_from_proto(message),
    )


def lease_statuses_from_proto(message: registry_pb.HeartbeatResponse) -> tuple[LeaseStatus, ...]:
    """The status of each lease."""
    return tuple(
        LeaseStatus(
            lease=RunLease(status.lease.sweep_id, status.lease.number, status.lease.attempt),
            command=enum_from_proto(RunCommand, status, "command"),
            expire_time=optional_time(status, "expire_time"),
            lease_duration=message.lease_duration.ToTimedelta(),
        )
        for status in message.statuses
    )


def command_from_proto(message: registry_pb.ReportMetricsResponse) -> RunCommand:
    """The command for the run whose metrics were reported."""
    return enum_from_proto(RunCommand, message, "command")


def curve_from_proto(message: plots_pb2.MetricCurve) -> MetricCurve:
    """The history of a metric in buckets."""
    return MetricCurve(
        number=message.number,
        attempt=message.attempt,
        steps=tuple(message.steps),
        values=tuple(message.values),
        min_values=tuple(message.min_values),
        max_values=tuple(message.max_values),
        point_count=message.point_count,
    )


def history_from_proto(message: run_pb2.MetricHistory) -> MetricHistory:
    """The history of one metric, or the part that a page holds."""
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
    """Histories by name, with the parts from different pages joined."""
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


def add_rows(
    request: registry_pb.ReportMetricsRequest | registry_pb.FinishRunRequest,
    rows: Iterable[MetricRow],
) -> None:
    """Add the rows to a request."""
    add = request.rows.add
    for row in rows:
        # Setting the fields one by one takes half the time of the constructor.
        message = add(step=row.step, is_summary=row.is_summary)
        values = message.values
        for name, value in row.values.items():
            values[name] = value
        if row.time is not None:
            set_timestamp(message.time, row.time)


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
