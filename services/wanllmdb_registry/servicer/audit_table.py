"""What the audit log says of each RPC of the registry that changes something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanllmdb.api.registry.v1 import key_service_pb2, template_service_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.audit import AuditRule, AuditTable, numbers, text
from wanllmdb_common.calls.caller import Role

Line = Mapping[str, object]

_WORDS: Mapping[int, str] = {role.value: role.word for role in Role}


def _create_sweep(request: pb.CreateSweepRequest, response: pb.CreateSweepResponse | None) -> Line:
    if response is None:
        return {"project": text(request.project)}
    return {"project": response.sweep.project, "sweep_id": response.sweep.sweep_id}


def _update_sweep(request: pb.UpdateSweepRequest, response: pb.UpdateSweepResponse | None) -> Line:
    return {
        "sweep_id": text(request.sweep.sweep_id),
        "project": _project(response),
        "fields": text(",".join(request.update_mask.paths)),
    }


def _delete_sweep(request: pb.DeleteSweepRequest, _response: object) -> Line:
    return {"sweep_id": text(request.sweep_id)}


def _transition(request: Any, response: Any) -> Line:
    return {"sweep_id": text(request.sweep_id), "project": _project(response)}


def _create_runs(request: pb.CreateRunsRequest, response: pb.CreateRunsResponse | None) -> Line:
    results = () if response is None else response.results
    return {
        "sweep_id": text(request.sweep_id),
        "numbers": numbers(run.number for result in results for run in result.runs),
        "request_ids": [text(entry.request_id) for entry in request.requests[:100]],
        "agent_ids": sorted({text(entry.agent_id) for entry in request.requests[:100]}),
    }


def _enqueue_runs(request: pb.EnqueueRunsRequest, response: pb.EnqueueRunsResponse | None) -> Line:
    runs = () if response is None else response.runs
    return {"sweep_id": text(request.sweep_id), "numbers": numbers(run.number for run in runs)}


def _retry_runs(request: pb.RetryRunsRequest, response: pb.RetryRunsResponse | None) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "project": _project(response),
        "numbers": numbers(request.numbers if response is None else response.numbers),
    }


def _resume_runs(request: pb.ResumeRunsRequest, response: pb.ResumeRunsResponse | None) -> Line:
    runs = () if response is None else response.runs
    return {
        "sweep_id": text(request.sweep_id),
        "numbers": numbers(run.number for run in runs),
        "agent_id": text(request.agent_id),
    }


def _update_run(request: pb.UpdateRunRequest, _response: object) -> Line:
    return {
        "sweep_id": text(request.run.sweep_id),
        "number": request.run.number,
        "fields": text(",".join(request.update_mask.paths)),
    }


def _import_runs(request: pb.ImportRunsRequest, response: pb.ImportRunsResponse | None) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "imported_runs": None if response is None else response.imported_runs,
    }


def _on_attempt(request: Any, _response: object) -> Line:
    return {
        "sweep_id": text(request.sweep_id),
        "number": request.number,
        "attempt": request.attempt,
    }


def _finish_run(request: pb.FinishRunRequest, response: pb.FinishRunResponse | None) -> Line:
    return {
        **_on_attempt(request, response),
        "outcome": request.WhichOneof("outcome") or "",
    }


def _template(request: Any, _response: object) -> Line:
    return {"template": text(request.template.name)}


def _delete_template(
    request: template_service_pb2.DeleteTemplateRequest, _response: object
) -> Line:
    return {"template": text(request.name)}


def _create_key(
    request: key_service_pb2.CreateKeyRequest, response: key_service_pb2.CreateKeyResponse | None
) -> Line:
    return {
        "created_key_id": "" if response is None else response.key.key_id,
        "role": _WORDS.get(request.role, request.role),
        "projects": [text(project) for project in request.projects[:100]],
    }


def _revoke_key(request: key_service_pb2.RevokeKeyRequest, _response: object) -> Line:
    return {"revoked_key_id": text(request.key_id)}


def _project(response: Any) -> str:
    return "" if response is None else str(response.sweep.project)


_SWEEPS: Mapping[str, AuditRule] = {
    "CreateSweep": _create_sweep,
    "UpdateSweep": _update_sweep,
    "DeleteSweep": _delete_sweep,
    "StartSweep": _transition,
    "PauseSweep": _transition,
    "ResumeSweep": _transition,
    "FinishSweep": _transition,
    "CancelSweep": _transition,
    "CreateRuns": _create_runs,
    "EnqueueRuns": _enqueue_runs,
    "RetryRuns": _retry_runs,
    "ResumeRuns": _resume_runs,
    "UpdateRun": _update_run,
    "ImportRuns": _import_runs,
    "ReportMetrics": _on_attempt,
    "FinishRun": _finish_run,
    "ReleaseRun": _on_attempt,
}
_TEMPLATES: Mapping[str, AuditRule] = {
    "CreateTemplate": _template,
    "UpdateTemplate": _template,
    "DeleteTemplate": _delete_template,
}
_KEYS: Mapping[str, AuditRule] = {
    "CreateKey": _create_key,
    "RevokeKey": _revoke_key,
}


def _of(service: str, rows: Mapping[str, AuditRule]) -> AuditTable:
    return {f"/{service}/{rpc}": rule for rpc, rule in rows.items()}


AUDIT_TABLE: AuditTable = {
    **_of(pb.DESCRIPTOR.services_by_name["SweepRegistryService"].full_name, _SWEEPS),
    **_of(
        template_service_pb2.DESCRIPTOR.services_by_name["TemplateService"].full_name, _TEMPLATES
    ),
    **_of(key_service_pb2.DESCRIPTOR.services_by_name["KeyService"].full_name, _KEYS),
}
