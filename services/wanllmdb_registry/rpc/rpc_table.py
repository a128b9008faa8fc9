"""One row for each RPC of the registry: its access rule, its audit line and its cost.

Roles and projects are decided from the request alone. Where the project is known only later, as
that of a sweep to be created, the servicer checks the caller itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FileDescriptor

from wanllmdb.api.registry.v1 import (
    activity_pb2,
    key_service_pb2,
    sweep_list_pb2,
    template_service_pb2,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.audit import AuditRule, AuditTable, ends, numbers, text
from wanllmdb_common.calls.authorization import Access, AccessTable, InProject, Need, OnSweep
from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.calls.fair_share import Load
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.domain.api_keys.api_key import ALL_PROJECTS

# A page of more rows than this is heavy.
LIGHT_ROWS = 200


@dataclass(frozen=True, slots=True)
class Rpc:
    """The fixed rules of one RPC.

    Attributes:
        access: What the caller's key must allow.
        audit: What the audit log records of a call; None for an RPC that changes nothing.
        heavy: Whether a request may keep a processor busy for long, so that each caller gets one
            such call at a time. Judged by what the request could cost, not by what it will.
    """

    access: Access
    audit: AuditRule | None = None
    heavy: Callable[[Any], bool] | None = None


# Access rules.

_THE_SWEEP = "the sweep's project"
_OWN_PROJECTS = "any project; returns sweeps of the key's projects only"


def _on_sweep(role: Role) -> Access:
    return Access(role, _THE_SWEEP, lambda request: (OnSweep(request.sweep_id, role),))


def _needs_of_create_sweep(request: pb.CreateSweepRequest) -> Iterator[Need]:
    if request.project:
        yield InProject(request.project, Role.EDITOR)
    yield from _needs_of_source(request.prior_run_source)


def _needs_of_import_runs(request: pb.ImportRunsRequest) -> Iterator[Need]:
    yield OnSweep(request.sweep_id, Role.EDITOR)
    yield from _needs_of_source(request.source)


def _needs_of_source(source: pb.PriorRunSource) -> Iterator[Need]:
    if source.WhichOneof("source") == "sweep_id":
        yield OnSweep(source.sweep_id, Role.READER)


def _needs_of_heartbeat(request: pb.HeartbeatRequest) -> Iterator[Need]:
    for sweep_id in {lease.sweep_id for lease in request.leases}:
        yield OnSweep(sweep_id, Role.AGENT)


def _needs_of_create_runs(
    request: internal_pb.CreateRunsRequest | internal_pb.FinishRunsRequest,
) -> Iterator[Need]:
    for sweep_id in {request.sweep_id, *(end.sweep_id for end in request.ended_runs)}:
        yield OnSweep(sweep_id, Role.AGENT)


def _needs_of_finish_runs(request: internal_pb.FinishRunsRequest) -> Iterator[Need]:
    if request.HasField("sync"):
        yield OnSweep(request.sync.sweep_id, Role.READER)
    yield from _needs_of_create_runs(request)


def _needs_of_list_sweeps(request: sweep_list_pb2.ListSweepsRequest) -> Iterator[Need]:
    if request.filter.project:
        yield InProject(request.filter.project, Role.READER)


def _needs_of_create_key(request: key_service_pb2.CreateKeyRequest) -> Iterator[Need]:
    for project in set(request.projects):
        yield InProject(None if project == ALL_PROJECTS else project, Role.ADMIN)


_READS_SWEEP = _on_sweep(Role.READER)
_WORKS_ON_RUNS = _on_sweep(Role.AGENT)
_CHANGES_SWEEP = _on_sweep(Role.EDITOR)
# Templates belong to no project.
_CHANGES_TEMPLATE = Access(
    Role.EDITOR, "all projects", lambda _request: (InProject(None, Role.EDITOR),)
)
_WITH_ANY_KEY = Access(Role.READER, "any project")

# Audit lines.

Line = Mapping[str, object]

_ROLE_WORDS: Mapping[int, str] = {role.value: role.word for role in Role}


def _audit_create_sweep(
    request: pb.CreateSweepRequest, response: pb.CreateSweepResponse | None
) -> Line:
    if response is None:
        return {"project": text(request.project)}
    return {"project": response.sweep.project, "sweep_id": response.sweep.sweep_id}


def _audit_update_sweep(
    request: pb.UpdateSweepRequest, response: pb.UpdateSweepResponse | None
) -> Line:
    return {
        "sweep_id": text(request.sweep.sweep_id),
        "project": _project(response),
        "fields": text(",".join(request.update_mask.paths)),
    }


def _audit_delete_sweep(request: pb.DeleteSweepRequest, _response: object) -> Line:
    return {"sweep_id": text(request.sweep_id)}


def _audit_transition(request: Any, response: Any) -> Line:
    return {"sweep_id": text(request.sweep_id), "project": _project(response)}


def _audit_create_runs(
    request: internal_pb.CreateRunsRequest, response: internal_pb.CreateRunsResponse | None
) -> Line:
    results = () if response is None else response.results
    return {
        "sweep_id": text(request.sweep_id),
        "numbers": numbers(run.number for result in results for run in result.runs),
        "request_ids": [text(entry.request_id) for entry in request.requests[:100]],
        "agent_ids": sorted({text(entry.agent_id) for entry in request.requests[:100]}),
        "ended_runs": ends(request.ended_runs, () if response is None else response.ended_runs),
    }


def _audit_finish_runs(
    request: internal_pb.FinishRunsRequest, response: internal_pb.FinishRunsResponse | None
) -> Line:
    results = () if response is None else response.ended_runs
    return {"sweep_id": text(request.sweep_id), "ended_runs": ends(request.ended_runs, results)}


def _audit_enqueue_runs(
    request: pb.EnqueueRunsRequest, response: pb.EnqueueRunsResponse | None
) -> Line:
    runs = () if response is None else response.runs
    return {"sweep_id": text(request.sweep_id), "numbers": numbers(run.number for run in runs)}


def _audit_retry_runs(request: pb.RetryRunsRequest, response: pb.RetryRunsResponse | None) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "project": _project(response),
        "numbers": numbers(request.numbers if response is None else response.numbers),
    }


def _audit_cancel_runs(
    request: pb.CancelRunsRequest, response: pb.CancelRunsResponse | None
) -> Line:
    changed: Sequence[int] = request.numbers
    if response is not None:
        changed = [*response.canceled_numbers, *response.stopping_numbers]
    return {
        "sweep_id": text(request.sweep_id),
        "project": _project(response),
        "numbers": numbers(changed),
    }


def _audit_resume_runs(
    request: internal_pb.ResumeRunsRequest, response: internal_pb.ResumeRunsResponse | None
) -> Line:
    runs = () if response is None else response.runs
    return {
        "sweep_id": text(request.sweep_id),
        "numbers": numbers(run.number for run in runs),
        "agent_id": text(request.agent_id),
    }


def _audit_update_run(request: pb.UpdateRunRequest, _response: object) -> Line:
    return {
        "sweep_id": text(request.run.sweep_id),
        "number": request.run.number,
        "fields": text(",".join(request.update_mask.paths)),
    }


def _audit_import_runs(
    request: pb.ImportRunsRequest, response: pb.ImportRunsResponse | None
) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "imported_runs": None if response is None else response.imported_runs,
    }


def _audit_attempt(request: Any, _response: object) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "number": request.number,
        "attempt": request.attempt,
    }


def _audit_finish_run(request: pb.FinishRunRequest, response: pb.FinishRunResponse | None) -> Line:
    return {
        **_audit_attempt(request, response),
        "outcome": request.WhichOneof("outcome") or "",
    }


def _audit_template(request: Any, _response: object) -> Line:
    return {"template": text(request.template.name)}


def _audit_delete_template(
    request: template_service_pb2.DeleteTemplateRequest, _response: object
) -> Line:
    return {"template": text(request.name)}


def _audit_create_key(
    request: key_service_pb2.CreateKeyRequest, response: key_service_pb2.CreateKeyResponse | None
) -> Line:
    return {
        "created_key_id": "" if response is None else response.key.key_id,
        "role": _ROLE_WORDS.get(request.role, request.role),
        "projects": [text(project) for project in request.projects[:100]],
    }


def _audit_revoke_key(request: key_service_pb2.RevokeKeyRequest, _response: object) -> Line:
    return {"revoked_key_id": text(request.key_id)}


def _project(response: Any) -> str:
    return "" if response is None else str(response.sweep.project)


# Cost.


def _always(_request: object) -> bool:
    return True


def _has_large_page(
    request: pb.ListRunsRequest | pb.ListPriorRunsRequest | activity_pb2.ListSweepEventsRequest,
) -> bool:
    return request.page_size > LIGHT_ROWS


def _searches_or_counts(request: sweep_list_pb2.ListSweepsRequest) -> bool:
    # Both look at every sweep of the project, or of all projects.
    return (
        bool(request.filter.query) or request.include_total_count or request.page_size > LIGHT_ROWS
    )


def _reads_long_history(request: pb.GetMetricHistoryRequest) -> bool:
    return not 0 < request.page_size <= LIGHT_ROWS


def _syncs_from_the_start(request: internal_pb.SyncRunsRequest) -> bool:
    # Recent changes are few; a model without any data takes all runs.
    return not request.since_revision


def _finishes_and_syncs_from_the_start(request: internal_pb.FinishRunsRequest) -> bool:
    return request.HasField("sync") and _syncs_from_the_start(request.sync)


_SWEEP_RPCS = {
    "CreateSweep": Rpc(
        Access(
            Role.EDITOR,
            "the new sweep's project, wherever it is named; reader in the project of the sweep "
            "whose runs become prior runs",
            _needs_of_create_sweep,
        ),
        _audit_create_sweep,
    ),
    "GetSweep": Rpc(_READS_SWEEP),
    "ListSweeps": Rpc(
        Access(Role.READER, f"the requested project, else {_OWN_PROJECTS}", _needs_of_list_sweeps),
        heavy=_searches_or_counts,
    ),
    "UpdateSweep": Rpc(
        Access(
            Role.EDITOR,
            _THE_SWEEP,
            lambda request: (OnSweep(request.sweep.sweep_id, Role.EDITOR),),
        ),
        _audit_update_sweep,
    ),
    "DeleteSweep": Rpc(_CHANGES_SWEEP, _audit_delete_sweep),
    "ParseSweepConfig": Rpc(_WITH_ANY_KEY, heavy=_always),
    "ExportSweep": Rpc(_READS_SWEEP),
    "StartSweep": Rpc(_CHANGES_SWEEP, _audit_transition),
    "PauseSweep": Rpc(_CHANGES_SWEEP, _audit_transition),
    "ResumeSweep": Rpc(_CHANGES_SWEEP, _audit_transition),
    "FinishSweep": Rpc(_CHANGES_SWEEP, _audit_transition),
    "CancelSweep": Rpc(_CHANGES_SWEEP, _audit_transition),
    "GetRun": Rpc(_READS_SWEEP),
    "ListRuns": Rpc(_READS_SWEEP, heavy=_has_large_page),
    "UpdateRun": Rpc(
        Access(
            Role.AGENT, _THE_SWEEP, lambda request: (OnSweep(request.run.sweep_id, Role.AGENT),)
        ),
        _audit_update_run,
    ),
    "EnqueueRuns": Rpc(_CHANGES_SWEEP, _audit_enqueue_runs),
    "RetryRuns": Rpc(_CHANGES_SWEEP, _audit_retry_runs),
    "ImportRuns": Rpc(
        Access(
            Role.EDITOR,
            f"{_THE_SWEEP}; reader in the project of the sweep whose runs are imported",
            _needs_of_import_runs,
        ),
        _audit_import_runs,
        heavy=_always,
    ),
    "ListPriorRuns": Rpc(_READS_SWEEP, heavy=_has_large_page),
    "ExportRuns": Rpc(_READS_SWEEP),
    "ReportMetrics": Rpc(_WORKS_ON_RUNS, _audit_attempt),
    "FinishRun": Rpc(_WORKS_ON_RUNS, _audit_finish_run),
    "ReleaseRun": Rpc(_WORKS_ON_RUNS, _audit_attempt),
    "Heartbeat": Rpc(Access(Role.AGENT, "the project of each run's sweep", _needs_of_heartbeat)),
    "GetMetricHistory": Rpc(_READS_SWEEP, heavy=_reads_long_history),
    "GetSweepStats": Rpc(_READS_SWEEP),
    "GetParallelCoordinates": Rpc(_READS_SWEEP, heavy=_always),
    "GetTimeline": Rpc(_READS_SWEEP, heavy=_always),
    "WatchSweep": Rpc(_READS_SWEEP),
    "ListProjects": Rpc(
        Access(Role.READER, "any project; returns the key's projects only"), heavy=_always
    ),
    "BatchGetRuns": Rpc(_READS_SWEEP, heavy=_always),
    "GetMetricHistories": Rpc(_READS_SWEEP, heavy=_always),
    "ReadRunColumns": Rpc(_READS_SWEEP, heavy=_always),
    "WatchSweeps": Rpc(
        Access(Role.READER, f"the requested project, else {_OWN_PROJECTS}", _needs_of_list_sweeps)
    ),
    "CancelRuns": Rpc(_CHANGES_SWEEP, _audit_cancel_runs),
    "ListAgents": Rpc(_READS_SWEEP, heavy=_always),
    "ListSweepEvents": Rpc(_READS_SWEEP, heavy=_has_large_page),
    "GetServerInfo": Rpc(_WITH_ANY_KEY),
}
# The suggestion service calls these with the key of the agent whose call it serves.
_INTERNAL_RPCS = {
    "CreateRuns": Rpc(Access(Role.AGENT, _THE_SWEEP, _needs_of_create_runs), _audit_create_runs),
    "SyncRuns": Rpc(_READS_SWEEP, heavy=_syncs_from_the_start),
    "FinishRuns": Rpc(
        Access(Role.AGENT, _THE_SWEEP, _needs_of_finish_runs),
        _audit_finish_runs,
        heavy=_finishes_and_syncs_from_the_start,
    ),
    "ResumeRuns": Rpc(_WORKS_ON_RUNS, _audit_resume_runs),
    "TerminateSweep": Rpc(_WORKS_ON_RUNS, _audit_transition),
}
_TEMPLATE_RPCS = {
    "CreateTemplate": Rpc(_CHANGES_TEMPLATE, _audit_template, heavy=_always),
    "GetTemplate": Rpc(_WITH_ANY_KEY),
    "ListTemplates": Rpc(_WITH_ANY_KEY),
    "UpdateTemplate": Rpc(_CHANGES_TEMPLATE, _audit_template),
    "DeleteTemplate": Rpc(_CHANGES_TEMPLATE, _audit_delete_template),
    "RenderTemplate": Rpc(_WITH_ANY_KEY),
}
_KEY_RPCS = {
    "CreateKey": Rpc(
        Access(Role.ADMIN, "each of the new key's projects", _needs_of_create_key),
        _audit_create_key,
    ),
    "ListKeys": Rpc(Access(Role.ADMIN, "any project; returns keys of the key's projects only")),
    "RevokeKey": Rpc(Access(Role.ADMIN, "each of the key's projects"), _audit_revoke_key),
    "GetCaller": Rpc(_WITH_ANY_KEY),
}


def _of_service(file: FileDescriptor, rows: Mapping[str, Rpc]) -> Iterable[tuple[str, Rpc]]:
    """Return the rows of a file's only service by the RPC's full name."""
    (service,) = file.services_by_name.values()
    return ((f"/{service.full_name}/{name}", row) for name, row in rows.items())


RPC_TABLE: Mapping[str, Rpc] = {
    **dict(_of_service(pb.DESCRIPTOR, _SWEEP_RPCS)),
    **dict(_of_service(template_service_pb2.DESCRIPTOR, _TEMPLATE_RPCS)),
    **dict(_of_service(key_service_pb2.DESCRIPTOR, _KEY_RPCS)),
    **dict(_of_service(internal_pb.DESCRIPTOR, _INTERNAL_RPCS)),
}
ACCESS: AccessTable = {rpc: row.access for rpc, row in RPC_TABLE.items()}
AUDIT_TABLE: AuditTable = {
    rpc: row.audit for rpc, row in RPC_TABLE.items() if row.audit is not None
}

# Not among them: heartbeats, which extend leases without an audit line, and syncs, for which a
# Suggest waits.
_READS = frozenset(
    rpc
    for rpc, row in RPC_TABLE.items()
    if row.audit is None and not rpc.endswith(("/Heartbeat", "/SyncRuns"))
)


def load_of(call: Call) -> Load:
    """Return the cost of a call to other callers, judged by its request alone."""
    row = RPC_TABLE.get(call.method)
    if row is not None and row.heavy is not None and row.heavy(call.request):
        return Load.HEAVY
    return Load.READ if call.method in _READS else Load.LIGHT
