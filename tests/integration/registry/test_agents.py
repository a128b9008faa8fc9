"""ListAgents and GetServerInfo over gRPC."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime, timedelta

from grpc import StatusCode

from tests.conftest import LEASE
from tests.errors import rpc_fails
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    finish_run,
    proposal,
)
from wanllmdb.api.registry.v1 import activity_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto


async def assign(
    registry: Registry, sweep_id: str, agent_id: str, *numbers: int
) -> list[run_pb2.Run]:
    request = create_runs_request(sweep_id, *map(proposal, numbers), agent_id=agent_id)
    return list((await registry.CreateRuns(request)).results[0].runs)


async def agents_of(
    registry: Registry, sweep_id: str, *, page_size: int = 0, idle: bool = True
) -> list[activity_pb2.Agent]:
    found: list[activity_pb2.Agent] = []
    request = activity_pb2.ListAgentsRequest(
        sweep_id=sweep_id, include_idle=idle, page_size=page_size
    )
    while True:
        page = await registry.ListAgents(request)
        found += page.agents
        if not page.next_page_token:
            return found
        assert len(page.agents) == page_size
        request.page_token = page.next_page_token


async def end(registry: Registry, run: run_pb2.Run, outcome: str) -> run_pb2.Run:
    request = pb.FinishRunRequest(sweep_id=run.sweep_id, number=run.number, attempt=run.attempt)
    getattr(request, outcome).SetInParent()
    return (await registry.FinishRun(request)).run


async def test_an_agent_is_what_its_runs_show(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    first, second, third = await assign(registry, sweep.sweep_id, "b", 0, 1, 2)
    (other,) = await assign(registry, sweep.sweep_id, "a", 3)
    await finish_run(registry, first, 1.0)
    failed = await end(registry, second, "failed")
    await registry.ReleaseRun(
        pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=3, attempt=other.attempt)
    )
    # A run that was given back belongs to no agent.
    (b,) = await agents_of(registry, sweep.sweep_id)
    assert (b.agent_id, list(b.running_numbers), b.running_run_count) == ("b", [2], 1)
    assert (b.ended_run_count, b.failed_run_count) == (2, 1)
    assert b.last_seen_time == failed.end_time
    lease = pb.RunLease(sweep_id=sweep.sweep_id, number=2, attempt=third.attempt)
    (status,) = (await registry.Heartbeat(pb.HeartbeatRequest(leases=[lease]))).statuses
    (b,) = await agents_of(registry, sweep.sweep_id, idle=False)
    renewed = status.expire_time.ToDatetime(UTC) - LEASE
    assert b.last_seen_time.ToDatetime(UTC) == renewed > failed.end_time.ToDatetime(UTC)
    canceled = await end(registry, third, "canceled")
    assert await agents_of(registry, sweep.sweep_id, idle=False) == []
    (b,) = await agents_of(registry, sweep.sweep_id)
    assert (b.ended_run_count, b.failed_run_count) == (3, 1)
    assert b.last_seen_time == canceled.end_time


async def test_agents_are_paged_by_name(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    names = ["z", "Z", "ä", "a b", "10", "9", "a"]
    for number, name in enumerate(names):
        await assign(registry, sweep.sweep_id, name, number)
    for page_size in (1, 2, 7):
        found = await agents_of(registry, sweep.sweep_id, page_size=page_size)
        assert [agent.agent_id for agent in found] == sorted(names, key=str.encode)
    request = activity_pb2.ListAgentsRequest(sweep_id=sweep.sweep_id, page_size=1)
    token = (await registry.ListAgents(request)).next_page_token
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
        await registry.ListAgents(
            activity_pb2.ListAgentsRequest(
                sweep_id=sweep.sweep_id, include_idle=True, page_token=token
            )
        )


async def test_an_agent_of_many_runs_names_the_first_hundred(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await assign(registry, sweep.sweep_id, "many", *range(150))
    (many,) = await agents_of(registry, sweep.sweep_id)
    assert (list(many.running_numbers), many.running_run_count) == (list(range(100)), 150)


async def test_a_sweep_without_agents_and_no_sweep_differ(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = [pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.5}))]
    await registry.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=runs))
    assert await agents_of(registry, sweep.sweep_id) == []
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await agents_of(registry, "nosuchsweep1")


async def test_the_server_tells_its_version_limits_and_time(registry: Registry) -> None:
    before = datetime.now(UTC)
    info = await registry.GetServerInfo(pb.GetServerInfoRequest())
    assert info.version == importlib.metadata.version("wanllmdb")
    assert not info.keys_required
    assert info.lease_duration.ToTimedelta() == LEASE
    assert info.max_message_bytes == 4 * 1024 * 1024
    assert abs(info.time.ToDatetime(UTC) - before) < timedelta(seconds=60)
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    synced = await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
    assert info.database_id == synced.database_id != ""
