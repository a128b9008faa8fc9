"""What a caller's key must allow for each RPC of the suggestion server.

Checked before a call gets near a model, so that who has no rights delays nobody. What it
then does with a sweep's data the registry judges once more, by the same key.
"""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb.api.suggestion.v1 import analysis_service_pb2, suggestion_service_pb2
from wanllmdb_common.calls.authorization import Access, AccessTable, Need, OnSweep, of_service
from wanllmdb_common.calls.caller import Role
from wanllmdb_suggestion.analysis.requests import MAX_SWEEPS

_THE_SWEEP = "the sweep's project"


def _on_sweep(role: Role) -> Access:
    return Access(role, _THE_SWEEP, lambda request: (OnSweep(request.sweep_id, role),))


def _each_sweep(
    request: analysis_service_pb2.GetEdfRequest | analysis_service_pb2.CompareSweepsRequest,
) -> Iterator[Need]:
    # More are refused without a look at any.
    if len(request.sweep_ids) <= MAX_SWEEPS:
        for sweep_id in request.sweep_ids:
            yield OnSweep(sweep_id, Role.READER)


_READS_SWEEP = _on_sweep(Role.READER)
_READS_SWEEPS = Access(Role.READER, "the project of each sweep", _each_sweep)

_SUGGESTION = {
    "Suggest": _on_sweep(Role.AGENT),
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
