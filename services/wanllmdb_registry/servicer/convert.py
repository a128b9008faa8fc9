"""Domain objects to messages and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from google.protobuf import timestamp_pb2

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.search_space.convert import (
    parameters_from_proto,
    parameters_to_proto,
    space_from_proto,
    space_to_proto,
)
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    BestRun,
    Goal,
    Hyperband,
    Method,
    Metric,
    MetricPoint,
    ObjectiveValue,
    RetryPolicy,
    Run,
    RunCommand,
    Sweep,
    SweepSpec,
    SweepState,
)
from wanllmdb_registry.domain.model import RunState as DomainRunState
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.servicer.page_tokens import fitting

_E = TypeVar("_E", bound=StrEnum)

DEFAULT_ETA = 3.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def enum_number(prefix: str, name: str) -> int:
    """The number of an enum value, by its prefix and the domain's name."""
    kinds = {
        "SWEEP_STATE": sweep_pb2.SweepState,
        "FINISH_REASON": sweep_pb2.FinishReason,
        "METHOD": sweep_pb2.Method,
        "GOAL": sweep_pb2.Goal,
        "OBJECTIVE_VALUE": sweep_pb2.ObjectiveValue,
        "RUN_STATE": run_pb2.RunState,
        "RUN_ORIGIN": run_pb2.RunOrigin,
        "RUN_COMMAND": run_pb2.RunCommand,
    }
    return int(kinds[prefix].Value(f"{prefix}_{name.upper()}"))


def enum_member(kind: type[_E], name: str, prefix: str) -> _E | None:
    """The domain's member for an enum value's name; None for UNSPECIFIED."""
    short = name.removeprefix(prefix + "_")
    return None if short == "UNSPECIFIED" else kind[short]


def timestamp(value: datetime | None) -> timestamp_pb2.Timestamp | None:
    """The message; None stays unset."""
    if value is None:
        return None
    # What FromDatetime does, at a third of its time; a run has four of them.
    since = value - _EPOCH
    return timestamp_pb2.Timestamp(
        seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000
    )


def time_from_proto(message: timestamp_pb2.Timestamp) -> datetime:
    """The time, in UTC.

    Raises:
        ValueError: beyond what a datetime can hold.
    """
    return message.ToDatetime(tzinfo=UTC)


def spec_from_proto(message: sweep_pb2.SweepSpec) -> SweepSpec:
    """The spec with defaults filled in; its values are not checked here.

    Raises:
        ValueError: a parameter without a distribution, neither method nor sampler.
    """
    method = enum_member(Method, sweep_pb2.Method.Name(message.method), "METHOD")
    sampler = _algorithm_from_proto(message, "sampler")
    if method is None:
        raise ValueError("method is not set")
    return SweepSpec(
        method=method,
        space=space_from_proto(message.search_space),
        sampler=sampler or AlgorithmChoice(DEFAULT_SAMPLERS[method]),
        metrics=tuple(map(metric_from_proto, message.metrics)),
        early_termination=(
            early_termination_from_proto(message.early_termination)
            if message.HasField("early_termination")
            else None
        ),
        run_cap=message.run_cap if message.HasField("run_cap") else None,
        seed=message.seed if message.HasField("seed") else None,
        retries=retries_from_proto(message.retries),
        terminator=_algorithm_from_proto(message, "terminator"),
        max_failed_runs=message.max_failed_runs if message.HasField("max_failed_runs") else None,
        program=message.program,
        command=tuple(message.command),
    )


def metric_from_proto(message: sweep_pb2.Metric) -> Metric:
    """The metric with defaults filled in."""
    goal = enum_member(Goal, sweep_pb2.Goal.Name(message.goal), "GOAL")
    value = enum_member(
        ObjectiveValue, sweep_pb2.ObjectiveValue.Name(message.value), "OBJECTIVE_VALUE"
    )
    return Metric(
        name=message.name,
        goal=goal or Goal.MINIMIZE,
        target=message.target if message.HasField("target") else None,
        value=value or ObjectiveValue.LAST,
        mean_over=message.mean_over,
    )


def algorithm_from_proto(message: sweep_pb2.AlgorithmChoice) -> AlgorithmChoice:
    """The choice.

    Raises:
        ValueError: an option without a value.
    """
    return AlgorithmChoice(message.name, parameters_from_proto(message.options))


def _algorithm_from_proto(message: sweep_pb2.SweepSpec, field: str) -> AlgorithmChoice | None:
    return algorithm_from_proto(getattr(message, field)) if message.HasField(field) else None  # type: ignore[arg-type]  # a field's name


def algorithm_to_proto(choice: AlgorithmChoice | None) -> sweep_pb2.AlgorithmChoice | None:
    """The message; None stays unset."""
    if choice is None:
        return None
    return sweep_pb2.AlgorithmChoice(name=choice.name, options=parameters_to_proto(choice.options))


def early_termination_from_proto(
    message: sweep_pb2.EarlyTermination,
) -> Hyperband | AlgorithmChoice:
    """The rule.

    Raises:
        ValueError: none is set.
    """
    match message.WhichOneof("rule"):
        case "hyperband":
            rule = message.hyperband
            return Hyperband(
                rule.min_iter, rule.eta or DEFAULT_ETA, rule.strict, rule.max_iter, rule.s
            )
        case "pruner":
            return algorithm_from_proto(message.pruner)
        case _:
            raise ValueError("early_termination has no rule set")


