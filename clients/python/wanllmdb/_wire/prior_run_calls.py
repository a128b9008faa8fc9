"""The registry's RPCs about runs that come from elsewhere, and go there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wanllmdb._types import run as types
from wanllmdb._types.enums import RunFormat, RunState
from wanllmdb._wire.call import Call, Page, page_of, request_id_or_new, sendable
from wanllmdb._wire.enums import from_wire, to_wire
from wanllmdb._wire.values import from_parameters, optional_field, to_parameters
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2

IMPORT_TIMEOUT = 180.0
"""Seconds: another sweep may have 100,000 runs."""


@sendable
def import_runs(
    sweep_id: str, source: types.PriorRunSource, skip_unfit: bool, request_id: str | None
) -> Call[types.ImportedRuns]:
    """ImportRuns."""
    return Call(
        pb.ImportRunsRequest(
            sweep_id=sweep_id,
            source=to_source(source, skip_unfit),
            request_id=request_id_or_new(request_id),
        ),
        _to_imported,
        timeout=IMPORT_TIMEOUT,
    )


@sendable
def list_prior_runs(sweep_id: str, page_size: int) -> Callable[[str], Call[Page[types.PriorRun]]]:
    """ListPriorRuns, by page token."""

    def page(token: str) -> Call[Page[types.PriorRun]]:
        return Call(
            pb.ListPriorRunsRequest(sweep_id=sweep_id, page_size=page_size, page_token=token),
            page_of("runs", _from_prior_run),
        )

    return page


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
            format=to_wire(run_format, RunFormat, pb.RunFormat, "format"),
            states=[to_wire(state, RunState, run_pb2.RunState, "states") for state in states],
            raw_cells=raw_cells,
        ),
        _to_text,
    )


def to_source(source: types.PriorRunSource, skip_unfit: bool) -> pb.PriorRunSource:
    """The message of where prior runs come from."""
    message = pb.PriorRunSource(skip_unfit=skip_unfit)
    match source:
        case types.PriorSweep(sweep_id):
            message.sweep_id = sweep_id
        case types.CsvRuns(text):
            message.csv = text
        case types.JsonLinesRuns(text):
            message.json_lines = text
        case _:
            message.runs.runs.extend(_to_prior_run(index, run) for index, run in enumerate(source))
            message.runs.SetInParent()
    return message


def _to_prior_run(index: int, run: types.PriorRun) -> run_pb2.PriorRun:
    path = f"runs[{index}]"
    return run_pb2.PriorRun(
        parameters=to_parameters(run.parameters, f"{path}.parameters"),
        state=to_wire(run.state, RunState, run_pb2.RunState, f"{path}.state"),
        objectives=run.objectives,
        last_step=run.last_step,
        source=run.source,
    )


def _from_prior_run(message: run_pb2.PriorRun) -> types.PriorRun:
    return types.PriorRun(
        parameters=from_parameters(message.parameters),
        state=from_wire(RunState, message, "state"),
        objectives=tuple(message.objectives),
        last_step=optional_field(message, "last_step"),
        source=message.source,
    )


def _to_imported(message: pb.ImportRunsResponse) -> types.ImportedRuns:
    return types.ImportedRuns(
        message.imported_runs, message.skipped_runs, tuple(message.skip_reasons)
    )


def _to_text(message: pb.ExportRunsResponse) -> bytes:
    return message.text
