"""What a caller's key must allow for each RPC of the registry.

Roles and places are decided from the request alone; where the project is known only later,
as that of a sweep to be created, the servicer checks it with `access`.
"""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb.api.registry.v1 import key_service_pb2, sweep_pb2, template_service_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.authorization import (
    Access,
    AccessTable,
    InProject,
    Need,
    OnSweep,
    of_service,
)
from wanllmdb_common.calls.caller import Role
from wanllmdb_registry.domain.api_keys.api_key import ALL_PROJECTS

_THE_SWEEP = "the sweep's project"
_ANY = "any project"
_OWN = "any project; answers with those of the key"
_ALL = "all projects"


def _on_sweep(role: Role) -> Access:
    return Access(role, _THE_SWEEP, lambda request: (OnSweep(request.sweep_id, role),))


def _create_sweep(request: pb.CreateSweepRequest) -> Iterator[Need]:
    if request.project:
        yield InProject(request.project, Role.EDITOR)
    yield from _other_sweep(request.prior_runs)


def _import_runs(request: pb.ImportRunsRequest) -> Iterator[Need]:
    yield OnSweep(request.sweep_id, Role.EDITOR)
    yield from _other_sweep(request.source)


def _other_sweep(source: pb.PriorRunSource) -> Iterator[Need]:
    if source.WhichOneof("source") == "sweep_id":
        yield OnSweep(source.sweep_id, Role.READER)


def _finish_sweep(request: pb.FinishSweepRequest) -> Iterator[Need]:
    # Its terminator ends a sweep on behalf of the agent whose Suggest met it.
    is_terminator = request.reason == sweep_pb2.FINISH_REASON_TERMINATED
    yield OnSweep(request.sweep_id, Role.AGENT if is_terminator else Role.EDITOR)


def _heartbeat(request: pb.HeartbeatRequest) -> Iterator[Need]:
    for sweep_id in {lease.sweep_id for lease in request.leases}:
        yield OnSweep(sweep_id, Role.AGENT)


def _list_sweeps(request: pb.ListSweepsRequest) -> Iterator[Need]:
    if request.project:
        yield InProject(request.project, Role.READER)


def _create_key(request: key_service_pb2.CreateKeyRequest) -> Iterator[Need]:
    for project in set(request.projects):
        yield InProject(None if project == ALL_PROJECTS else project, Role.ADMIN)


_READS_SWEEP = _on_sweep(Role.READER)
_WORKS_ON_RUNS = _on_sweep(Role.AGENT)
_CHANGES_SWEEP = _on_sweep(Role.EDITOR)
_CHANGES_TEMPLATE = Access(Role.EDITOR, _ALL, lambda _request: (InProject(None, Role.EDITOR),))
_WITH_ANY_KEY = Access(Role.READER, _ANY)

_SWEEPS = {
    "CreateSweep": Access(
        Role.EDITOR,
        "the new sweep's project, wherever it is named; reader in that of the sweep whose runs "
        "it starts with",
        _create_sweep,
    ),
    "GetSweep": _READS_SWEEP,
    "ListSweeps": Access(Role.READER, f"the project asked for, else {_OWN}", _list_sweeps),
    "UpdateSweep": Access(
        Role.EDITOR,
        _THE_SWEEP,
        lambda request: (OnSweep(request.sweep.sweep_id, Role.EDITOR),),
    ),
    "DeleteSweep": _CHANGES_SWEEP,
    "ParseSweepConfig": _WITH_ANY_KEY,
    "ExportSweep": _READS_SWEEP,
    "StartSweep": _CHANGES_SWEEP,
    "PauseSweep": _CHANGES_SWEEP,
    "ResumeSweep": _CHANGES_SWEEP,
    "FinishSweep": Access(
        Role.AGENT, f"{_THE_SWEEP}; editor for any reason but TERMINATED", _finish_sweep
    ),
    "CancelSweep": _CHANGES_SWEEP,
    "CreateRuns": _WORKS_ON_RUNS,
    "GetRun": _READS_SWEEP,
    "ListRuns": _READS_SWEEP,
    "UpdateRun": Access(
        Role.AGENT, _THE_SWEEP, lambda request: (OnSweep(request.run.sweep_id, Role.AGENT),)
    ),
    "SyncRuns": _READS_SWEEP,
    "EnqueueRuns": _CHANGES_SWEEP,
    "RetryRuns": _CHANGES_SWEEP,
    "ImportRuns": Access(
        Role.EDITOR,
        f"{_THE_SWEEP}; reader in that of the sweep whose runs are taken",
        _import_runs,
    ),
    "ListPriorRuns": _READS_SWEEP,
    "ExportRuns": _READS_SWEEP,
    "ReportMetrics": _WORKS_ON_RUNS,
    "FinishRun": _WORKS_ON_RUNS,
    "ReleaseRun": _WORKS_ON_RUNS,
    "ResumeRuns": _WORKS_ON_RUNS,
    "Heartbeat": Access(Role.AGENT, "the project of each run's sweep", _heartbeat),
    "GetMetricHistory": _READS_SWEEP,
    "GetSweepStats": _READS_SWEEP,
    "GetParallelCoordinates": _READS_SWEEP,
    "GetTimeline": _READS_SWEEP,
    "WatchSweep": _READS_SWEEP,
}

# Templates belong to no project.
_TEMPLATES = {
    "CreateTemplate": _CHANGES_TEMPLATE,
    "GetTemplate": _WITH_ANY_KEY,
    "ListTemplates": _WITH_ANY_KEY,
    "UpdateTemplate": _CHANGES_TEMPLATE,
    "DeleteTemplate": _CHANGES_TEMPLATE,
    "RenderTemplate": _WITH_ANY_KEY,
}

_KEYS = {
    "CreateKey": Access(Role.ADMIN, "each of the new key's projects", _create_key),
    "ListKeys": Access(Role.ADMIN, "any project; answers with keys of the key's projects alone"),
    "RevokeKey": Access(Role.ADMIN, "each of the key's projects"),
    "GetCaller": _WITH_ANY_KEY,
}

ACCESS: AccessTable = {
    **of_service(pb.DESCRIPTOR.services_by_name["SweepRegistryService"].full_name, _SWEEPS),
    **of_service(
        template_service_pb2.DESCRIPTOR.services_by_name["TemplateService"].full_name, _TEMPLATES
    ),
    **of_service(key_service_pb2.DESCRIPTOR.services_by_name["KeyService"].full_name, _KEYS),
}
