"""ResumeRuns over gRPC: a restarted agent with the same agent id gets its runs back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc.aio
import pytest
from google.protobuf.message import Message
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.registry_stub import RegistryStub
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


async def _hand_out(registry: Registry, sweep_id: str, agent_id: str, *numbers: int) -> None:
    proposals = [proposal(number) for number in numbers]
    request = create_runs_request(sweep_id, *proposals, agent_id=agent_id)
    assert not (await registry.CreateRuns(request)).conflict


async def _resume(
    registry: Registry, sweep_id: str, agent_id: str, count: int = 100
) -> list[run_pb2.Run]:
    request = internal_pb.ResumeRunsRequest(
        sweep_id=sweep_id, agent_id=agent_id, count=count, request_id=request_id()
    )
    return list((await registry.ResumeRuns(request)).runs)


async def test_an_agent_gets_its_running_runs_with_new_leases(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await _hand_out(registry, sweep.sweep_id, "a", 0, 1)
    await _hand_out(registry, sweep.sweep_id, "b", 2)
    await _hand_out(registry, sweep.sweep_id, "a", 3, 4)
    await finish_run(registry, await get_run(registry, sweep.sweep_id, 1), 1.0)
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id, number=3, attempt=1, rows=[row(7, {"loss": 2.0})]
    )
    await registry.ReportMetrics(report)
    before = {n: await get_run(registry, sweep.sweep_id, n) for n in range(5)}
    resumed = await _resume(registry, sweep.sweep_id, "a")
    assert [run.number for run in resumed] == [0, 3, 4]
    for run in resumed:
        was = before[run.number]
        assert (run.state, run.attempt) == (run_pb2.RUN_STATE_RUNNING, 1)
        assert run.lease_expire_time.ToNanoseconds() > was.lease_expire_time.ToNanoseconds()
        assert run == await get_run(registry, sweep.sweep_id, run.number)
    assert (resumed[1].last_step, dict(resumed[1].summary)) == (7, {"loss": 2.0})
    assert [run.number for run in await _resume(registry, sweep.sweep_id, "a", 2)] == [0, 3]
    assert [run.number for run in await _resume(registry, sweep.sweep_id, "a", 0)] == [0]
    assert await _resume(registry, sweep.sweep_id, "c") == []
    # Runs of other agents did not change.
    for number in (1, 2):
        assert await get_run(registry, sweep.sweep_id, number) == before[number]


async def test_a_repeated_resume_gets_its_first_answer(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await _hand_out(registry, sweep.sweep_id, "a", 0)
    request = internal_pb.ResumeRunsRequest(
        sweep_id=sweep.sweep_id, agent_id="a", count=3, request_id=request_id()
    )
    nothing = internal_pb.ResumeRunsRequest(
        sweep_id=sweep.sweep_id, agent_id="b", count=3, request_id=request_id()
    )
    first, none = await registry.ResumeRuns(request), await registry.ResumeRuns(nothing)
    await _hand_out(registry, sweep.sweep_id, "a", 1)
    await _hand_out(registry, sweep.sweep_id, "b", 2)
    assert [run.number for run in first.runs] == [0]
    assert await registry.ResumeRuns(request) == first
    # The repeated answer is also empty, although the agent got runs in the meantime.
    assert await registry.ResumeRuns(nothing) == none == internal_pb.ResumeRunsResponse()
    request.count = 2
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await registry.ResumeRuns(request)


@pytest.mark.parametrize(
    ("method", "request_type", "state"),
    [
        ("PauseSweep", pb.PauseSweepRequest, sweep_pb2.SWEEP_STATE_PAUSED),
        ("FinishSweep", pb.FinishSweepRequest, sweep_pb2.SWEEP_STATE_FINISHED),
        ("CancelSweep", pb.CancelSweepRequest, sweep_pb2.SWEEP_STATE_CANCELED),
    ],
)
async def test_runs_are_resumed_in_any_state_of_the_sweep(
    registry: Registry,
    method: str,
    request_type: type[Message],
    state: sweep_pb2.SweepState.ValueType,
) -> None:
    sweep = await create_sweep(registry)
    await _hand_out(registry, sweep.sweep_id, "a", 0)
    await getattr(registry, method)(request_type(sweep_id=sweep.sweep_id))
    (run,) = await _resume(registry, sweep.sweep_id, "a")
    assert (await get_sweep(registry, sweep.sweep_id)).state == state
    assert (await finish_run(registry, run, 1.0)).run.state == run_pb2.RUN_STATE_FINISHED


async def test_what_is_wrong_with_a_request_is_said_at_once(registry: Registry) -> None:
    request = internal_pb.ResumeRunsRequest(count=101, request_id="x")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ResumeRuns(request)
    assert set(failure.fields) == {"sweep_id", "agent_id", "count", "request_id"}
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ResumeRuns(internal_pb.ResumeRunsRequest(sweep_id="nothing", agent_id="a"))


async def test_a_lost_run_comes_back_to_its_agent_until_it_is_assigned(
    database_url: str,
) -> None:
    async with (
        registry_server(database_url, lease=timedelta(seconds=5)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry, retries={"lost": 2})
        sweep_id = sweep.sweep_id
        await _hand_out(registry, sweep_id, "a", 0, 1, 2, 3)
        report = pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(5, {"loss": 4.0})]
        )
        await registry.ReportMetrics(report)
        held_2 = await get_run(registry, sweep_id, 2)
        release = pb.ReleaseRunRequest(sweep_id=sweep_id, number=3, attempt=1)
        await registry.ReleaseRun(release)
        await _until_queued(registry, sweep_id, 4)
        await create_runs(registry, sweep_id, proposal(1))
        await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id))
        # A paused sweep assigns no runs.
        assert await _resume(registry, sweep_id, "a") == []
        await registry.ResumeSweep(pb.ResumeSweepRequest(sweep_id=sweep_id))
        # Run 1 belongs to another agent now, and run 3 was released.
        zero, two = await _resume(registry, sweep_id, "a")
        assert [(r.number, r.state, r.attempt) for r in (zero, two)] == [
            (0, run_pb2.RUN_STATE_RUNNING, 1),
            (2, run_pb2.RUN_STATE_RUNNING, 1),
        ]
        assert (zero.last_step, zero.HasField("error")) == (5, False)
        stats = (await get_sweep(registry, sweep_id)).stats
        assert (stats.running_runs, stats.queued_runs) == (3, 1)
        # The agent's earlier process also ends one of the runs: the first call counts, once.
        assert (await finish_run(registry, held_2, 2.0)).run.objective == 2.0
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING"):
            await finish_run(registry, two, 1.0)
        stats = (await get_sweep(registry, sweep_id)).stats
        assert (stats.finished_runs, stats.total_runs) == (1, 4)
        assert stats.best_run.objective == 2.0


async def test_a_run_past_its_lease_can_be_released(database_url: str) -> None:
    """Otherwise a repetition of the rejected request would succeed after a heartbeat."""
    async with (
        registry_server(database_url, lease=timedelta(seconds=4)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep_id = (await create_sweep(registry, retries={"lost": 1})).sweep_id
        await _hand_out(registry, sweep_id, "a", 0, 1)
        await _until_queued(registry, sweep_id, 2)
        release = pb.ReleaseRunRequest(
            sweep_id=sweep_id, number=0, attempt=1, reason="stopped", request_id=request_id()
        )
        released = (await registry.ReleaseRun(release)).run
        assert (released.state, released.error.message) == (run_pb2.RUN_STATE_QUEUED, "stopped")
        assert (await registry.ReleaseRun(release)).run == released
        # Its agent does not get it back by a heartbeat, unlike the other run.
        leases = [pb.RunLease(sweep_id=sweep_id, number=n, attempt=1) for n in (0, 1)]
        statuses = (await registry.Heartbeat(pb.HeartbeatRequest(leases=leases))).statuses
        assert [status.command for status in statuses] == [
            run_pb2.RUN_COMMAND_ABANDON,
            run_pb2.RUN_COMMAND_CONTINUE,
        ]
        assert (await get_sweep(registry, sweep_id)).stats.queued_runs == 1
        # A run that is lost for good is not queued again.
        await _until_lost(registry, sweep_id, 1)
        lost = pb.ReleaseRunRequest(sweep_id=sweep_id, number=1, attempt=1)
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING"):
            await registry.ReleaseRun(lost)


async def _until_queued(registry: Registry, sweep_id: str, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            if (await get_sweep(registry, sweep_id)).stats.queued_runs == count:
                return
            await asyncio.sleep(0.05)


async def _until_lost(registry: Registry, sweep_id: str, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            if (await get_sweep(registry, sweep_id)).stats.lost_runs == count:
                return
            await asyncio.sleep(0.05)


async def test_a_silent_agent_that_works_on_keeps_its_run(database_url: str) -> None:
    """The agent can resume a lost run until the run is assigned to another agent."""
    async with (
        registry_server(database_url, lease=timedelta(seconds=5)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep_id = (await create_sweep(registry)).sweep_id
        await _hand_out(registry, sweep_id, "a", 0, 1, 2)
        beat = pb.HeartbeatRequest(
            leases=[pb.RunLease(sweep_id=sweep_id, number=n, attempt=1) for n in range(3)]
        )
        await _until_queued(registry, sweep_id, 3)
        await create_runs(registry, sweep_id, proposal(1))
        statuses = (await registry.Heartbeat(beat)).statuses
        assert [status.command for status in statuses] == [
            run_pb2.RUN_COMMAND_CONTINUE,
            run_pb2.RUN_COMMAND_ABANDON,
            run_pb2.RUN_COMMAND_CONTINUE,
        ]
        for number in (0, 2):
            run = await get_run(registry, sweep_id, number)
            assert (run.state, run.attempt) == (run_pb2.RUN_STATE_RUNNING, 1)
            assert run.lease_expire_time == statuses[number].expire_time
        stats = (await get_sweep(registry, sweep_id)).stats
        assert (stats.running_runs, stats.queued_runs) == (3, 0)


async def test_leases_that_ran_out_while_no_registry_could_be_reached_do_not_count(
    database_url: str,
) -> None:
    lease = timedelta(seconds=4)
    async with (
        registry_server(database_url, lease=lease) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep_id = (await create_sweep(registry)).sweep_id
        await _hand_out(registry, sweep_id, "alive", 0)
        await _hand_out(registry, sweep_id, "dead", 1)
        before = await get_run(registry, sweep_id, 0)
    await asyncio.sleep(lease.total_seconds() + 0.5)
    async with (
        registry_server(database_url, lease=lease) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        beat = pb.HeartbeatRequest(leases=[pb.RunLease(sweep_id=sweep_id, number=0, attempt=1)])
        async with asyncio.timeout(60):
            while True:
                # Sends heartbeats at an agent's times.
                await asyncio.sleep(lease.total_seconds() / 3)
                await registry.Heartbeat(beat)
                if (await get_sweep(registry, sweep_id)).stats.queued_runs:
                    break
        alive, dead = [await get_run(registry, sweep_id, number) for number in (0, 1)]
        # The run was not considered lost in between.
        assert (alive.state, alive.revision) == (run_pb2.RUN_STATE_RUNNING, before.revision)
        assert dead.state == run_pb2.RUN_STATE_QUEUED
