"""What the audit log says of each RPC of the suggestion service that changes something."""

from __future__ import annotations

from collections.abc import Mapping

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.calls.audit import AuditTable, numbers, text


def _suggest(
    request: pb.SuggestRequest, response: pb.SuggestResponse | None
) -> Mapping[str, object]:
    runs = () if response is None else response.runs
    return {
        "sweep_id": text(request.sweep_id),
        "agent_id": text(request.agent_id),
        "numbers": numbers(run.number for run in runs),
    }


_SERVICE = pb.DESCRIPTOR.services_by_name["SuggestionService"].full_name

AUDIT_TABLE: AuditTable = {f"/{_SERVICE}/Suggest": _suggest}
