"""Access rule and audit line of each RPC of the suggestion service.

Access is checked before a call reaches a model, so that a caller without rights delays no other
caller. The registry checks the same key again before it returns a sweep's data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wanllmdb.api.suggestion.v1 import analysis_service_pb2, suggestion_service_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.calls.audit import AuditTable, ends, numbers, text
from wanllmdb_common.calls.authorization import Access, AccessTable, Need, OnSweep, of_service
from wanllmdb_common.calls.caller import Role
from wanllmdb_suggestion.rpc.validation import MAX_SWEEPS

_THE_SWEEP = "the sweep's project"


def _on_sweep(role: Role) -> Access:
    return Access(role, _THE_SWEEP, lambda request: (OnSweep(request.sweep_id, role),))


def _each_sweep(
    request: analysis_service_pb2.GetEdfRequest | analysis_service_pb2.CompareSweepsRequest,
) -> Iterator[Need]:
    # A request with more sweeps is rejected before any of them is read.
    if len(request.sweep_ids) <= MAX_SWEEPS:
        for sweep_id in request.sweep_ids:
            yield OnSweep(sweep_id, Role.READER)


def _needs_of_suggest(request: pb.SuggestRequest) -> Iterator[Need]:
    yield OnSweep(request.sweep_id, Role.AGENT)
    for end in request.ended_runs:
        if end.sweep_id:
            yield OnSweep(end.sweep_id, Role.AGENT)


_READS_SWEEP = _on_sweep(Role.READER)
_READS_SWEEPS = Access(Role.READER, "the project of each sweep", _each_sweep)

_SUGGESTION = {
    "Suggest": Access(Role.AGENT, _THE_SWEEP, _needs_of_suggest),
    "ShouldStop": _READS_SWEEP,
    "GetBestRuns": _READS_SWEEP,
    "ListAlgorithms": Access(Role.READER, "any project"),
}

_ANALYSIS = {
    "GetParameterImportance": _READS_SWEEP,
    "GetOptimizationHistory": _READS_SWEEP,
    "GetHypervolumeHistory": _READS_SWEEP,
    "GetSlices": _READS_SWEEP,
    "GetContour": _READS_SWEEP,
    "GetEdf": _READS_SWEEPS,
    "GetCorrelations": _READS_SWEEP,
    "CompareSweeps": _READS_SWEEPS,
}

ACCESS: AccessTable = {
    **of_service(
        suggestion_service_pb2.DESCRIPTOR.services_by_name["SuggestionService"].full_name,
        _SUGGESTION,
    ),
    **of_service(
        analysis_service_pb2.DESCRIPTOR.services_by_name["AnalysisService"].full_name, _ANALYSIS
    ),
}


def _suggest(
    request: pb.SuggestRequest, response: pb.SuggestResponse | None
) -> Mapping[str, object]:
    runs = () if response is None else response.runs
    return {
        "sweep_id": text(request.sweep_id),
        "agent_id": text(request.agent_id),
        "numbers": numbers(run.number for run in runs),
        "ended_runs": ends(request.ended_runs, () if response is None else response.ended_runs),
    }


_SERVICE = pb.DESCRIPTOR.services_by_name["SuggestionService"].full_name

AUDIT_TABLE: AuditTable = {f"/{_SERVICE}/Suggest": _suggest}
