"""Prior runs: results from other sweeps, files or trackers that inform a sweep's sampler."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wanllmdb._types.enums import RunState, enum_from_proto, enum_to_proto
from wanllmdb._types.runs import Run
from wanllmdb._types.values import from_parameters, optional_field, to_parameters
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2


@dataclass(frozen=True, slots=True)
class PriorRun:
    """The result of an earlier run: it informs the sampler and gets no run number.

    `objectives` are in the order of the sweep's metrics; `last_step` belongs to a pruned run;
    `source` names where the result comes from.
    """

    parameters: Mapping[str, Any]
    state: RunState
    objectives: tuple[float, ...] = ()
    last_step: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class PriorSweep:
    """Prior runs from another sweep: its FINISHED, PRUNED and FAILED runs."""

    sweep_id: str


@dataclass(frozen=True, slots=True)
class CsvRuns:
    """Prior runs as CSV: a header of parameters, metrics and optionally `state`; a row per run."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonLinesRuns:
    """Prior runs as JSON lines: one object per run.

    An object has parameters and metrics as keys, or the members `parameters` and `metrics` as
    `export_runs` writes them.
    """

    text: str


PriorRunSource = PriorSweep | CsvRuns | JsonLinesRuns | Iterable[PriorRun]
"""A source of prior runs."""


@dataclass(frozen=True, slots=True)
class ImportedRuns:
    """The numbers of imported and skipped prior runs, and the reasons for the first 20 skipped."""

    imported_runs: int
    skipped_runs: int
    skip_reasons: tuple[str, ...]


def as_prior(run: Run) -> PriorRun:
    """The result of a run; a run that finished without an objective counts as failed.

    The registry does the same when it imports the runs of a sweep or a file.
    """
    one = () if run.objective is None else (run.objective,)
    objectives = run.objectives or one
    has_none = run.state is RunState.FINISHED and not objectives
    return PriorRun(
        parameters=run.parameters,
        state=RunState.FAILED if has_none else run.state,
        objectives=objectives,
        last_step=run.last_step,
        source=f"sweep {run.sweep_id} run {run.number}",
    )


def prior_source_to_proto(source: PriorRunSource, skip_unfit: bool) -> pb.PriorRunSource:
    """The message of a source of prior runs."""
    message = pb.PriorRunSource(skip_unfit=skip_unfit)
    match source:
        case PriorSweep(sweep_id):
            message.sweep_id = sweep_id
        case CsvRuns(text):
            message.csv = text
        case JsonLinesRuns(text):
            message.json_lines = text
        case _:
            message.runs.runs.extend(
                _prior_run_to_proto(index, run) for index, run in enumerate(source)
            )
            message.runs.SetInParent()
    return message


def _prior_run_to_proto(index: int, run: PriorRun) -> run_pb2.PriorRun:
    path = f"runs[{index}]"
    return run_pb2.PriorRun(
        parameters=to_parameters(run.parameters, f"{path}.parameters"),
        state=enum_to_proto(run.state, RunState, run_pb2.RunState, f"{path}.state"),
        objectives=run.objectives,
        last_step=run.last_step,
        source=run.source,
    )


def prior_run_from_proto(message: run_pb2.PriorRun) -> PriorRun:
    return PriorRun(
        parameters=from_parameters(message.parameters),
        state=enum_from_proto(RunState, message, "state"),
        objectives=tuple(message.objectives),
        last_step=optional_field(message, "last_step"),
        source=message.source,
    )


def imported_runs_from_proto(message: pb.ImportRunsResponse) -> ImportedRuns:
    return ImportedRuns(message.imported_runs, message.skipped_runs, tuple(message.skip_reasons))
