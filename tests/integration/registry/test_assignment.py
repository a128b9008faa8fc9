"""Runs over gRPC: handed out, all or nothing, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
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
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto, parameters_to_proto


async def test_the_first_assignment_starts_the_sweep_and_keeps_types(registry: Registry) -> None:
    parameters: dict[str, Any] = {
        "b": {"values": [32, 0.5, "adam", None, True, [1, {"a": 2.0}], 1e20]}
    }
    sweep = await create_sweep(registry, parameters=parameters)
    proposals = [
        internal_pb.RunProposal(number=i, parameters=parameters_to_proto({"b": value}))
        for i, value in enumerate(parameters["b"]["values"])
    ]
    runs = await create_runs(registry, sweep.sweep_id, *proposals)
    for run, value in zip(runs, parameters["b"]["values"], strict=True):
        stored = await get_run(registry, sweep.sweep_id, run.number)
        got = parameters_from_proto(stored.parameters)["b"]
        assert (got, type(got)) == (value, type(value))
        assert (run.state, run.attempt) == (run_pb2.RUN_STATE_RUNNING, 1)
        assert run.HasField("lease_expire_time")
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.state == sweep_pb2.SWEEP_STATE_RUNNING
    assert after.stats.running_runs == len(runs)


async def test_a_repeated_suggest_gets_the_same_runs(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0), proposal(1))
    first = await registry.CreateRuns(request)
    # Meanwhile the sweep went on, and the service would propose something else.
    await create_runs(registry, sweep.sweep_id, proposal(2))
    request.requests[0].proposals[0].number = 3
    again = await registry.CreateRuns(request)
    assert again.results[0].answered_before
    assert again.results[0].runs == first.results[0].runs
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 3


async def test_a_repeated_suggest_of_a_deleted_sweep_gets_the_same_runs(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0))
    first = await registry.CreateRuns(request)
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
    again = await registry.CreateRuns(request)
    assert again.results[0].answered_before
    assert again.results[0].runs == first.results[0].runs
    request.requests[0].request_id = request_id()
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.CreateRuns(request)


async def test_an_id_twice_in_one_request_is_rejected(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0))
    request.requests.append(request.requests[0])
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.CreateRuns(request)
    assert failure.fields.keys() == {"requests"}


async def test_one_stale_or_reused_request_writes_nothing_for_the_batch(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    first = create_runs_request(sweep.sweep_id, proposal(0))
    second = create_runs_request(sweep.sweep_id, proposal(1))
    await registry.CreateRuns(first)
    await registry.CreateRuns(second)
    batch = create_runs_request(sweep.sweep_id, proposal(2))
    batch.requests.append(first.requests[0])
    reused = create_runs_request(
        sweep.sweep_id, proposal(3), agent_id="other", request_id=second.requests[0].request_id
    )
    batch.requests.append(reused.requests[0])
    response = await registry.CreateRuns(batch)
    assert response.conflict
    assert [r.answered_before for r in response.results] == [False, True, False]
    assert [r.request_id_reused for r in response.results] == [False, False, True]
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 2


@pytest.mark.parametrize("numbers", [[1], [0, 2], [0, 0]])
async def test_numbers_that_do_not_follow_are_a_conflict(
    registry: Registry, numbers: list[int]
) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, *map(proposal, numbers))
    assert (await registry.CreateRuns(request)).conflict
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 0


@pytest.mark.parametrize("wish", [{"x": 0.25, "n": 3}, {"n": 3}], ids=["whole", "in part"])
async def test_a_proposal_that_does_not_know_of_a_queued_run_leaves_it_as_it_is(
    registry: Registry, wish: dict[str, Any]
) -> None:
    """The proposal is for a new run, but a user queued a point under its number meanwhile."""
    sweep = await create_sweep(registry)
    queued = await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(
            sweep_id=sweep.sweep_id,
            runs=[pb.EnqueuedRun(parameters=parameters_to_proto(wish))],
            request_id=request_id(),
        )
    )
    unaware = create_runs_request(sweep.sweep_id, proposal(0, x=0.75, n=1))
    assert (await registry.CreateRuns(unaware)).conflict
    before, after = queued.runs[0], await get_run(registry, sweep.sweep_id, 0)
    assert (after.revision, after.parameters) == (before.revision, before.parameters)
    aware = create_runs_request(sweep.sweep_id, proposal(0, x=0.25, n=3))
    (result,) = (await registry.CreateRuns(aware)).results
    assert parameters_from_proto(result.runs[0].parameters) == {"x": 0.25, "n": 3}


async def test_racing_writers_never_pass_the_cap_or_leave_a_gap(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=40)
    numbers: list[int] = []

    async def agent() -> None:
        while True:
            next_number = (
                await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
            ).next_number
            if next_number >= 40:
                return
            request = create_runs_request(sweep.sweep_id, proposal(next_number))
            response = await registry.CreateRuns(request)
            numbers.extend(run.number for run in response.results[0].runs)

    await asyncio.gather(*(agent() for _ in range(16)))
    assert sorted(numbers) == list(range(40))
    over = create_runs_request(sweep.sweep_id, proposal(40))
    assert (await registry.CreateRuns(over)).conflict


@pytest.mark.parametrize("state", ["paused", "finished", "canceled"])
async def test_a_sweep_that_does_not_run_hands_out_nothing(registry: Registry, state: str) -> None:
    sweep = await create_sweep(registry)
    ident = sweep.sweep_id
    if state == "paused":
        await registry.StartSweep(pb.StartSweepRequest(sweep_id=ident))
        await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=ident))
    elif state == "finished":
        await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=ident))
    else:
        await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=ident))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING") as failure:
        await registry.CreateRuns(create_runs_request(ident, proposal(0)))
    assert failure.metadata["state"] == state.upper()


async def test_a_finished_sweep_keeps_the_answer_without_runs(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    request = create_runs_request(sweep.sweep_id)
    first = await registry.CreateRuns(request)
    assert (first.conflict, [list(r.runs) for r in first.results]) == (False, [[]])
    again = await registry.CreateRuns(request)
    assert [(list(r.runs), r.answered_before) for r in again.results] == [([], True)]
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING"):
        await registry.CreateRuns(create_runs_request(sweep.sweep_id, proposal(0)))


async def test_earlier_answers_alone_are_asked_for_in_any_state(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    answered = create_runs_request(sweep.sweep_id, proposal(0))
    first = await registry.CreateRuns(answered)
    new = create_runs_request(sweep.sweep_id)
    for state in ("PAUSED", "CANCELED"):
        if state == "PAUSED":
            await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id))
        else:
            await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
        request = internal_pb.CreateRunsRequest(
            sweep_id=sweep.sweep_id,
            requests=[answered.requests[0], new.requests[0]],
            earlier_answers_only=True,
        )
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            await registry.CreateRuns(request)
        del request.requests[0].proposals[:]
        got = await registry.CreateRuns(request)
        assert [r.answered_before for r in got.results] == [True, False]
        assert (got.conflict, got.results[0].runs) == (True, first.results[0].runs)
