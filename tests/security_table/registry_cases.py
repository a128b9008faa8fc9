"""The registry's rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message

from tests.security_table.case import Case, Scope
from tests.security_table.keys import key_request
from tests.security_table.world import OWN, World
from tests.sweeps import config_text, create_runs_request, proposal, request_id, row
from wanllmdb.api.registry.v1 import (
    activity_pb2,
    plots_pb2,
    run_columns_pb2,
    run_pb2,
    sweep_list_pb2,
    sweep_pb2,
    watch_pb2,
)
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto, value_to_proto

_SWEEPS = "/wanllmdb.api.registry.v1.SweepRegistryService"
_TEMPLATES = "/wanllmdb.api.registry.v1.TemplateService"
_KEYS = "/wanllmdb.api.registry.v1.KeyService"
_INTERNAL = "/wanllmdb.internal.registry.v1.InternalRegistryService"

Make = Callable[[World, str], Awaitable[Message]]


def _of_sweep(request: Callable[..., Message], *, started: bool = False, **fields: object) -> Make:
    async def make(world: World, project: str) -> Message:
        return request(sweep_id=await world.sweep(project, started=started), **fields)

    return make


def _of_run(request: Callable[..., Message], **fields: object) -> Make:
    async def make(world: World, project: str) -> Message:
        run = await world.running(project)
        return request(sweep_id=run.sweep_id, number=run.number, **fields)

    return make


def _of_attempt(request: Callable[..., Message], **fields: object) -> Make:
    return _of_run(request, attempt=1, request_id="", **fields)


def _fixed(make: Callable[[], Message]) -> Make:
    async def made(world: World, project: str) -> Message:
        return make()

    return made


async def _create_sweep(world: World, project: str) -> Message:
    return pb.CreateSweepRequest(
        project=project, config_text=config_text(), request_id=request_id()
    )


async def _create_sweep_by_text(world: World, project: str) -> Message:
    return pb.CreateSweepRequest(config_text=config_text(project=project), request_id=request_id())


async def _create_sweep_by_template(world: World, project: str) -> Message:
    return pb.CreateSweepRequest(template=await _use(world, project), request_id=request_id())


async def _create_sweep_from_another(world: World, project: str) -> Message:
    return pb.CreateSweepRequest(
        project=OWN,
        config_text=config_text(),
        prior_run_source=pb.PriorRunSource(sweep_id=await world.sweep(project)),
        request_id=request_id(),
    )


async def _update_sweep(world: World, project: str) -> Message:
    return pb.UpdateSweepRequest(
        sweep=sweep_pb2.Sweep(sweep_id=await world.sweep(project), name="new"),
        update_mask=field_mask_pb2.FieldMask(paths=["name"]),
    )


async def _resume_sweep(world: World, project: str) -> Message:
    sweep_id = await world.sweep(project, started=True)
    await world.registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id))
    return pb.ResumeSweepRequest(sweep_id=sweep_id)


async def _create_runs(world: World, project: str) -> Message:
    return create_runs_request(await world.sweep(project), proposal(0))


async def _update_run(world: World, project: str) -> Message:
    run = await world.running(project)
    return pb.UpdateRunRequest(
        run=run_pb2.Run(sweep_id=run.sweep_id, number=run.number, name="new"),
        update_mask=field_mask_pb2.FieldMask(paths=["name"]),
    )


async def _enqueue_runs(world: World, project: str) -> Message:
    run = pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}))
    return pb.EnqueueRunsRequest(sweep_id=await world.sweep(project), runs=[run])


async def _retry_runs(world: World, project: str) -> Message:
    run = await world.running(project)
    await world.registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
            pruned=pb.RunPruned(),
        )
    )
    return pb.RetryRunsRequest(sweep_id=run.sweep_id, numbers=[run.number])


async def _cancel_runs(world: World, project: str) -> Message:
    run = await world.running(project)
    return pb.CancelRunsRequest(sweep_id=run.sweep_id, numbers=[run.number])


async def _import_runs(world: World, project: str) -> Message:
    return pb.ImportRunsRequest(
        sweep_id=await world.sweep(project),
        source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,1.0\n"),
    )


async def _import_runs_of_another(world: World, project: str) -> Message:
    return pb.ImportRunsRequest(
        sweep_id=await world.sweep(OWN),
        source=pb.PriorRunSource(sweep_id=await world.sweep(project)),
    )


async def _heartbeat(world: World, project: str) -> Message:
    own, other = await world.running(OWN), await world.running(project)
    return pb.HeartbeatRequest(
        leases=[
            pb.RunLease(sweep_id=run.sweep_id, number=run.number, attempt=1) for run in (own, other)
        ]
    )


async def _use(world: World, project: str) -> pb.TemplateUse:
    return pb.TemplateUse(
        template=await world.template(), values={"project": value_to_proto(project)}
    )


async def _render_template(world: World, project: str) -> Message:
    return template_pb.RenderTemplateRequest(template=await _use(world, project))


async def _create_template(world: World, project: str) -> Message:
    text = "method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n"
    template = template_pb.Template(name=f"t-{request_id()}", config_text=text)
    return template_pb.CreateTemplateRequest(template=template)


async def _get_template(world: World, project: str) -> Message:
    return template_pb.GetTemplateRequest(name=await world.template())


async def _update_template(world: World, project: str) -> Message:
    return template_pb.UpdateTemplateRequest(
        template=template_pb.Template(name=await world.template(), description="new"),
        update_mask=field_mask_pb2.FieldMask(paths=["description"]),
    )


async def _delete_template(world: World, project: str) -> Message:
    return template_pb.DeleteTemplateRequest(name=await world.template())


async def _list_sweeps(world: World, project: str) -> Message:
    return sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project=project))


async def _watch_sweeps(world: World, project: str) -> Message:
    return watch_pb2.WatchSweepsRequest(filter=sweep_list_pb2.SweepFilter(project=project))


async def _batch_get_runs(world: World, project: str) -> Message:
    run = await world.running(project)
    return pb.BatchGetRunsRequest(sweep_id=run.sweep_id, numbers=[run.number])


async def _create_key(world: World, project: str) -> Message:
    return key_request(Role.READER, project)


async def _create_key_of_both(world: World, project: str) -> Message:
    return key_request(Role.READER, *{OWN, project})


async def _revoke_key(world: World, project: str) -> Message:
    return key_pb.RevokeKeyRequest(key_id=await world.key(project))


async def _finish_runs(world: World, project: str) -> Message:
    run = await world.running(project)
    end = pb.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        succeeded=pb.RunSucceeded(objective=1.0),
        request_id=request_id(),
    )
    return internal_pb.FinishRunsRequest(
        sweep_id=run.sweep_id,
        ended_runs=[end],
        sync=internal_pb.SyncRunsRequest(sweep_id=run.sweep_id),
    )


def _sweeps(rpc: str, make: Make, role: Role, scope: Scope = Scope.PROJECT, note: str = "") -> Case:
    return Case(f"{_SWEEPS}/{rpc}", make, role, scope, note)


def _templates(rpc: str, make: Make, role: Role, scope: Scope) -> Case:
    return Case(f"{_TEMPLATES}/{rpc}", make, role, scope)


def _keys(rpc: str, make: Make, role: Role, scope: Scope = Scope.PROJECT, note: str = "") -> Case:
    return Case(f"{_KEYS}/{rpc}", make, role, scope, note)


def _internal(rpc: str, make: Make, role: Role) -> Case:
    return Case(f"{_INTERNAL}/{rpc}", make, role)


READER, AGENT, EDITOR, ADMIN = Role

CASES = [
    _sweeps("CreateSweep", _create_sweep, EDITOR),
    _sweeps("CreateSweep", _create_sweep_by_text, EDITOR, note="project in the config"),
    _sweeps("CreateSweep", _create_sweep_by_template, EDITOR, note="project in a template"),
    _sweeps("CreateSweep", _create_sweep_from_another, EDITOR, note="another sweep's runs"),
    _sweeps("GetSweep", _of_sweep(pb.GetSweepRequest), READER),
    _sweeps("ListSweeps", _fixed(sweep_list_pb2.ListSweepsRequest), READER, Scope.ANY),
    _sweeps("ListSweeps", _list_sweeps, READER, note="of a project"),
    _sweeps("ListProjects", _fixed(sweep_list_pb2.ListProjectsRequest), READER, Scope.ANY),
    _sweeps("UpdateSweep", _update_sweep, EDITOR),
    _sweeps("DeleteSweep", _of_sweep(pb.DeleteSweepRequest), EDITOR),
    _sweeps(
        "ParseSweepConfig",
        _fixed(lambda: pb.ParseSweepConfigRequest(config_text=config_text())),
        READER,
        Scope.ANY,
    ),
    _sweeps("ExportSweep", _of_sweep(pb.ExportSweepRequest), READER),
    _sweeps("StartSweep", _of_sweep(pb.StartSweepRequest), EDITOR),
    _sweeps("PauseSweep", _of_sweep(pb.PauseSweepRequest, started=True), EDITOR),
    _sweeps("ResumeSweep", _resume_sweep, EDITOR),
    _sweeps("FinishSweep", _of_sweep(pb.FinishSweepRequest), EDITOR),
    _sweeps("CancelSweep", _of_sweep(pb.CancelSweepRequest), EDITOR),
    _sweeps("GetRun", _of_run(pb.GetRunRequest), READER),
    _sweeps("BatchGetRuns", _batch_get_runs, READER),
    _sweeps("ListRuns", _of_sweep(pb.ListRunsRequest), READER),
    _sweeps("UpdateRun", _update_run, AGENT),
    _sweeps("EnqueueRuns", _enqueue_runs, EDITOR),
    _sweeps("RetryRuns", _retry_runs, EDITOR),
    _sweeps("CancelRuns", _cancel_runs, EDITOR),
    _sweeps("ImportRuns", _import_runs, EDITOR),
    _sweeps("ImportRuns", _import_runs_of_another, EDITOR, note="another sweep's runs"),
    _sweeps("ListPriorRuns", _of_sweep(pb.ListPriorRunsRequest), READER),
    _sweeps("ExportRuns", _of_sweep(pb.ExportRunsRequest), READER),
    _sweeps("ReportMetrics", _of_attempt(pb.ReportMetricsRequest, rows=[row(1, {"a": 1})]), AGENT),
    _sweeps(
        "FinishRun",
        _of_attempt(pb.FinishRunRequest, succeeded=pb.RunSucceeded(objective=1.0)),
        AGENT,
    ),
    _sweeps("ReleaseRun", _of_attempt(pb.ReleaseRunRequest), AGENT),
    _sweeps("Heartbeat", _heartbeat, AGENT, note="of two sweeps"),
    _sweeps("GetMetricHistory", _of_run(pb.GetMetricHistoryRequest), READER),
    _sweeps(
        "GetMetricHistories",
        _of_sweep(plots_pb2.GetMetricHistoriesRequest, numbers=[0], name="loss"),
        READER,
    ),
    _sweeps("GetSweepStats", _of_sweep(pb.GetSweepStatsRequest), READER),
    _sweeps("GetParallelCoordinates", _of_sweep(plots_pb2.GetParallelCoordinatesRequest), READER),
    _sweeps("GetTimeline", _of_sweep(plots_pb2.GetTimelineRequest), READER),
    _sweeps("ReadRunColumns", _of_sweep(run_columns_pb2.ReadRunColumnsRequest), READER),
    _sweeps("WatchSweep", _of_sweep(watch_pb2.WatchSweepRequest), READER),
    _sweeps("WatchSweeps", _fixed(watch_pb2.WatchSweepsRequest), READER, Scope.ANY),
    _sweeps("WatchSweeps", _watch_sweeps, READER, note="of a project"),
    _sweeps("ListAgents", _of_sweep(activity_pb2.ListAgentsRequest), READER),
    _sweeps("ListSweepEvents", _of_sweep(activity_pb2.ListSweepEventsRequest), READER),
    _sweeps("GetServerInfo", _fixed(pb.GetServerInfoRequest), READER, Scope.ANY),
    _templates("CreateTemplate", _create_template, EDITOR, Scope.ALL),
    _templates("GetTemplate", _get_template, READER, Scope.ANY),
    _templates("ListTemplates", _fixed(template_pb.ListTemplatesRequest), READER, Scope.ANY),
    _templates("UpdateTemplate", _update_template, EDITOR, Scope.ALL),
    _templates("DeleteTemplate", _delete_template, EDITOR, Scope.ALL),
    _templates("RenderTemplate", _render_template, READER, Scope.ANY),
    _keys("CreateKey", _create_key, ADMIN),
    _keys("CreateKey", _create_key_of_both, ADMIN, note="of two projects"),
    _keys(
        "CreateKey", _fixed(lambda: key_request(READER, "*")), ADMIN, Scope.ALL, "of all projects"
    ),
    _keys("ListKeys", _fixed(key_pb.ListKeysRequest), ADMIN, Scope.ANY),
    _keys("RevokeKey", _revoke_key, ADMIN),
    _keys("GetCaller", _fixed(key_pb.GetCallerRequest), READER, Scope.ANY),
    _internal("CreateRuns", _create_runs, AGENT),
    _internal("SyncRuns", _of_sweep(internal_pb.SyncRunsRequest), READER),
    _internal("FinishRuns", _finish_runs, AGENT),
    _internal("ResumeRuns", _of_sweep(internal_pb.ResumeRunsRequest, agent_id="agent"), AGENT),
    _internal("TerminateSweep", _of_sweep(internal_pb.TerminateSweepRequest, started=True), AGENT),
]
