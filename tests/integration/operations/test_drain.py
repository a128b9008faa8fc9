"""A server that shuts down: what its callers see, and how long it takes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.errors import rpc_fails
from tests.integration.operations.server_process import (
    ServerProcess,
    registry,
    server,
    suggestion,
)
from tests.registry_stub import RegistryStub
from wanllmdb import AsyncClient, Checkpoint, RunState, Succeeded
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.server.lifecycle import FORCED_EXIT_CODE

CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}
AGENTS = 8


async def test_one_of_two_replicas_is_drained_and_no_agent_sees_an_error(
    database_url: str, tmp_path: Path
) -> None:
    with (
        registry(database_url, tmp_path, "registry-0") as first,
        registry(database_url, tmp_path, "registry-1") as second,
        suggestion(f"{first.address},{second.address}", tmp_path, "suggestion-0") as third,
        suggestion(f"{first.address},{second.address}", tmp_path, "suggestion-1") as fourth,
    ):
        registries, suggestions = (
            f"{first.address},{second.address}",
            (f"{third.address},{fourth.address}"),
        )
        done = 0
        stop = asyncio.Event()

        async def agent(client: AsyncClient, sweep_id: str, name: str) -> None:
            nonlocal done
            while not stop.is_set():
                suggested = await client.suggest(sweep_id, agent_id=name)
                for run in suggested.runs:
                    await client.finish_run(
                        sweep_id, run.number, run.attempt, Succeeded(float(run.number))
                    )
                    done += 1

        async def more(runs: int) -> None:
            wanted = done + runs
            async with asyncio.timeout(60):
                while done < wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

        async with AsyncClient(registries, suggestions) as client:
            sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
            seen: list[int] = []
            watch = asyncio.create_task(_watch(client, sweep_id, seen))
            async with asyncio.TaskGroup() as group:
                for index in range(AGENTS):
                    group.create_task(agent(client, sweep_id, f"agent-{index}"))
                await more(100)
                took = []
                for replica in (first, third):
                    code, seconds = await asyncio.to_thread(replica.end)
                    assert code == 0, replica.log()
                    took.append(round(seconds, 1))
                    await more(100)
                stop.set()
            sweep = await client.get_sweep(sweep_id)
            async with asyncio.timeout(60):
                while not seen or seen[-1] < sweep.revision:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            watch.cancel()
            finished = [run async for run in client.list_runs(sweep_id)]
        print(f"{done} runs of {AGENTS} agents, 0 errors; replicas ended in {took} s")
        assert [run.number for run in finished] == list(range(len(finished)))
        assert sum(run.state is RunState.FINISHED for run in finished) == done
        # The watch went on through the other replica: ordered, nothing twice.
        assert seen == sorted(set(seen))


async def _watch(client: AsyncClient, sweep_id: str, seen: list[int]) -> None:
    async for change in client.watch_sweep(sweep_id):
        if not isinstance(change, Checkpoint):
            seen.append(change.revision)  # noqa: PERF401  # read while it goes on


@pytest.fixture
async def alone(database_url: str, tmp_path: Path) -> AsyncIterator[ServerProcess]:
    with registry(database_url, tmp_path, "alone", "--grace", "10") as running:
        yield running


async def test_a_watch_ends_at_once_and_can_be_resumed(alone: ServerProcess) -> None:
    async with grpc.aio.insecure_channel(alone.address) as channel:
        stub = RegistryStub(channel)
        created = await stub.CreateSweep(
            pb.CreateSweepRequest(
                config_text=pb.ConfigText(text="{method: random, parameters: {x: {value: 1}}}")
            )
        )
        watch = stub.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id=created.sweep.sweep_id))
        lists = stub.WatchSweeps(watch_pb2.WatchSweepsRequest())
        for each in (watch, lists):
            await anext(aiter(each))
        names = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="wanllmdb.api.registry.v1.SweepRegistryService")
        )
        statuses = aiter(names)
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.SERVING
        began = time.monotonic()
        ended = asyncio.create_task(asyncio.to_thread(alone.end))
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        for each in (watch, lists):
            with rpc_fails(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"):
                async for _ in each:
                    pass
        print(f"told after {time.monotonic() - began:.2f} s")
        names.cancel()
        code, _ = await ended
        assert code == 0, alone.log()


async def test_a_call_that_does_not_end_is_asked_to_retry(
    alone: ServerProcess, database_url: str
) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        async with (
            blocker.transaction(),
            grpc.aio.insecure_channel(alone.address) as channel,
        ):
            await blocker.execute("LOCK TABLE sweeps IN ACCESS EXCLUSIVE MODE")
            stub = RegistryStub(channel)
            call = stub.GetSweep(pb.GetSweepRequest(sweep_id="aaaaaaaaaaaa"))
            await asyncio.sleep(0.5)
            ended = asyncio.create_task(asyncio.to_thread(alone.end))
            with rpc_fails(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"):
                await call
            code, seconds = await ended
            print(f"ended after {seconds:.1f} s of 10")
            # Not by force, so in time.
            assert code == 0, alone.log()
    finally:
        await blocker.close()


async def test_a_handler_that_hangs_keeps_no_server_alive(tmp_path: Path) -> None:
    module = "tests.integration.operations.stuck_server"
    with server(module, "2", log_file=tmp_path / "stuck.log") as stuck:
        async with grpc.aio.insecure_channel(stuck.address) as channel:
            call = await _stick(stuck, channel)
            code, seconds = await asyncio.to_thread(stuck.end)
            print(f"ended after {seconds:.1f} s of 2")
            assert code == FORCED_EXIT_CODE, stuck.log()
            with pytest.raises(grpc.aio.AioRpcError):
                await call


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    module = "tests.integration.operations.stuck_server"
    with server(module, "600", log_file=tmp_path / "stuck.log") as stuck:
        async with grpc.aio.insecure_channel(stuck.address) as channel:
            call = await _stick(stuck, channel)
            stuck.process.terminate()
            await asyncio.sleep(0.5)
            assert stuck.process.poll() is None
            stuck.process.terminate()
            assert await asyncio.to_thread(stuck.process.wait, 30) == 128 + signal.SIGTERM
            with pytest.raises(grpc.aio.AioRpcError):
                await call


async def _stick(
    stuck: ServerProcess, channel: grpc.aio.Channel
) -> grpc.aio.UnaryUnaryCall[
    suggestion_pb.ListAlgorithmsRequest, suggestion_pb.ListAlgorithmsResponse
]:
    stub = suggestion_grpc.SuggestionServiceStub(channel)
    call = stub.ListAlgorithms(suggestion_pb.ListAlgorithmsRequest())
    deadline = time.monotonic() + 30
    while "handler hangs" not in stuck.log():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return call
