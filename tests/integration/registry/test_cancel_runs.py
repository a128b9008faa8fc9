"""CancelRuns over gRPC: users stop runs of a sweep that goes on."""

from __future__ import annotations

from typing import Any

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
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_registry.store import unit_reads

QUEUED, RUNNING = run_pb2.RUN_STATE_QUEUED, run_pb2.RUN_STATE_RUNNING
CANCELED, FINISHED = run_pb2.RUN_STATE_CANCELED, run_pb2.RUN_STATE_FINISHED
FAILED = run_pb2.RUN_STATE_FAILED
STOP, CONTINUE = run_pb2.RUN_COMMAND_STOP, run_pb2.RUN_COMMAND_CONTINUE
ABANDON = run_pb2.RUN_COMMAND_ABANDON


def cancel(sweep_id: str, *numbers: int, reason: str = "") -> pb.CancelRunsRequest:
    return pb.CancelRunsRequest(
        sweep_id=sweep_id, numbers=numbers, reason=reason, request_id=request_id()
    )


async def enqueue(registry: Registry, sweep_id: str, count: int) -> None:
    runs = [pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.5}))] * count
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=runs, request_id=request_id())
    )


async def get_run(registry: Registry, sweep_id: str, number: int) -> run_pb2.Run:
    return (await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=number))).run


async def end(registry: Registry, run: run_pb2.Run, outcome: str, **fields: Any) -> run_pb2.Run:
    request = pb.FinishRunRequest(
        sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, request_id=request_id()
    )
    getattr(request, outcome).SetInParent()
    for name, value in fields.items():
        setattr(getattr(request, outcome), name, value)
    return (await registry.FinishRun(request)).run


async def beat(registry: Registry, run: run_pb2.Run) -> run_pb2.RunCommand.ValueType:
    lease = pb.RunLease(sweep_id=run.sweep_id, number=run.number, attempt=run.attempt)
    (status,) = (await registry.Heartbeat(pb.HeartbeatRequest(leases=[lease]))).statuses
    return status.command


async def report(registry: Registry, run: run_pb2.Run) -> run_pb2.RunCommand.ValueType:
    request = pb.ReportMetricsRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        rows=[row((await get_run(registry, run.sweep_id, run.number)).last_step + 1, {"a": 1.0})],
        request_id=request_id(),
    )
    return (await registry.ReportMetrics(request)).command


async def test_each_run_is_canceled_stopped_or_left_by_its_state(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await enqueue(registry, sweep.sweep_id, 2)
    running, other = await create_runs(
        registry, sweep.sweep_id, proposal(0, x=0.5), proposal(1, x=0.5)
    )
    await finish_run(registry, other, 0.5)
    await enqueue(registry, sweep.sweep_id, 1)
    request = cancel(sweep.sweep_id, 2, 0, 1, reason="diverges")
    reply = await registry.CancelRuns(request)
    assert list(reply.canceled_numbers) == [2]
    assert list(reply.stopping_numbers) == [0]
    assert list(reply.ended_numbers) == [1]
    stats = reply.sweep.stats
    assert (stats.queued_runs, stats.running_runs, stats.canceled_runs) == (0, 1, 1)
    stopping, queued = [await get_run(registry, sweep.sweep_id, n) for n in (0, 2)]
    assert (stopping.state, stopping.stop_requested) == (RUNNING, True)
    assert (queued.state, queued.stop_requested) == (CANCELED, False)
    assert stopping.error.message == queued.error.message == "canceled by request: diverges"
    assert (await get_run(registry, sweep.sweep_id, 1)).state == FINISHED
    # The agent learns it with its next heartbeat and its next report.
    assert await beat(registry, running) == STOP
    assert await report(registry, running) == STOP
    ended = await end(registry, running, "canceled", reason="the run was canceled")
    assert (ended.state, ended.error.message) == (CANCELED, "canceled by request: diverges")
    # The sweep goes on; the same request, much later, returns the same answer.
    assert await registry.CancelRuns(request) == reply
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(3, x=0.1))
    assert await beat(registry, again) == CONTINUE


async def test_a_result_of_an_agent_that_has_not_heard_the_command_counts(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, retries={"failed": 3})
    done, broken = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await registry.CancelRuns(cancel(sweep.sweep_id, 0, 1))
    finished = (await finish_run(registry, done, 0.25)).run
    assert (finished.state, finished.objective) == (FINISHED, 0.25)
    assert not finished.HasField("error")
    # A failed run that was to stop is not tried again.
    assert (await end(registry, broken, "failed")).state == FAILED
    stats = (await get_sweep(registry, sweep.sweep_id)).stats
    assert (stats.finished_runs, stats.failed_runs, stats.queued_runs) == (1, 1, 0)
    assert stats.best_run.number == 0


