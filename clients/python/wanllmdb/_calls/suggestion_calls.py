"""The suggestion service's RPCs."""

from __future__ import annotations

from collections.abc import Iterable

from wanllmdb._calls import run_calls
from wanllmdb._calls.call import Call, each_of, request_id_or_new, sendable
from wanllmdb._types.algorithms import Algorithm, algorithm_from_proto
from wanllmdb._types.suggestions import (
    BestRuns,
    RunEnd,
    StopDecision,
    Suggestion,
    best_runs_from_proto,
    stop_decision_from_proto,
    suggestion_from_proto,
)
from wanllmdb.api.registry.v1.registry_service_pb2 import FinishRunRequest
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


@sendable
def suggest(
    sweep_id: str,
    count: int,
    agent_id: str,
    resume: bool,
    request_id: str | None,
    ended_runs: Iterable[RunEnd],
) -> Call[Suggestion]:
    return Call(
        pb.SuggestRequest(
            sweep_id=sweep_id,
            count=count,
            agent_id=agent_id,
            resume=resume,
            request_id=request_id_or_new(request_id),
            ended_runs=[_finish_run_request(sweep_id, end) for end in ended_runs],
        ),
        suggestion_from_proto,
    )


def _finish_run_request(sweep_id: str, end: RunEnd) -> FinishRunRequest:
    call = run_calls.finish_run(
        sweep_id, end.number, end.attempt, end.outcome, end.rows, end.config, end.request_id
    )
    assert isinstance(call.request, FinishRunRequest)
    return call.request


def suggest_after(end: FinishRunRequest, agent_id: str, request_id: str) -> Call[Suggestion]:
    """Suggest for one run, which brings the end of the run before as an agent has spooled it.

    The call does not wait for an unavailable service, because FinishRun can deliver the end.
    """
    request = pb.SuggestRequest(
        sweep_id=end.sweep_id,
        count=1,
        agent_id=agent_id,
        request_id=request_id,
        ended_runs=[end],
    )
    return Call(request, suggestion_from_proto, waits=False)


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
