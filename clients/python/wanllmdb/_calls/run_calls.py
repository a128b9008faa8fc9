"""The registry's RPCs about runs, prior runs and their export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from wanllmdb._calls.call import Call, Page, each_of, field_of, page_of, request_id_or_new, sendable
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import RunCommand, RunFormat, RunOrder, RunState, enum_to_proto
from wanllmdb._types.prior_runs import (
    ImportedRuns,
    PriorRun,
    PriorRunSource,
    imported_runs_from_proto,
    prior_run_from_proto,
    prior_source_to_proto,
)
from wanllmdb._types.run_columns import (
    RunColumnKey,
    RunColumnsPart,
    column_key_to_proto,
    reader_of_columns,
)
from wanllmdb._types.run_frame import RunFrame
from wanllmdb._types.runs import (
    Canceled,
    EnqueuedRun,
    Failed,
    FinishedRun,
    LeaseStatus,
    MetricCurve,
    MetricHistory,
    MetricRow,
    Outcome,
    Pruned,
    Run,
    RunLease,
    Succeeded,
    add_rows,
    command_from_proto,
    curve_from_proto,
    enqueued_run_to_proto,
    finished_run_from_proto,
    history_from_proto,
    lease_statuses_from_proto,
    run_from_proto,
)
from wanllmdb._types.sweeps import (
    CanceledRuns,
    RetriedRuns,
    canceled_runs_from_proto,
    retried_runs_from_proto,
)
from wanllmdb._types.values import UNSET, Unset, to_parameters
from wanllmdb.api.registry.v1 import plots_pb2, run_columns_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

IMPORT_TIMEOUT = 180.0
"""Seconds: another sweep may have 100,000 runs."""


_RUN = field_of("run", run_from_proto)


_CONVERSIONS: Mapping[type[Message], Callable[[Any], Any]] = {
    pb.UpdateRunRequest: _RUN,
    pb.ReportMetricsRequest: command_from_proto,
    pb.FinishRunRequest: finished_run_from_proto,
}


@sendable
def get_run(sweep_id: str, number: int | None, external_run_id: str | None) -> Call[Run]:
    if (number is None) == (external_run_id is None):
        raise InvalidArgumentError("get_run needs either number or external_run_id")
    request = pb.GetRunRequest(sweep_id=sweep_id)
    if number is not None:
        request.number = number
    if external_run_id is not None:
        request.external_run_id = external_run_id
    return Call(request, _RUN)


@sendable
def batch_get_runs(sweep_id: str, numbers: Sequence[int]) -> Call[tuple[Run, ...]]:
    """BatchGetRuns: the first of the runs, as many as fit into one answer."""
    request = pb.BatchGetRunsRequest(sweep_id=sweep_id, numbers=numbers)
    return Call(request, each_of("runs", run_from_proto))


@sendable
def list_runs(
    sweep_id: str,
    states: Sequence[RunState | str],
    order: RunOrder | str | None,
    page_size: int,
) -> Callable[[str], Call[Page[Run]]]:
    """ListRuns, by page token."""
    filters = pb.ListRunsRequest(
        sweep_id=sweep_id,
        states=[enum_to_proto(state, RunState, run_pb2.RunState, "states") for state in states],
        order=enum_to_proto(order, RunOrder, pb.RunOrder, "order"),
        page_size=page_size,
    )

    def page(token: str) -> Call[Page[Run]]:
        request = pb.ListRunsRequest(page_token=token)
        request.MergeFrom(filters)
        return Call(request, page_of("runs", run_from_proto))

    return page


@sendable
def update_run(
    sweep_id: str,
    number: int,
    name: str | Unset,
    labels: Mapping[str, str] | Unset,
    config: Mapping[str, Any] | Unset,
    external_run_id: str | Unset,
    if_revision: int | None,
    request_id: str | None,
) -> Call[Run]:
    """UpdateRun: the mask names the given fields."""
    run = run_pb2.Run(sweep_id=sweep_id, number=number)
    request = pb.UpdateRunRequest(if_revision=if_revision, request_id=request_id_or_new(request_id))
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
            "update_run has nothing to change: give name, labels, config or external_run_id"
        )
    request.run.CopyFrom(run)
    return Call(request, _RUN)


@sendable
def enqueue_runs(
    sweep_id: str,
    runs: Iterable[EnqueuedRun | Mapping[str, Any]],
    request_id: str | None,
) -> Call[tuple[Run, ...]]:
    return Call(
        pb.EnqueueRunsRequest(
            sweep_id=sweep_id,
            runs=[enqueued_run_to_proto(index, run) for index, run in enumerate(runs)],
            request_id=request_id_or_new(request_id),
        ),
        each_of("runs", run_from_proto),
    )


@sendable
def retry_runs(
    sweep_id: str,
    numbers: Iterable[int],
    states: Iterable[RunState | str],
    etag: str,
    request_id: str | None,
) -> Call[RetriedRuns]:
    request = pb.RetryRunsRequest(
        sweep_id=sweep_id,
        numbers=numbers,
        states=[enum_to_proto(state, RunState, run_pb2.RunState, "states") for state in states],
        etag=etag,
        request_id=request_id_or_new(request_id),
    )
    return Call(request, retried_runs_from_proto)


@sendable
def cancel_runs(
    sweep_id: str, numbers: Iterable[int], reason: str, request_id: str | None
) -> Call[CanceledRuns]:
    request = pb.CancelRunsRequest(
        sweep_id=sweep_id,
        numbers=numbers,
        reason=reason,
        request_id=request_id_or_new(request_id),
    )
    return Call(request, canceled_runs_from_proto)


@sendable
def report_metrics(
    sweep_id: str,
    number: int,
    attempt: int,
    rows: Iterable[MetricRow],
    request_id: str | None,
) -> Call[RunCommand]:
    request = pb.ReportMetricsRequest(
        sweep_id=sweep_id,
        number=number,
        attempt=attempt,
        request_id=request_id_or_new(request_id),
    )
    add_rows(request, rows)
    return Call(request, command_from_proto)


@sendable
def finish_run(
    sweep_id: str,
    number: int,
    attempt: int,
    outcome: Outcome,
    rows: Iterable[MetricRow],
    config: Mapping[str, Any],
    request_id: str | None,
) -> Call[FinishedRun]:
    request = pb.FinishRunRequest(
        sweep_id=sweep_id,
        number=number,
        attempt=attempt,
        config=to_parameters(config, "config"),
        request_id=request_id_or_new(request_id),
    )
    add_rows(request, rows)
    match outcome:
        case Succeeded(objective, objectives):
            request.succeeded.CopyFrom(pb.RunSucceeded(objective=objective, objectives=objectives))
        case Failed(message, traceback):
            error = run_pb2.RunError(message=message, traceback=traceback)
            request.failed.CopyFrom(pb.RunFailed(error=error))
        case Pruned(reason):
            request.pruned.CopyFrom(pb.RunPruned(reason=reason))
        case Canceled(reason):
            request.canceled.CopyFrom(pb.RunCanceled(reason=reason))
    return Call(request, finished_run_from_proto)


@sendable
def resent(request: Message) -> Call[Any]:
    """The call that sends an earlier request about a run again, with its original id."""
    return Call(request, _CONVERSIONS[type(request)])


@sendable
def release_run(
    sweep_id: str, number: int, attempt: int, reason: str, request_id: str | None
) -> Call[Run]:
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
def heartbeat(leases: Iterable[RunLease]) -> Call[tuple[LeaseStatus, ...]]:
    return Call(
        pb.HeartbeatRequest(
            leases=[
                pb.RunLease(sweep_id=lease.sweep_id, number=lease.number, attempt=lease.attempt)
                for lease in leases
            ]
        ),
        lease_statuses_from_proto,
    )


@sendable
def get_metric_history(
    sweep_id: str,
    number: int,
    names: Sequence[str],
    min_step: int | None,
    attempt: int | None,
    page_size: int,
) -> Callable[[str], Call[Page[MetricHistory]]]:
    """GetMetricHistory, by page token."""

    def page(token: str) -> Call[Page[MetricHistory]]:
        request = pb.GetMetricHistoryRequest(
            sweep_id=sweep_id,
            number=number,
            names=names,
            min_step=min_step,
            attempt=attempt,
            page_size=page_size,
            page_token=token,
        )
        return Call(request, page_of("histories", history_from_proto))

    return page


@sendable
def get_metric_histories(
    sweep_id: str, numbers: Iterable[int], name: str, max_points: int
) -> Call[tuple[MetricCurve, ...]]:
    return Call(
        plots_pb2.GetMetricHistoriesRequest(
            sweep_id=sweep_id, numbers=numbers, name=name, max_points=max_points
        ),
        each_of("curves", curve_from_proto),
    )


@sendable
def import_runs(
    sweep_id: str, source: PriorRunSource, skip_unfit: bool, request_id: str | None
) -> Call[ImportedRuns]:
    return Call(
        pb.ImportRunsRequest(
            sweep_id=sweep_id,
            source=prior_source_to_proto(source, skip_unfit),
            request_id=request_id_or_new(request_id),
        ),
        imported_runs_from_proto,
        timeout=IMPORT_TIMEOUT,
    )


@sendable
def list_prior_runs(sweep_id: str, page_size: int) -> Callable[[str], Call[Page[PriorRun]]]:
    """ListPriorRuns, by page token."""

    def page(token: str) -> Call[Page[PriorRun]]:
        return Call(
            pb.ListPriorRunsRequest(sweep_id=sweep_id, page_size=page_size, page_token=token),
            page_of("runs", prior_run_from_proto),
        )

    return page


@sendable
def read_run_columns(
    sweep_id: str,
    columns: Sequence[RunColumnKey],
    states: Sequence[RunState | str],
    since_revision: int,
    database_id: str,
) -> Call[RunColumnsPart]:
    """ReadRunColumns; the conversion is that of the messages of one stream, in their order."""
    request = _columns_request(sweep_id, columns, states)
    request.since_revision = since_revision
    request.database_id = database_id
    return Call(request, reader_of_columns())


@sendable
def read_run_frame(
    sweep_id: str,
    columns: Sequence[RunColumnKey],
    states: Sequence[RunState | str],
    frame: RunFrame,
) -> Call[None]:
    """ReadRunColumns; the conversion adds each message of the stream to the frame."""
    return Call(_columns_request(sweep_id, tuple(dict.fromkeys(columns)), states), frame.add)


def _columns_request(
    sweep_id: str, columns: Sequence[RunColumnKey], states: Sequence[RunState | str]
) -> run_columns_pb2.ReadRunColumnsRequest:
    return run_columns_pb2.ReadRunColumnsRequest(
        sweep_id=sweep_id,
        columns=[
            column_key_to_proto(key, f"columns[{place}]") for place, key in enumerate(columns)
        ],
        states=[enum_to_proto(state, RunState, run_pb2.RunState, "states") for state in states],
    )


@sendable
def export_runs(
    sweep_id: str,
    run_format: RunFormat | str,
    states: Sequence[RunState | str],
    raw_cells: bool,
) -> Call[bytes]:
    """ExportRuns; the conversion is that of one message of the stream."""
    return Call(
        pb.ExportRunsRequest(
            sweep_id=sweep_id,
            format=enum_to_proto(run_format, RunFormat, pb.RunFormat, "format"),
            states=[enum_to_proto(state, RunState, run_pb2.RunState, "states") for state in states],
            raw_cells=raw_cells,
        ),
        _to_text,
    )


def _to_text(message: pb.ExportRunsResponse) -> bytes:
    return message.data
