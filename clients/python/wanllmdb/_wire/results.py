"""From response messages to the typed results that the clients return."""

from __future__ import annotations

from wanllmdb._types import algorithms, run, sweep
from wanllmdb._types.enums import (
    AlgorithmKind,
    ExhaustedReason,
    FinishReason,
    Method,
    OptionType,
    RunCommand,
    RunOrigin,
    RunState,
    SweepState,
)
from wanllmdb._types.unset import UNSET
from wanllmdb._wire.enums import from_wire, optional_from_wire
from wanllmdb._wire.spec import from_spec
from wanllmdb._wire.values import (
    from_parameter_value,
    from_parameters,
    optional_field,
    optional_time,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


def to_run(message: run_pb2.Run) -> run.Run:
    """A run."""
    return run.Run(
        sweep_id=message.sweep_id,
        number=message.number,
        state=from_wire(RunState, message, "state"),
        parameters=from_parameters(message.parameters),
        objective=optional_field(message, "objective"),
        attempt=message.attempt,
        origin=from_wire(RunOrigin, message, "origin"),
        agent_id=message.agent_id,
        error=_error(message),
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


def to_sweep(message: sweep_pb2.Sweep) -> sweep.Sweep:
    """A sweep with its statistics."""
    return sweep.Sweep(
        sweep_id=message.sweep_id,
        project=message.project,
        name=message.name,
        description=message.description,
        spec=from_spec(message.spec),
        state=from_wire(SweepState, message, "state"),
        finish_reason=optional_from_wire(FinishReason, message, "finish_reason"),
        stats=to_stats(message.stats),
        revision=message.revision,
        etag=message.etag,
        create_time=optional_time(message, "create_time"),
        start_time=optional_time(message, "start_time"),
        end_time=optional_time(message, "end_time"),
        end_message=message.end_message,
        prior_runs=message.prior_runs,
    )


def to_stats(message: sweep_pb2.SweepStats) -> sweep.SweepStats:
    """A sweep's counters."""
    has_duration = message.HasField("mean_run_duration")
    return sweep.SweepStats(
        total_runs=message.total_runs,
        queued_runs=message.queued_runs,
        running_runs=message.running_runs,
        finished_runs=message.finished_runs,
        pruned_runs=message.pruned_runs,
        failed_runs=message.failed_runs,
        lost_runs=message.lost_runs,
        canceled_runs=message.canceled_runs,
        best_run=_best_run(message),
        ended_runs_per_hour=message.ended_runs_per_hour,
        mean_run_duration=message.mean_run_duration.ToTimedelta() if has_duration else None,
        failure_rate=message.failure_rate,
        prune_rate=message.prune_rate,
    )


def to_created_sweep(message: registry_pb.CreateSweepResponse) -> sweep.CreatedSweep:
    """A new sweep with the server's warnings."""
    return sweep.CreatedSweep(
        sweep=to_sweep(message.sweep),
        warnings=tuple(message.warnings),
        grid_size=optional_field(message, "grid_size"),
        imported_runs=message.imported_runs,
        skipped_runs=message.skipped_runs,
    )


def to_updated_sweep(message: registry_pb.UpdateSweepResponse) -> sweep.UpdatedSweep:
    """A sweep after a change."""
    return sweep.UpdatedSweep(sweep=to_sweep(message.sweep), warnings=tuple(message.warnings))


def to_parsed_config(message: registry_pb.ParseSweepConfigResponse) -> sweep.ParsedConfig:
    """A checked config."""
    return sweep.ParsedConfig(
        spec=from_spec(message.spec),
        warnings=tuple(message.warnings),
        grid_size=optional_field(message, "grid_size"),
        project=message.project,
        name=message.name,
        description=message.description,
    )


def to_change(message: registry_pb.WatchSweepResponse) -> sweep.SweepChange:
    """One message of a watch; kinds of change new to this client count as checkpoints."""
    kind = message.WhichOneof("change")
    if kind == "sweep":
        return sweep.SweepChanged(message.revision, to_sweep(message.sweep))
    if kind == "run":
        return sweep.RunChanged(message.revision, to_run(message.run))
    return sweep.Checkpoint(message.revision)


def to_retried_runs(message: registry_pb.RetryRunsResponse) -> sweep.RetriedRuns:
    """Runs that are queued again."""
    return sweep.RetriedRuns(
        sweep=to_sweep(message.sweep),
        numbers=tuple(message.numbers),
        remaining_runs=message.remaining_runs,
    )


def to_finished_run(message: registry_pb.FinishRunResponse) -> run.FinishedRun:
    """A run after its end."""
    return run.FinishedRun(
        run=to_run(message.run),
        sweep_state=from_wire(SweepState, message, "sweep_state"),
        best_run=_best_run(message),
    )


def to_lease_statuses(message: registry_pb.HeartbeatResponse) -> tuple[run.LeaseStatus, ...]:
    """What became of each lease."""
    return tuple(
        run.LeaseStatus(
            lease=run.RunLease(status.lease.sweep_id, status.lease.number, status.lease.attempt),
            command=from_wire(RunCommand, status, "command"),
            expire_time=optional_time(status, "expire_time"),
        )
        for status in message.statuses
    )


def to_command(message: registry_pb.ReportMetricsResponse) -> RunCommand:
    """What to do with the run whose metrics were reported."""
    return from_wire(RunCommand, message, "command")


def to_history(message: run_pb2.MetricHistory) -> run.MetricHistory:
    """The history of one metric, or the part of it that a page holds."""
    return run.MetricHistory(
        name=message.name,
        points=tuple(
            run.MetricPoint(point.step, point.value, optional_time(point, "time"))
            for point in message.points
        ),
    )


def to_suggestion(message: suggestion_pb.SuggestResponse) -> run.Suggestion:
    """Runs to work on."""
    return run.Suggestion(
        runs=tuple(to_run(entry) for entry in message.runs),
        exhausted=optional_from_wire(ExhaustedReason, message, "exhausted"),
        next_check_iteration=optional_field(message, "next_check_iteration"),
        message=message.message,
        resumed=message.resumed,
        running_runs=message.running_runs,
    )


def to_stop_decision(message: suggestion_pb.ShouldStopResponse) -> run.StopDecision:
    """Whether early termination stops a run."""
    return run.StopDecision(
        should_stop=message.should_stop,
        reason=message.reason,
        rung=optional_field(message, "rung"),
        threshold=optional_field(message, "threshold"),
        value=optional_field(message, "value"),
        compared_runs=message.compared_runs,
        next_check_iteration=optional_field(message, "next_check_iteration"),
    )


def to_best_runs(message: suggestion_pb.GetBestRunsResponse) -> run.BestRuns:
    """The best finished runs."""
    return run.BestRuns(
        runs=tuple(to_run(entry) for entry in message.runs), total_runs=message.total_runs
    )


def to_algorithm(message: suggestion_pb.Algorithm) -> algorithms.Algorithm:
    """One algorithm that the server knows."""
    return algorithms.Algorithm(
        kind=from_wire(AlgorithmKind, message, "kind"),
        name=message.name,
        method=optional_from_wire(Method, message, "method"),
        title=message.title,
        description=message.description,
        options=tuple(map(_option, message.options)),
        needs_metric=message.needs_metric,
        takes_several_metrics=message.takes_several_metrics,
        takes_conditions=message.takes_conditions,
        space_notes=message.space_notes,
        is_exhaustive=message.is_exhaustive,
        uses_prior_runs=message.uses_prior_runs,
        is_replayable=message.is_replayable,
        replay_notes=message.replay_notes,
        requires=tuple(message.requires),
        is_installed=message.is_installed,
        reference=message.reference,
    )


def _option(message: suggestion_pb.AlgorithmOption) -> algorithms.AlgorithmOption:
    return algorithms.AlgorithmOption(
        name=message.name,
        type=from_wire(OptionType, message, "type"),
        description=message.description,
        default=from_parameter_value(message.default) if message.HasField("default") else UNSET,
        min=optional_field(message, "min"),
        max=optional_field(message, "max"),
        min_is_excluded=message.min_is_excluded,
        max_is_excluded=message.max_is_excluded,
        choices=tuple(message.choices),
    )


def _error(message: run_pb2.Run) -> run.RunError | None:
    if not message.HasField("error"):
        return None
    return run.RunError(message.error.message, message.error.traceback)


def _best_run(
    message: sweep_pb2.SweepStats | registry_pb.FinishRunResponse,
) -> run.BestRun | None:
    if not message.HasField("best_run"):
        return None
    best = message.best_run
    return run.BestRun(best.number, best.objective, from_parameters(best.parameters))
