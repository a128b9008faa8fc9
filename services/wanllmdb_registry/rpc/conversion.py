"""Conversions between domain objects and messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from google.protobuf import timestamp_pb2

from wanllmdb.api.registry.v1 import activity_pb2, run_pb2, sweep_pb2
from wanllmdb_common.search_space.proto_conversion import (
    parameters_to_proto,
    space_to_proto,
)
from wanllmdb_registry.domain.bounds import (
    ENTRY_BYTES,
    HISTORY_POINT_BYTES,
    PAGE_BYTES,
    size_of_name,
)
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    BestRun,
    FinishReason,
    Hyperband,
    Impute,
    Metric,
    MetricPoint,
    PriorRun,
    Run,
    RunCommand,
    Sweep,
    SweepSpec,
    SweepState,
)
from wanllmdb_registry.domain.model import RunState as DomainRunState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp(value: datetime | None) -> timestamp_pb2.Timestamp | None:
    """Return the message; None stays unset."""
    if value is None:
        return None
    # Takes a third of the time of FromDatetime; a run has four timestamps.
    since = value - _EPOCH
    return timestamp_pb2.Timestamp(
        seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)


def time_from_proto(message: timestamp_pb2.Timestamp) -> datetime:
    """Return the time, in UTC.

    Raises:
        ValueError: the time is outside the range of datetime.
    """
    seconds, nanos = message.seconds, message.nanos
    if seconds in _SECONDS and nanos in _NANOS:
        # Takes half the time of ToDatetime; reports have a time in each row.
        return _EPOCH + timedelta(0, seconds, nanos // 1_000)
    return message.ToDatetime(tzinfo=UTC)


def sweep_to_proto(sweep: Sweep, now: datetime | None = None) -> sweep_pb2.Sweep:
    """Return the message; rates of a sweep that has not ended count up to `now`."""
    return sweep_pb2.Sweep(
        sweep_id=sweep.sweep_id,
        project=sweep.project,
        name=sweep.name,
        description=sweep.description,
        spec=spec_to_proto(sweep.spec),
        state=sweep_state(sweep.state),
        finish_reason=finish_reason(sweep.finish_reason),
        stats=stats_to_proto(sweep, now),
        revision=sweep.revision,
        etag=sweep.etag,
        create_time=timestamp(sweep.create_time),
        update_time=timestamp(sweep.update_time),
        start_time=timestamp(sweep.start_time),
        end_time=timestamp(sweep.end_time),
        end_message=sweep.end_message,
        prior_run_count=sweep.prior_runs,
    )


def sweep_state(state: SweepState) -> sweep_pb2.SweepState.ValueType:
    """Return the enum value."""
    return enum_number("SWEEP_STATE", state.name)  # type: ignore[return-value]  # by name


def finish_reason(reason: FinishReason | None) -> sweep_pb2.FinishReason.ValueType:
    """Return the enum value; UNSPECIFIED for None."""
    return enum_number("FINISH_REASON", "UNSPECIFIED" if reason is None else reason.name)  # type: ignore[return-value]  # by name


def run_state(state: DomainRunState) -> run_pb2.RunState.ValueType:
    """Return the enum value."""
    return enum_number("RUN_STATE", state.name)  # type: ignore[return-value]  # by name


def run_command(command: RunCommand) -> run_pb2.RunCommand.ValueType:
    """Return the enum value."""
    return enum_number("RUN_COMMAND", command.name)  # type: ignore[return-value]  # by name


def stats_to_proto(sweep: Sweep, now: datetime | None = None) -> sweep_pb2.SweepStats:
    """Return counters, best run and rates."""
    counts = sweep.counts
    ended = counts.ended
    stats = sweep_pb2.SweepStats(
        total_runs=sweep.next_number,
        queued_runs=counts.queued,
        running_runs=counts.running,
        finished_runs=counts.finished,
        pruned_runs=counts.pruned,
        failed_runs=counts.failed,
        lost_runs=counts.lost,
        canceled_runs=counts.canceled,
        best_run=best_to_proto(sweep.best),
    )
    if ended:
        stats.failure_rate = (counts.failed + counts.lost) / ended
        stats.prune_rate = counts.pruned / ended
        stats.mean_run_duration.FromNanoseconds(int(sweep.ended_seconds / ended * 1e9))
        if sweep.start_time is not None:
            end = sweep.end_time or now or datetime.now(UTC)
            hours = max((end - sweep.start_time).total_seconds(), 1e-3) / 3600
            stats.ended_runs_per_hour = ended / hours
    return stats


def best_to_proto(best: BestRun | None) -> sweep_pb2.BestRun | None:
    """Return the message; None stays unset."""
    if best is None:
        return None
    return sweep_pb2.BestRun(
        number=best.number,
        objective=best.objective,
        parameters=parameters_to_proto(best.parameters),
    )


def run_to_proto(run: Run) -> run_pb2.Run:
    """Return the message."""
    message = run_pb2.Run(
        sweep_id=run.sweep_id,
        number=run.number,
        state=run_state(run.state),
        parameters=parameters_to_proto(run.parameters),
        objective=run.objective,
        attempt=run.attempt,
        origin=enum_number("RUN_ORIGIN", run.origin.name),  # type: ignore[arg-type]  # by name
        agent_id=run.agent_id,
        external_run_id=run.external_run_id or "",
        labels=run.labels,
        summary=run.summary,
        last_step=run.last_step,
        revision=run.revision,
        create_time=timestamp(run.create_time),
        start_time=timestamp(run.start_time),
        end_time=timestamp(run.end_time),
        lease_expire_time=timestamp(run.lease_expire_time),
        objectives=run.objectives,
        name=run.name,
        config=parameters_to_proto(run.config),
        stop_requested=run.stop_requested,
    )
    if run.error is not None:
        message.error.message = run.error.message
        message.error.traceback = run.error.traceback
    return message


def prior_run_to_proto(run: PriorRun) -> run_pb2.PriorRun:
    """Return the message."""
    return run_pb2.PriorRun(
        parameters=parameters_to_proto(run.parameters),
        state=run_state(run.state),
        objectives=run.objectives,
        last_step=run.last_step,
        source=run.source,
    )


def fitting_points(points: Sequence[MetricPoint]) -> Sequence[MetricPoint]:
    """Return the first points, ordered by name, that fit into one response."""
    size, name = 0, None
    for count, point in enumerate(points):
        if point.name != name:
            name = point.name
            size += size_of_name(name) + ENTRY_BYTES
        size += HISTORY_POINT_BYTES
        if size > PAGE_BYTES:
            return points[:count]
    return points


def histories_to_proto(points: Sequence[MetricPoint]) -> list[run_pb2.MetricHistory]:
    """Return one history per name of points that are ordered by name."""
    histories: list[run_pb2.MetricHistory] = []
    for point in points:
        if not histories or histories[-1].name != point.name:
            histories.append(run_pb2.MetricHistory(name=point.name))
        histories[-1].points.add(step=point.step, value=point.value, time=timestamp(point.time))
    return histories


_E = TypeVar("_E", bound=StrEnum)


@lru_cache(maxsize=256)
def enum_number(prefix: str, name: str) -> int:
    """Return the number of an enum value, by its prefix and the domain's name."""
    kinds = {
        "SWEEP_STATE": sweep_pb2.SweepState,
        "FINISH_REASON": sweep_pb2.FinishReason,
        "METHOD": sweep_pb2.Method,
        "GOAL": sweep_pb2.Goal,
        "OBJECTIVE_VALUE": sweep_pb2.ObjectiveValue,
        "IMPUTE": sweep_pb2.Impute,
        "ARGS_STYLE": sweep_pb2.ArgsStyle,
        "RUN_STATE": run_pb2.RunState,
        "RUN_ORIGIN": run_pb2.RunOrigin,
        "RUN_COMMAND": run_pb2.RunCommand,
        "SWEEP_EVENT_KIND": activity_pb2.SweepEventKind,
    }
    return int(kinds[prefix].Value(f"{prefix}_{name.upper()}"))