async def test_a_run_that_is_given_back_is_canceled_and_ends_the_sweep_at_its_cap(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await finish_run(registry, runs[1], 0.5)
    await registry.CancelRuns(cancel(sweep.sweep_id, 0))
    request = pb.ReleaseRunRequest(
        sweep_id=sweep.sweep_id, number=0, attempt=1, reason="preempted", request_id=request_id()
    )
    assert (await registry.ReleaseRun(request)).run.state == CANCELED
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP
    assert await beat(registry, runs[0]) == ABANDON


async def test_a_canceled_queue_ends_a_sweep_at_its_cap_in_every_state(registry: Registry) -> None:
    paused = await create_sweep(registry, run_cap=1)
    await registry.StartSweep(pb.StartSweepRequest(sweep_id=paused.sweep_id))
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=paused.sweep_id))
    await enqueue(registry, paused.sweep_id, 1)
    reply = await registry.CancelRuns(cancel(paused.sweep_id, 0))
    assert reply.sweep.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP
    # A sweep that has not started ends when it starts, by StartSweep or by its first Suggest.
    for by_suggest in (False, True):
        sweep = await create_sweep(registry, run_cap=1)
        await enqueue(registry, sweep.sweep_id, 1)
        reply = await registry.CancelRuns(cancel(sweep.sweep_id, 0))
        assert reply.sweep.state == sweep_pb2.SWEEP_STATE_PENDING
        if by_suggest:
            await registry.CreateRuns(create_runs_request(sweep.sweep_id))
        else:
            await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep.sweep_id))
        after = await get_sweep(registry, sweep.sweep_id)
        assert after.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


async def test_a_canceled_run_of_an_ended_sweep_stops_too(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    assert await beat(registry, run) == CONTINUE
    await registry.CancelRuns(cancel(sweep.sweep_id, 0))
    assert await beat(registry, run) == STOP


async def test_an_agent_that_has_restarted_gets_its_run_back_and_hears_the_command(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await registry.CancelRuns(cancel(sweep.sweep_id, 0))
    request = internal_pb.ResumeRunsRequest(
        sweep_id=sweep.sweep_id, agent_id=run.agent_id, request_id=request_id()
    )
    (back,) = (await registry.ResumeRuns(request)).runs
    assert (back.number, back.attempt, back.stop_requested) == (0, 1, True)
    assert await beat(registry, back) == STOP


async def test_a_retry_clears_the_mark(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await registry.CancelRuns(cancel(sweep.sweep_id, 0))
    await end(registry, run, "canceled")
    await registry.RetryRuns(
        pb.RetryRunsRequest(sweep_id=sweep.sweep_id, numbers=[0], request_id=request_id())
    )
    assert not (await get_run(registry, sweep.sweep_id, 0)).stop_requested
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (again.attempt, await beat(registry, again)) == (2, CONTINUE)


async def test_every_problem_of_a_request_is_reported_and_nothing_is_canceled(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    await enqueue(registry, sweep.sweep_id, 1)
    for numbers, field in (
        ((), "numbers"),
        (tuple(range(1001)), "numbers"),
        ((0, 0), "numbers"),
        ((0, -1), "numbers[1]"),
    ):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
            await registry.CancelRuns(cancel(sweep.sweep_id, *numbers))
        assert list(failure.fields) == [field]
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND") as failure:
        await registry.CancelRuns(cancel(sweep.sweep_id, 0, 1))
    assert "has no run 1" in failure.message
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND") as failure:
        await registry.CancelRuns(cancel(sweep.sweep_id, 0, 3, 2))
    assert "has no runs 2, 3" in failure.message
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.CancelRuns(cancel(sweep.sweep_id, 0, reason="x" * 4001))
    assert list(failure.fields) == ["reason"]
    assert (await get_run(registry, sweep.sweep_id, 0)).state == QUEUED


async def test_runs_too_large_to_be_read_together_are_named(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = await create_sweep(registry)
    await enqueue(registry, sweep.sweep_id, 3)
    monkeypatch.setattr(unit_reads, "LOADED_BYTES", 1)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.CancelRuns(cancel(sweep.sweep_id, 0, 1, 2))
    assert "cancel the first 1 runs" in failure.fields["numbers"]
    reply = await registry.CancelRuns(cancel(sweep.sweep_id, 0))
    assert list(reply.canceled_numbers) == [0]
