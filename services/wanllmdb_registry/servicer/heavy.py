"""Which calls keep a processor busy for long, so that of each caller one at a time is enough."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.call import Call

# More rows than this are a heavy page.
LIGHT_ROWS = 200

_ALWAYS = frozenset(
    {"GetParallelCoordinates", "GetTimeline", "ImportRuns", "ParseSweepConfig", "CreateTemplate"}
)


def is_heavy(call: Call) -> bool:
    """By the request alone: what it may bring up, not what it will."""
    if call.rpc in _ALWAYS:
        return True
    match call.request:
        case pb.SyncRunsRequest():
            # What changed of late is little; a study that knows nothing takes all.
            return not call.request.since_revision
        case pb.ListRunsRequest() | pb.ListPriorRunsRequest():
            return call.request.page_size > LIGHT_ROWS
        case pb.GetMetricHistoryRequest():
            return not 0 < call.request.page_size <= LIGHT_ROWS
    return False
