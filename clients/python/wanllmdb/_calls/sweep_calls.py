"""The registry's RPCs about sweeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from google.protobuf import duration_pb2

from wanllmdb._calls.call import (
    DEFAULT_TIMEOUT,
    Call,
    Page,
    field_of,
    nothing,
    page_of,
    request_id_or_new,
    sendable,
)
from wanllmdb._calls.run_calls import IMPORT_TIMEOUT
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.analysis import (
    ParallelCoordinates,
    Timeline,
    parallel_coordinates_from_proto,
    timeline_from_proto,
)
from wanllmdb._types.enums import (
    ConfigFormat,
    Method,
    SweepOrder,
    SweepState,
    SweepView,
    enum_to_proto,
)
from wanllmdb._types.prior_runs import PriorRunSource, prior_source_to_proto
from wanllmdb._types.spec import (
    AlgorithmChoice,
    Hyperband,
    RetryPolicy,
    SearchSpace,
    SweepSpec,
    algorithm_choice_to_proto,
    early_termination_to_proto,
    retries_to_proto,
    search_space_to_proto,
    spec_to_proto,
)
from wanllmdb._types.sweep_lists import FollowedList, Project, SweepList, project_from_proto
from wanllmdb._types.sweeps import (
    CreatedSweep,
    ParsedConfig,
    Sweep,
    SweepChange,
    SweepStats,
    UpdatedSweep,
    change_from_proto,
    created_sweep_from_proto,
    parsed_config_from_proto,
    stats_from_proto,
    sweep_from_proto,
    updated_sweep_from_proto,
)
from wanllmdb._types.templates import TemplateUse, template_use_to_proto
from wanllmdb._types.values import UNSET, Unset, config_text, to_timestamp
from wanllmdb.api.registry.v1 import plots_pb2, sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

Config = Mapping[str, Any] | str | SweepSpec | TemplateUse
"""A W&B-style config as a dictionary or as YAML or JSON text, a typed spec, or a template."""


_SWEEP = field_of("sweep", sweep_from_proto)


@sendable
def create_sweep(
    config: Config,
    project: str = "",
    name: str = "",
    description: str = "",
    prior_runs: PriorRunSource | None = None,
    skip_unfit: bool = False,
    request_id: str | None = None,
) -> Call[CreatedSweep]:
    request = pb.CreateSweepRequest(
        project=project,
        name=name,
        description=description,
        request_id=request_id_or_new(request_id),
    )
    _set_source(request, config)
    if prior_runs is not None:
        request.prior_run_source.CopyFrom(prior_source_to_proto(prior_runs, skip_unfit))
    timeout = DEFAULT_TIMEOUT if prior_runs is None else IMPORT_TIMEOUT
    return Call(request, created_sweep_from_proto, timeout)


@sendable
def parse_sweep_config(config: Config) -> Call[ParsedConfig]:
    request = pb.ParseSweepConfigRequest()
    _set_source(request, config)
    return Call(request, parsed_config_from_proto)


@sendable
def get_sweep(sweep_id: str) -> Call[Sweep]:
    return Call(pb.GetSweepRequest(sweep_id=sweep_id), _SWEEP)


@sendable
def list_sweeps(
    project: str,
    states: Sequence[SweepState | str],
    methods: Sequence[Method | str],
    query: str,
    created_after: datetime | None,
    created_before: datetime | None,
    order: SweepOrder | str | None,
    view: SweepView | str | None,
    page_size: int,
) -> Callable[[str], Call[Page[Sweep]]]:
    """ListSweeps, by page token."""
    filters = sweep_list_pb2.ListSweepsRequest(
        filter=_filter(project, states, methods, query, created_after, created_before),
        order=enum_to_proto(order, SweepOrder, sweep_list_pb2.SweepOrder, "order"),
        view=enum_to_proto(view, SweepView, sweep_list_pb2.SweepView, "view"),
        page_size=page_size,
    )

    def page(token: str) -> Call[Page[Sweep]]:
        request = sweep_list_pb2.ListSweepsRequest(page_token=token)
        request.MergeFrom(filters)
        return Call(request, page_of("sweeps", sweep_from_proto))

    return page


@sendable
def count_sweeps(
    project: str,
    states: Sequence[SweepState | str],
    methods: Sequence[Method | str],
    query: str,
    created_after: datetime | None,
    created_before: datetime | None,
) -> Call[int]:
    """ListSweeps for its total."""
    request = sweep_list_pb2.ListSweepsRequest(
        filter=_filter(project, states, methods, query, created_after, created_before),
        view=sweep_list_pb2.SWEEP_VIEW_BASIC,
        page_size=1,
        include_total_count=True,
    )
    return Call(request, field_of("total_count", int))


@sendable
def list_projects(page_size: int) -> Callable[[str], Call[Page[Project]]]:
    """ListProjects, by page token."""

    def page(token: str) -> Call[Page[Project]]:
        request = sweep_list_pb2.ListProjectsRequest(page_size=page_size, page_token=token)
        return Call(request, page_of("projects", project_from_proto))

    return page


@sendable
def update_sweep(
    sweep_id: str,
    name: str | Unset = UNSET,
    description: str | Unset = UNSET,
    run_cap: int | Unset | None = UNSET,
    early_termination: Hyperband | AlgorithmChoice | Unset | None = UNSET,
    terminator: AlgorithmChoice | Unset | None = UNSET,
    retries: RetryPolicy | Unset = UNSET,
    max_failed_runs: int | Unset | None = UNSET,
    target: float | Unset | None = UNSET,
    targets: Mapping[str, float | None] | None = None,
    search_space: SearchSpace | Unset = UNSET,
    etag: str = "",
    request_id: str | None = None,
) -> Call[UpdatedSweep]:
    """UpdateSweep: the mask names the given fields; None clears a field."""
    sweep = sweep_pb2.Sweep(sweep_id=sweep_id, etag=etag)
    spec = sweep.spec
    request = pb.UpdateSweepRequest(request_id=request_id_or_new(request_id))
    mask = request.update_mask.paths
    if name is not UNSET:
        mask.append("name")
        sweep.name = name
    if description is not UNSET:
        mask.append("description")
        sweep.description = description
    if run_cap is not UNSET:
        mask.append("spec.run_cap")
        spec.MergeFrom(sweep_pb2.SweepSpec(run_cap=run_cap))
    if early_termination is not UNSET:
        mask.append("spec.early_termination")
        if early_termination is not None:
            spec.early_termination.CopyFrom(early_termination_to_proto(early_termination))
    if terminator is not UNSET:
        mask.append("spec.terminator")
        if terminator is not None:
            spec.terminator.CopyFrom(algorithm_choice_to_proto(terminator, "spec.terminator"))
    if retries is not UNSET:
        mask.append("spec.retries")
        spec.retries.CopyFrom(retries_to_proto(retries))
    if max_failed_runs is not UNSET:
        mask.append("spec.max_failed_runs")
        spec.MergeFrom(sweep_pb2.SweepSpec(max_failed_runs=max_failed_runs))
    if target is not UNSET or targets:
        mask.append("spec.metrics")
        if target is not UNSET:
            spec.metrics.add(target=target)
        for metric, value in (targets or {}).items():
            spec.metrics.add(name=metric, target=value)
    if search_space is not UNSET:
        mask.append("spec.search_space")
        spec.search_space.CopyFrom(search_space_to_proto(search_space))
    if not mask:
        raise InvalidArgumentError(
            "update_sweep has nothing to change: give name, description, "
            "run_cap, early_termination, terminator, retries, max_failed_runs, target, targets "
            "or search_space"
        )
    request.sweep.CopyFrom(sweep)
    return Call(request, updated_sweep_from_proto)


@sendable
def delete_sweep(sweep_id: str, etag: str, request_id: str | None) -> Call[None]:
    return Call(
        pb.DeleteSweepRequest(
            sweep_id=sweep_id, etag=etag, request_id=request_id_or_new(request_id)
        ),
        nothing,
    )


@sendable
def export_sweep(sweep_id: str, config_format: ConfigFormat | str) -> Call[str]:
    wire_format = enum_to_proto(config_format, ConfigFormat, pb.ConfigFormat, "format")
    return Call(pb.ExportSweepRequest(sweep_id=sweep_id, format=wire_format), field_of("text", str))


@sendable
def start_sweep(sweep_id: str, etag: str, request_id: str | None) -> Call[Sweep]:
    return _move(pb.StartSweepRequest, sweep_id, etag, request_id)


@sendable
def pause_sweep(sweep_id: str, etag: str, request_id: str | None) -> Call[Sweep]:
    return _move(pb.PauseSweepRequest, sweep_id, etag, request_id)


@sendable
def resume_sweep(sweep_id: str, etag: str, request_id: str | None) -> Call[Sweep]:
    return _move(pb.ResumeSweepRequest, sweep_id, etag, request_id)


@sendable
def finish_sweep(sweep_id: str, message: str, etag: str, request_id: str | None) -> Call[Sweep]:
    return _move(pb.FinishSweepRequest, sweep_id, etag, request_id, message=message)


@sendable
def cancel_sweep(sweep_id: str, etag: str, request_id: str | None) -> Call[Sweep]:
    return _move(pb.CancelSweepRequest, sweep_id, etag, request_id)


@sendable
def get_sweep_stats(sweep_id: str) -> Call[SweepStats]:
    return Call(pb.GetSweepStatsRequest(sweep_id=sweep_id), field_of("stats", stats_from_proto))


@sendable
def get_parallel_coordinates(sweep_id: str, max_rows: int) -> Call[ParallelCoordinates]:
    return Call(
        plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep_id, max_rows=max_rows),
        parallel_coordinates_from_proto,
    )


@sendable
def get_timeline(sweep_id: str, max_runs: int) -> Call[Timeline]:
    return Call(
        plots_pb2.GetTimelineRequest(sweep_id=sweep_id, max_runs=max_runs), timeline_from_proto
    )


@sendable
def watch_sweep(
    sweep_id: str,
    since_revision: int,
    database_id: str,
    min_interval: float,
    without_runs: bool,
) -> Call[SweepChange]:
    """WatchSweep; the conversion is that of one message of the stream."""
    interval = duration_pb2.Duration()
    interval.FromTimedelta(timedelta(seconds=min_interval))
    return Call(
        watch_pb2.WatchSweepRequest(
            sweep_id=sweep_id,
            since_revision=since_revision,
            database_id=database_id,
            min_interval=interval,
            without_runs=without_runs,
        ),
        change_from_proto,
    )


@sendable
def watch_sweeps(
    project: str,
    states: Sequence[SweepState | str],
    methods: Sequence[Method | str],
    query: str,
    created_after: datetime | None,
    created_before: datetime | None,
    order: SweepOrder | str | None,
    max_sweeps: int,
    min_interval: float,
) -> Callable[[], Call[SweepList | None]]:
    """WatchSweeps, from the start; the conversion applies one message of the stream.

    It returns the list whenever it is complete.
    """
    request = watch_pb2.WatchSweepsRequest(
        filter=_filter(project, states, methods, query, created_after, created_before),
        order=enum_to_proto(order, SweepOrder, sweep_list_pb2.SweepOrder, "order"),
        max_sweeps=max_sweeps,
    )
    request.min_interval.FromNanoseconds(round(min_interval * 1e9))
    return lambda: Call(request, FollowedList().apply)


def _filter(
    project: str,
    states: Sequence[SweepState | str],
    methods: Sequence[Method | str],
    query: str,
    created_after: datetime | None,
    created_before: datetime | None,
) -> sweep_list_pb2.SweepFilter:
    return sweep_list_pb2.SweepFilter(
        project=project,
        states=[
            enum_to_proto(state, SweepState, sweep_pb2.SweepState, "states") for state in states
        ],
        methods=[enum_to_proto(method, Method, sweep_pb2.Method, "methods") for method in methods],
        query=query,
        created_after=to_timestamp(created_after),
        created_before=to_timestamp(created_before),
    )


def _set_source(
    request: pb.CreateSweepRequest | pb.ParseSweepConfigRequest, config: Config
) -> None:
    if isinstance(config, SweepSpec):
        request.spec.CopyFrom(spec_to_proto(config))
    elif isinstance(config, str | Mapping):
        text = config if isinstance(config, str) else config_text(config)
        # Python and people write 1.0 apart from 1.
        request.config_text.CopyFrom(pb.ConfigText(text=text, keeps_floats=True))
    elif isinstance(config, TemplateUse):
        request.template.CopyFrom(template_use_to_proto(config))
    else:
        raise InvalidArgumentError(
            f"a sweep's config is a dict, YAML or JSON text, a SweepSpec or a TemplateUse, "
            f"not a {type(config).__name__}"
        )


def _move(
    request_type: Callable[..., Any],
    sweep_id: str,
    etag: str,
    request_id: str | None,
    **fields: Any,
) -> Call[Sweep]:
    request_id = request_id_or_new(request_id)
    return Call(request_type(sweep_id=sweep_id, etag=etag, request_id=request_id, **fields), _SWEEP)
