"""GetTimeline: when runs ran, as columns by number."""

from __future__ import annotations

import math

from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    finish_run,
    proposal,
)
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb


async def test_columns_hold_when_runs_ran_and_on_which_agent(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    ident = sweep.sweep_id
    for agent, numbers in (("a", [0, 1]), ("b", [2]), ("a", [3])):
        request = create_runs_request(ident, *map(proposal, numbers), agent_id=agent)
        await registry.CreateRuns(request)
    await registry.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=ident, runs=[pb.EnqueuedRun()]))
    await finish_run(registry, await get_run(registry, ident, 0), 1.5)
    failed = pb.RunFailed(error=run_pb2.RunError(message="boom"))
    await registry.FinishRun(
        pb.FinishRunRequest(sweep_id=ident, number=2, attempt=1, failed=failed)
    )
    got = await registry.GetTimeline(plots_pb2.GetTimelineRequest(sweep_id=ident))
    # Run 4 is queued and was never assigned.
    assert list(got.run_numbers) == [0, 1, 2, 3]
    assert got.total_runs == 4
    assert [run_pb2.RunState.Name(state) for state in got.states] == [
        "RUN_STATE_FINISHED",
        "RUN_STATE_RUNNING",
        "RUN_STATE_FAILED",
        "RUN_STATE_RUNNING",
    ]
    assert [got.agents[index] for index in got.agent_indices] == ["a", "a", "b", "a"]
    assert list(got.agents) == ["a", "b"]
    assert got.objectives[0] == 1.5
    assert all(map(math.isnan, got.objectives[1:]))
    assert [math.isnan(end) for end in got.end_seconds] == [False, True, False, True]
    assert got.start_time == (await get_sweep(registry, ident)).start_time
    run = await get_run(registry, ident, 2)
    origin = got.start_time.ToNanoseconds()
    assert got.start_seconds[2] == (run.start_time.ToNanoseconds() - origin) / 1e9
    assert got.end_seconds[2] == (run.end_time.ToNanoseconds() - origin) / 1e9
    assert list(got.start_seconds) == sorted(got.start_seconds)
    assert got.now_seconds >= got.end_seconds[2]


async def test_of_many_runs_every_kth_is_shown(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(100)))
    for max_runs, step in ((100, 1), (99, 2), (50, 2), (30, 4), (1, 100)):
        got = await registry.GetTimeline(
            plots_pb2.GetTimelineRequest(sweep_id=sweep.sweep_id, max_runs=max_runs)
        )
        assert list(got.run_numbers) == list(range(0, 100, step))
        assert got.total_runs == 100


async def test_agents_with_long_names_do_not_make_the_answer_too_large(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    for part in range(40):
        request = internal_pb.CreateRunsRequest(sweep_id=sweep.sweep_id)
        for number in range(part * 500, part * 500 + 500):
            agent = f"{number:0>200}"
            request.requests.add(agent_id=agent, count=1, proposals=[proposal(number)])
        assert not (await registry.CreateRuns(request)).conflict
    got = await registry.GetTimeline(
        plots_pb2.GetTimelineRequest(sweep_id=sweep.sweep_id, max_runs=100_000)
    )
    assert got.ByteSize() < 4 * 1024 * 1024
    assert list(got.run_numbers) == list(range(0, 20_000, 2))
    assert got.total_runs == 20_000


async def test_a_sweep_without_runs_has_empty_columns(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    got = await registry.GetTimeline(plots_pb2.GetTimelineRequest(sweep_id=sweep.sweep_id))
    assert (list(got.run_numbers), got.total_runs) == ([], 0)
    assert got.start_time == sweep.create_time
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.GetTimeline(plots_pb2.GetTimelineRequest(sweep_id="gone"))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await registry.GetTimeline(
            plots_pb2.GetTimelineRequest(sweep_id=sweep.sweep_id, max_runs=100_001)
        )
