"""Sweeps over gRPC: the best run, and the ways in which a sweep ends."""

from __future__ import annotations

import asyncio
import random

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    finish_run,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
async def test_the_best_run_is_the_true_best_and_the_earlier_of_equals(
    registry: Registry, goal: str
) -> None:
    sweep = await create_sweep(registry, metric={"name": "loss", "goal": goal})
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(20)))
    objectives = [float(i * 7 % 5) for i in range(20)]
    order = random.Random(1).sample(range(20), 20)
    await asyncio.gather(*(finish_run(registry, runs[i], objectives[i]) for i in order))
    best = (min if goal == "minimize" else max)(objectives)
    stats = (await registry.GetSweepStats(pb.GetSweepStatsRequest(sweep_id=sweep.sweep_id))).stats
    assert stats.best_run.objective == best
    assert stats.best_run.number == objectives.index(best)
    assert stats.finished_runs == 20


async def test_a_sweep_finishes_when_its_cap_is_used_up_and_its_runs_ended(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    assert (await finish_run(registry, runs[0], 1.0)).sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    assert (await finish_run(registry, runs[1], 2.0)).sweep_state == sweep_pb2.SWEEP_STATE_FINISHED
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


async def test_a_sweep_finishes_when_its_space_is_exhausted(registry: Registry) -> None:
    sweep = await create_sweep(registry, method="grid", parameters={"n": {"values": [1]}})
    request = create_runs_request(sweep.sweep_id, proposal(0))
    request.space_exhausted = True
    (run,) = (await registry.CreateRuns(request)).results[0].runs
    await finish_run(registry, run, 1.0)
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED


async def test_a_met_target_finishes_the_sweep_and_cancels_what_waits(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric={"name": "loss", "target": 0.5})
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun()])
    )
    await finish_run(registry, runs[0], 0.5)
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_TARGET_REACHED
    assert (after.stats.canceled_runs, after.stats.running_runs) == (1, 1)
    # Running runs may finish, and their results count.
    await finish_run(registry, runs[1], 0.25)
    assert (await get_sweep(registry, sweep.sweep_id)).stats.best_run.number == 1


async def test_too_many_failed_runs_end_the_sweep(registry: Registry) -> None:
    sweep = await create_sweep(registry, max_failed_runs=2, retries={"failed": 1})
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun()])
    )

    async def fail(number: int, attempt: int) -> pb.FinishRunResponse:
        error = run_pb2.RunError(message=f"no memory on {number}\nand more lines")
        return await registry.FinishRun(
            pb.FinishRunRequest(
                sweep_id=sweep.sweep_id,
                number=number,
                attempt=attempt,
                failed=pb.RunFailed(error=error),
            )
        )

    # Queued again, the runs are not FAILED yet.
    for number in range(2):
        assert (await fail(number, 1)).run.state == run_pb2.RUN_STATE_QUEUED
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(2)))
    assert (await fail(0, 2)).sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    assert (await fail(1, 2)).sweep_state == sweep_pb2.SWEEP_STATE_FAILED
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.end_message == (
        "2 runs failed; max_failed_runs is 2. The last failed run, run 1: no memory on 1"
    )
    assert after.finish_reason == sweep_pb2.FINISH_REASON_UNSPECIFIED
    stats = after.stats
    assert (stats.failed_runs, stats.canceled_runs, stats.running_runs) == (2, 1, 1)
    # Running runs may end, and are not retried.
    assert (await fail(2, 1)).run.state == run_pb2.RUN_STATE_FAILED
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_STATE_CONFLICT"):
        await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))


async def test_every_end_says_why(registry: Registry) -> None:
    async def message(sweep_id: str) -> str:
        return (await get_sweep(registry, sweep_id)).end_message

    capped = await create_sweep(registry, run_cap=1)
    assert await message(capped.sweep_id) == ""
    (run,) = await create_runs(registry, capped.sweep_id, proposal(0))
    await finish_run(registry, run, 1.0)
    assert "run_cap is 1" in await message(capped.sweep_id)

    aimed = await create_sweep(registry, metric={"name": "loss", "target": 0.5})
    (run,) = await create_runs(registry, aimed.sweep_id, proposal(0))
    await finish_run(registry, run, 0.25)
    expected = "run 0 reached the target: loss is 0.25, the target is 0.5"
    assert await message(aimed.sweep_id) == expected

    canceled = await create_sweep(registry)
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=canceled.sweep_id))
    assert await message(canceled.sweep_id) == "canceled by request"


@pytest.mark.parametrize(
    ("message", "expected"), [("", "finished by request"), ("good enough", "good enough")]
)
async def test_a_user_finishes_a_sweep_with_a_message(
    registry: Registry, message: str, expected: str
) -> None:
    sweep = await create_sweep(registry)
    request = pb.FinishSweepRequest(
        sweep_id=sweep.sweep_id, message=message, request_id=request_id()
    )
    after = (await registry.FinishSweep(request)).sweep
    assert (await registry.FinishSweep(request)).sweep == after
    assert after.finish_reason == sweep_pb2.FINISH_REASON_REQUESTED
    assert after.end_message == expected


async def test_the_suggestion_service_finishes_a_sweep_by_its_terminator(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    request = internal_pb.TerminateSweepRequest(
        sweep_id=sweep.sweep_id, message="no improvement in 20 runs", request_id=request_id()
    )
    after = (await registry.TerminateSweep(request)).sweep
    assert (await registry.TerminateSweep(request)).sweep == after
    assert after.finish_reason == sweep_pb2.FINISH_REASON_TERMINATED
    assert after.end_message == "no improvement in 20 runs"
