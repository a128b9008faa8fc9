"""Ends of runs that come with calls of the suggestion service, over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb


def end_of(run: run_pb2.Run, objective: float = 1.0) -> pb.FinishRunRequest:
    """Return the request that finishes a run."""
    return pb.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        rows=[row(0, {"loss": objective})],
        succeeded=pb.RunSucceeded(),
        request_id=request_id(),
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """What one of the calls returned: the results of the ends, and whether it assigned a run."""

    results: list[pb.FinishRunResult]
    assigned: bool


async def with_create(registry: Registry, sweep_id: str, *ends: pb.FinishRunRequest) -> Sent:
    next_number = (await get_sweep(registry, sweep_id)).stats.total_runs
    request = create_runs_request(sweep_id, proposal(next_number))
    request.ended_runs.extend(ends)
    answer = await registry.CreateRuns(request)
    return Sent(list(answer.ended_runs), bool(answer.results[0].runs))


async def with_sync(registry: Registry, sweep_id: str, *ends: pb.FinishRunRequest) -> Sent:
    sync = internal_pb.SyncRunsRequest(sweep_id=sweep_id)
    request = internal_pb.FinishRunsRequest(sweep_id=sweep_id, ended_runs=ends, sync=sync)
    answer = await registry.FinishRuns(request)
    stats = (await get_sweep(registry, sweep_id)).stats
    assert len(answer.changes.runs) == stats.total_runs
    assert answer.changes.revision > 0
    return Sent(list(answer.ended_runs), assigned=False)


async def alone(registry: Registry, sweep_id: str, *ends: pb.FinishRunRequest) -> Sent:
    request = internal_pb.FinishRunsRequest(sweep_id=sweep_id, ended_runs=ends)
    answer = await registry.FinishRuns(request)
    assert not answer.HasField("changes")
    return Sent(list(answer.ended_runs), assigned=False)


Send: TypeAlias = Callable[..., Awaitable[Sent]]

each_call = pytest.mark.parametrize("send", [with_create, with_sync, alone])


@each_call
async def test_a_call_ends_runs_as_finish_run_does(registry: Registry, send: Send) -> None:
    sweep = await create_sweep(registry)
    first, second = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    ends = [end_of(second, 2.0), end_of(first, 1.0)]
    sent = await send(registry, sweep.sweep_id, *ends)
    assert [r.response.run.number for r in sent.results] == [1, 0]
    assert [r.response.best_run.number for r in sent.results] == [1, 0]
    assert [await registry.FinishRun(end) for end in ends] == [r.response for r in sent.results]
    run = await get_run(registry, sweep.sweep_id, 0)
    assert (run.state, run.objective) == (run_pb2.RUN_STATE_FINISHED, 1.0)


@each_call
async def test_an_end_that_finish_run_brought_gets_the_stored_answer(
    registry: Registry, send: Send
) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    end = end_of(run)
    stored = await registry.FinishRun(end)
    revision = (await get_sweep(registry, sweep.sweep_id)).revision
    for _ in range(2):
        sent = await send(registry, sweep.sweep_id, end)
        assert sent.results == [pb.FinishRunResult(response=stored)]
    if send is not with_create:
        assert (await get_sweep(registry, sweep.sweep_id)).revision == revision


@each_call
async def test_a_rejected_end_fails_alone(registry: Registry, send: Send) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    reused = end_of(runs[2])
    await registry.FinishRun(reused)
    reused.succeeded.objective = 5.0
    bad_value = end_of(runs[1])
    bad_value.ClearField("outcome")
    missing = end_of(runs[0])
    missing.number = 77
    await registry.ReleaseRun(
        pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1, request_id=request_id())
    )
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    ends = [end_of(runs[0]), bad_value, missing, reused, end_of(again)]
    sent = await send(registry, sweep.sweep_id, *ends)
    assert sent.assigned == (send is with_create)
    assert [(r.error.code, r.error.reason) for r in sent.results] == [
        (StatusCode.FAILED_PRECONDITION.value[0], "RUN_LEASE_LOST"),
        (StatusCode.INVALID_ARGUMENT.value[0], "INVALID_REQUEST"),
        (StatusCode.NOT_FOUND.value[0], "RUN_NOT_FOUND"),
        (StatusCode.INVALID_ARGUMENT.value[0], "REQUEST_ID_REUSED"),
        (0, ""),
    ]
    assert sent.results[2].error.metadata["number"] == "77"
    assert "outcome" in sent.results[1].error.message
    assert sent.results[4].response.run.state == run_pb2.RUN_STATE_FINISHED


async def test_an_end_stays_though_no_run_can_be_assigned(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=1)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    request = create_runs_request(sweep.sweep_id, proposal(1))
    request.ended_runs.append(end_of(run))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING"):
        await registry.CreateRuns(request)
    stored = await get_sweep(registry, sweep.sweep_id)
    assert stored.state == sweep_pb2.SWEEP_STATE_FINISHED
    assert stored.stats.finished_runs == 1


async def test_an_end_stays_in_a_conflict(registry: Registry) -> None:
    sweep = await create_sweep(registry, retries={"failed": 1})
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    request = create_runs_request(sweep.sweep_id, proposal(1))
    end = end_of(run)
    end.failed.error.message = "boom"
    request.ended_runs.append(end)
    answer = await registry.CreateRuns(request)
    # The failed run is queued again, and goes before new ones.
    assert answer.conflict
    assert answer.ended_runs[0].response.run.state == run_pb2.RUN_STATE_QUEUED
    request.requests[0].proposals[0].CopyFrom(proposal(0))
    again = await registry.CreateRuns(request)
    assert not again.conflict
    assert again.ended_runs == answer.ended_runs
    assert [run.attempt for run in again.results[0].runs] == [2]


async def test_ends_of_other_sweeps_are_rejected(registry: Registry) -> None:
    sweep, other = await create_sweep(registry), await create_sweep(registry)
    (run,) = await create_runs(registry, other.sweep_id, proposal(0))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await alone(registry, sweep.sweep_id, end_of(run))
    assert "ended_runs[0].sweep_id" in failure.fields
    assert (await get_run(registry, other.sweep_id, 0)).state == run_pb2.RUN_STATE_RUNNING


async def test_a_result_without_room_is_empty_and_stored(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(20)))
    config = {"text": search_space_pb2.ParameterValue(string_value="x" * 250_000)}
    for run in runs:
        request = pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=run.sweep_id, number=run.number, config=config),
            update_mask=field_mask_pb2.FieldMask(paths=["config"]),
        )
        await registry.UpdateRun(request)
    ends = [end_of(run) for run in runs]
    sent = await with_sync(registry, sweep.sweep_id, *ends)
    whole = [result.HasField("response") for result in sent.results]
    assert whole == [True] * 16 + [False] * 4
    assert (await get_sweep(registry, sweep.sweep_id)).stats.finished_runs == 20
    assert (await registry.FinishRun(ends[-1])).run.number == 19
