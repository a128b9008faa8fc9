"""The registry's RPCs about runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types import run as types
from wanllmdb._types.enums import RunCommand, RunOrder, RunState
from wanllmdb._types.sweep import RetriedRuns
from wanllmdb._types.unset import UNSET, Unset
from wanllmdb._wire import results
from wanllmdb._wire.call import Call, Page, each_of, field_of, page_of, request_id_or_new, sendable
from wanllmdb._wire.enums import to_wire
from wanllmdb._wire.values import to_parameters, to_timestamp
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2

_RUN = field_of("run", results.to_run)
_CONVERSIONS: Mapping[type[Message], Callable[[Any], Any]] = {
    pb.UpdateRunRequest: _RUN,
    pb.ReportMetricsRequest: results.to_command,
    pb.FinishRunRequest: results.to_finished_run,
}


@sendable
def get_run(sweep_id: str, number: int | None, external_run_id: str | None) -> Call[types.Run]:
    """GetRun."""
    if (number is None) == (external_run_id is None):
        raise InvalidArgumentError("get_run needs either number or external_run_id")
    request = pb.GetRunRequest(sweep_id=sweep_id)
    if number is not None:
        request.number = number
    if external_run_id is not None:
        request.external_run_id = external_run_id
    return Call(request, _RUN)


@sendable
def list_runs(
    sweep_id: str,
    states: Sequence[RunState | str],
    order: RunOrder | str | None,
    page_size: int,
) -> Callable[[str], Call[Page[types.Run]]]:
    """ListRuns, by page token."""
    filters = pb.ListRunsRequest(
        sweep_id=sweep_id,
        states=[to_wire(state, RunState, run_pb2.RunState, "states") for state in states],
        order=to_wire(order, RunOrder, pb.RunOrder, "order"),
        page_size=page_size,
    )

    def page(token: str) -> Call[Page[types.Run]]:
        request = pb.ListRunsRequest(page_token=token)
        request.MergeFrom(filters)
        return Call(request, page_of("runs", results.to_run))

    return page


@sendable
def update_run(
    sweep_id: str,
    number: int,
    name: str | Unset,
    labels: Mapping[str, str] | Unset,
    config: Mapping[str, Any] | Unset,
    external_run_id: str | Unset,
    request_id: str | None,
) -> Call[types.Run]:
    """UpdateRun: the mask names what is given."""
    run = run_pb2.Run(sweep_id=sweep_id, number=number)
    request = pb.UpdateRunRequest(request_id=request_id_or_new(request_id))
    if name is not UNSET:
        request.update_mask.paths.append("name")
        run.name = name
    if labels is not UNSET:
        request.update_mask.paths.append("labels")
        run.labels.update(labels)
    if config is not UNSET:
        request.update_mask.paths.append("config")
        run.MergeFrom(run_pb2.Run(config=to_parameters(config, "config")))
    if external_run_id is not UNSET:
        request.update_mask.paths.append("external_run_id")
        run.external_run_id = external_run_id
    if not request.update_mask.paths:
        raise InvalidArgumentError(
            "update_run was called without anything to change: give name, labels, "
            "config or external_run_id"
        )
    request.run.CopyFrom(run)
    return Call(request, _RUN)


@sendable
def enqueue_runs(
    sweep_id: str,
    runs: Iterable[types.EnqueuedRun | Mapping[str, Any]],
    request_id: str | None,
) -> Call[tuple[types.Run, ...]]:
    """EnqueueRuns."""
    return Call(
        pb.EnqueueRunsRequest(
            sweep_id=sweep_id,
            runs=[_enqueued(index, run) for index, run in enumerate(runs)],
            request_id=request_id_or_new(request_id),
        ),
        each_of("runs", results.to_run),
    )


@sendable
def retry_runs(
    sweep_id: str,
    numbers: Iterable[int],
    states: Iterable[RunState | str],
    etag: str,
    request_id: str | None,
) -> Call[RetriedRuns]:
    """RetryRuns."""
    request = pb.RetryRunsRequest(
        sweep_id=sweep_id,
        numbers=numbers,
        states=[to_wire(state, RunState, run_pb2.RunState, "states") for state in states],
        etag=etag,
        request_id=request_id_or_new(request_id),
    )
    return Call(request, results.to_retried_runs)


@sendable
def report_metrics(
    sweep_id: str,
    number: int,
    attempt: int,
    rows: Iterable[types.MetricRow],
    request_id: str | None,
) -> Call[RunCommand]:
    """ReportMetrics."""
    return Call(
        pb.ReportMetricsRequest(
            sweep_id=sweep_id,
            number=number,
            attempt=attempt,
            rows=_rows(rows),
            request_id=request_id_or_new(request_id),
        ),
        results.to_command,
    )


@sendable
def finish_run(
    sweep_id: str,
    number: int,
    attempt: int,
    outcome: types.Outcome,
    rows: Iterable[types.MetricRow],
    config: Mapping[str, Any],
    request_id: str | None,
) -> Call[types.FinishedRun]:
    """FinishRun."""
    request = pb.FinishRunRequest(
        sweep_id=sweep_id,
        number=number,
        attempt=attempt,
        rows=_rows(rows),
        config=to_parameters(config, "config"),
        request_id=request_id_or_new(request_id),
    )
    match outcome:
        case types.Succeeded(objective, objectives):
            request.succeeded.CopyFrom(pb.RunSucceeded(objective=objective, objectives=objectives))
        case types.Failed(message, traceback):
            error = run_pb2.RunError(message=message, traceback=traceback)
            request.failed.CopyFrom(pb.RunFailed(error=error))
        case types.Pruned(reason):
            request.pruned.CopyFrom(pb.RunPruned(reason=reason))
        case types.Canceled(reason):
            request.canceled.CopyFrom(pb.RunCanceled(reason=reason))
    return Call(request, results.to_finished_run)


@sendable
def resent(request: Message) -> Call[Any]:
    """The call of a request about a run that was made earlier, with the id that it had then."""
    return Call(request, _CONVERSIONS[type(request)])


@sendable
def release_run(
    sweep_id: str, number: int, attempt: int, reason: str, request_id: str | None
) -> Call[types.Run]:
    """ReleaseRun."""
    return Call(
        pb.ReleaseRunRequest(
            sweep_id=sweep_id,
            number=number,
            attempt=attempt,
            reason=reason,
            request_id=request_id_or_new(request_id),
        ),
        _RUN,
    )


@sendable
def heartbeat(leases: Iterable[types.RunLease]) -> Call[tuple[types.LeaseStatus, ...]]:
    """Heartbeat."""
    return Call(
        pb.HeartbeatRequest(
            leases=[
                pb.RunLease(sweep_id=lease.sweep_id, number=lease.number, attempt=lease.attempt)
                for lease in leases
            ]
        ),
        results.to_lease_statuses,
    )


@sendable
def get_metric_history(
    sweep_id: str,
    number: int,
    names: Sequence[str],
    min_step: int | None,
    attempt: int | None,
    page_size: int,
) -> Callable[[str], Call[Page[types.MetricHistory]]]:
    """GetMetricHistory, by page token."""

    def page(token: str) -> Call[Page[types.MetricHistory]]:
        request = pb.GetMetricHistoryRequest(
            sweep_id=sweep_id,
            number=number,
            names=names,
            min_step=min_step,
            attempt=attempt,
            page_size=page_size,
            page_token=token,
        )
        return Call(request, page_of("histories", results.to_history))

    return page


def merged_histories(
    histories: Iterable[types.MetricHistory],
) -> dict[str, types.MetricHistory]:
    """Histories by name; one that was cut by the end of a page is whole again."""
    points: dict[str, list[types.MetricPoint]] = {}
    for history in histories:
        points.setdefault(history.name, []).extend(history.points)
    return {name: types.MetricHistory(name, tuple(column)) for name, column in points.items()}


def _enqueued(index: int, run: types.EnqueuedRun | Mapping[str, Any]) -> pb.EnqueuedRun:
    if not isinstance(run, types.EnqueuedRun):
        run = types.EnqueuedRun(run)
    return pb.EnqueuedRun(
        parameters=to_parameters(run.parameters, f"runs[{index}].parameters"),
        labels=run.labels,
    )


def _rows(rows: Iterable[types.MetricRow]) -> list[run_pb2.MetricRow]:
    return [
        run_pb2.MetricRow(
            step=row.step,
            values=row.values,
            time=to_timestamp(row.time),
            is_summary=row.is_summary,
        )
        for row in rows
    ]
