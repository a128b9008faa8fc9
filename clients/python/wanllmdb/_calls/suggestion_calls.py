"""The suggestion service's RPCs."""

from __future__ import annotations

from wanllmdb._calls.call import Call, each_of, request_id_or_new, sendable
from wanllmdb._types.algorithms import Algorithm, algorithm_from_proto
from wanllmdb._types.suggestions import (
    BestRuns,
    StopDecision,
    Suggestion,
    best_runs_from_proto,
    stop_decision_from_proto,
    suggestion_from_proto,
)
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


@sendable
def suggest(
    sweep_id: str, count: int, agent_id: str, resume: bool, request_id: str | None
) -> Call[Suggestion]:
    return Call(
        pb.SuggestRequest(
            sweep_id=sweep_id,
            count=count,
            agent_id=agent_id,
            resume=resume,
            request_id=request_id_or_new(request_id),
        ),
        suggestion_from_proto,
    )


@sendable
def should_stop(sweep_id: str, number: int) -> Call[StopDecision]:
    request = pb.ShouldStopRequest(sweep_id=sweep_id, number=number)
    # Training must not wait.
    return Call(request, stop_decision_from_proto, waits=False)


@sendable
def get_best_runs(sweep_id: str, count: int) -> Call[BestRuns]:
    return Call(pb.GetBestRunsRequest(sweep_id=sweep_id, count=count), best_runs_from_proto)


@sendable
def list_algorithms() -> Call[tuple[Algorithm, ...]]:
    return Call(pb.ListAlgorithmsRequest(), each_of("algorithms", algorithm_from_proto))