def retries_from_proto(message: sweep_pb2.RetryPolicy) -> RetryPolicy:
    """The policy with defaults filled in."""
    default = RetryPolicy()
    return RetryPolicy(
        message.lost if message.HasField("lost") else default.lost,
        message.failed if message.HasField("failed") else default.failed,
    )


def spec_to_proto(spec: SweepSpec) -> sweep_pb2.SweepSpec:
    """The message."""
    message = sweep_pb2.SweepSpec(
        method=enum_number("METHOD", spec.method.name),  # type: ignore[arg-type]  # by name
        metrics=map(_metric_to_proto, spec.metrics),
        search_space=space_to_proto(spec.space),
        run_cap=spec.run_cap,
        seed=spec.seed,
        retries=sweep_pb2.RetryPolicy(lost=spec.retries.lost, failed=spec.retries.failed),
        sampler=algorithm_to_proto(spec.sampler),
        terminator=algorithm_to_proto(spec.terminator),
        max_failed_runs=spec.max_failed_runs,
        program=spec.program,
        command=spec.command,
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


def _metric_to_proto(metric: Metric) -> sweep_pb2.Metric:
    return sweep_pb2.Metric(
        name=metric.name,
        goal=enum_number("GOAL", metric.goal.name),  # type: ignore[arg-type]  # by name
        target=metric.target,
        value=enum_number("OBJECTIVE_VALUE", metric.value.name),  # type: ignore[arg-type]
        mean_over=metric.mean_over,
    )


def sweep_to_proto(sweep: Sweep, now: datetime | None = None) -> sweep_pb2.Sweep:
    """The message; `now` is what rates of a sweep that has not ended count to."""
    reason = sweep.finish_reason
    return sweep_pb2.Sweep(
        sweep_id=sweep.sweep_id,
        project=sweep.project,
        name=sweep.name,
        description=sweep.description,
        spec=spec_to_proto(sweep.spec),
        state=sweep_state(sweep.state),
        finish_reason=enum_number(  # type: ignore[arg-type]  # by name
            "FINISH_REASON", "UNSPECIFIED" if reason is None else reason.name
        ),
        stats=stats_to_proto(sweep, now),
        revision=sweep.revision,
        etag=sweep.etag,
        create_time=timestamp(sweep.create_time),
        start_time=timestamp(sweep.start_time),
        end_time=timestamp(sweep.end_time),
        end_message=sweep.end_message,
        prior_runs=sweep.prior_runs,
    )


def sweep_state(state: SweepState) -> sweep_pb2.SweepState.ValueType:
    """The enum value."""
    return enum_number("SWEEP_STATE", state.name)  # type: ignore[return-value]  # by name


def run_state(state: DomainRunState) -> run_pb2.RunState.ValueType:
    """The enum value."""
    return enum_number("RUN_STATE", state.name)  # type: ignore[return-value]  # by name


def run_command(command: RunCommand) -> run_pb2.RunCommand.ValueType:
    """The enum value."""
    return enum_number("RUN_COMMAND", command.name)  # type: ignore[return-value]  # by name


def stats_to_proto(sweep: Sweep, now: datetime | None = None) -> sweep_pb2.SweepStats:
    """Counters, best run and rates."""
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
    """The message; None stays unset."""
    if best is None:
        return None
    return sweep_pb2.BestRun(
        number=best.number,
        objective=best.objective,
        parameters=parameters_to_proto(best.parameters),
    )


def run_to_proto(run: Run) -> run_pb2.Run:
    """The message."""
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
    )
    if run.error is not None:
        message.error.message = run.error.message
        message.error.traceback = run.error.traceback
    return message


def synced_to_proto(synced: SyncedRuns) -> pb.SyncRunsResponse:
    """The message."""
    reason = synced.finish_reason
    runs = fitting([_synced_run(run) for run in synced.runs])
    revision, has_more = synced.revision, synced.has_more
    if len(runs) < len(synced.runs):
        revision, has_more = synced.runs[len(runs) - 1].revision, True
    return pb.SyncRunsResponse(
        runs=runs,
        objective_points=[
            pb.ObjectivePoint(
                number=point.number, attempt=point.attempt, step=point.step, value=point.value
            )
            for point in synced.points
            if point.objective_revision is None or point.objective_revision <= revision
        ],
        revision=revision,
        has_more=has_more,
        state=sweep_state(synced.state),
        finish_reason=enum_number(  # type: ignore[arg-type]  # by name
            "FINISH_REASON", "UNSPECIFIED" if reason is None else reason.name
        ),
        next_number=synced.next_number,
        space_exhausted=synced.space_exhausted,
        sweep=None if synced.sweep is None else sweep_to_proto(synced.sweep),
    )


def _synced_run(run: Run) -> pb.SyncedRun:
    return pb.SyncedRun(
        number=run.number,
        state=run_state(run.state),
        attempt=run.attempt,
        parameters=parameters_to_proto(run.parameters),
        objective=run.objective,
        sampler_state=run.sampler_state,
        last_step=run.last_step,
        objectives=run.objectives,
    )


def histories_to_proto(points: Sequence[MetricPoint]) -> list[run_pb2.MetricHistory]:
    """Points, ordered by name, as one history a name."""
    histories: list[run_pb2.MetricHistory] = []
    for point in points:
        if not histories or histories[-1].name != point.name:
            histories.append(run_pb2.MetricHistory(name=point.name))
        histories[-1].points.add(step=point.step, value=point.value, time=timestamp(point.time))
    return histories