def enum_member(kind: type[_E], name: str, prefix: str) -> _E | None:
    """Return the domain's member for an enum value's name; None for UNSPECIFIED."""
    short = name.removeprefix(prefix + "_")
    return None if short == "UNSPECIFIED" else kind[short]


def spec_to_proto(spec: SweepSpec) -> sweep_pb2.SweepSpec:
    """Return the message."""
    message = sweep_pb2.SweepSpec(
        method=enum_number("METHOD", spec.method.name),  # type: ignore[arg-type]  # by name
        metrics=map(_metric_to_proto, spec.metrics),
        # An outline has no space.
        search_space=space_to_proto(spec.space) if spec.space.parameters else None,
        run_cap=spec.run_cap,
        seed=spec.seed,
        retries=sweep_pb2.RetryPolicy(lost=spec.retries.lost, failed=spec.retries.failed),
        sampler=_algorithm_to_proto(spec.sampler),
        terminator=_algorithm_to_proto(spec.terminator),
        max_failed_runs=spec.max_failed_runs,
        program=spec.program,
        command=spec.command,
        args_style=enum_number("ARGS_STYLE", spec.args_style.name),  # type: ignore[arg-type]
    )
    match spec.early_termination:
        case Hyperband() as rule:
            message.early_termination.hyperband.CopyFrom(
                sweep_pb2.Hyperband(
                    min_iter=rule.min_iter,
                    eta=rule.eta,
                    strict=rule.strict,
                    max_iter=rule.max_iter,
                    s=rule.s,
                )
            )
        case AlgorithmChoice() as pruner:
            message.early_termination.pruner.CopyFrom(
                sweep_pb2.AlgorithmChoice(
                    name=pruner.name, options=parameters_to_proto(pruner.options)
                )
            )
    return message


def _algorithm_to_proto(choice: AlgorithmChoice | None) -> sweep_pb2.AlgorithmChoice | None:
    """Return the message; None stays unset."""
    if choice is None:
        return None
    return sweep_pb2.AlgorithmChoice(name=choice.name, options=parameters_to_proto(choice.options))


def _metric_to_proto(metric: Metric) -> sweep_pb2.Metric:
    return sweep_pb2.Metric(
        name=metric.name,
        goal=enum_number("GOAL", metric.goal.name),  # type: ignore[arg-type]  # by name
        target=metric.target,
        value=enum_number("OBJECTIVE_VALUE", metric.value.name),  # type: ignore[arg-type]
        mean_over=metric.mean_over,
        impute=_impute_number(metric.impute),
        impute_while_running=_impute_number(metric.impute_while_running),
    )


def _impute_number(impute: Impute | None) -> sweep_pb2.Impute.ValueType:
    name = "UNSPECIFIED" if impute is None else impute.name
    return enum_number("IMPUTE", name)  # type: ignore[return-value]  # by name
