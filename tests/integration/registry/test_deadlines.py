"""A caller's deadline or disconnect reaches PostgreSQL and cancels the caller's statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.blocked_database import SOON, blocked
from tests.conftest import registry_server, suggestion_server
from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, create_sweep, proposal, request_id
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc


@pytest.fixture
async def address(database_url: str) -> AsyncIterator[str]:
    async with registry_server(database_url) as running:
        yield running


@pytest.fixture
async def own_registry(address: str) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(address) as channel:
        yield RegistryStub(channel)


def finish(registry: Any, run: run_pb2.Run, timeout: float) -> asyncio.Future[Any]:
    request = pb.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        request_id=request_id(),
        succeeded=pb.RunSucceeded(objective=float(run.number)),
    )

    async def call() -> Any:
        return await registry.FinishRun(request, timeout=timeout)

    return asyncio.ensure_future(call())


async def test_changes_committed_together_last_as_long_as_the_most_patient_caller(
    own_registry: Any, database_url: str
) -> None:
    sweep = await create_sweep(own_registry)
    runs = await create_runs(own_registry, sweep.sweep_id, *map(proposal, range(3)))
    lock = f"SELECT 1 FROM sweeps WHERE sweep_id = '{sweep.sweep_id}' FOR UPDATE"
    async with blocked(database_url, lock) as database:
        alone = finish(own_registry, runs[0], 2.0)
        await database.until(lambda count: count == 1)
        # These two calls wait for the first call's commit and share the next one.
        short, long = finish(own_registry, runs[1], 8.0), finish(own_registry, runs[2], 60.0)
        for call in (alone, short):
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await call
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        # The first caller's statement was canceled; the shared one continues for its last caller.
        await database.until(lambda count: count == 1)
        assert not long.done()
    assert (await long).run.number == 2
    listed = await own_registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))
    assert [run.state for run in listed.runs] == [
        run_pb2.RUN_STATE_RUNNING,
        # The calls that were canceled may have been carried out.
        run_pb2.RUN_STATE_FINISHED,
        run_pb2.RUN_STATE_FINISHED,
    ]


READS: dict[str, Callable[[str], Any]] = {
    "ListRuns": lambda sweep_id: pb.ListRunsRequest(sweep_id=sweep_id),
    "ExportRuns": lambda sweep_id: pb.ExportRunsRequest(sweep_id=sweep_id),
    "GetTimeline": lambda sweep_id: plots_pb2.GetTimelineRequest(sweep_id=sweep_id),
    "GetMetricHistory": lambda sweep_id: pb.GetMetricHistoryRequest(sweep_id=sweep_id, number=0),
}


@pytest.mark.parametrize("rpc", READS)
async def test_a_call_that_is_canceled_stops_its_statement(
    own_registry: Any, database_url: str, rpc: str
) -> None:
    sweep = await create_sweep(own_registry)
    await create_runs(own_registry, sweep.sweep_id, proposal(0))
    request = READS[rpc](sweep.sweep_id)
    async with blocked(database_url, "LOCK TABLE runs IN ACCESS EXCLUSIVE MODE") as database:
        call = getattr(own_registry, rpc)(request)
        reading = asyncio.ensure_future(_read(call))
        await database.until(lambda count: count == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await database.until(lambda count: count == 0)
    # The connection is still usable.
    assert await _read(getattr(own_registry, rpc)(request))


async def _read(call: Any) -> Any:
    if hasattr(call, "__aiter__"):
        return [message async for message in call]
    return await call


async def test_a_deadline_goes_through_the_suggestion_service(
    address: str, own_registry: Any, database_url: str
) -> None:
    sweep = await create_sweep(own_registry)
    request = suggestion_pb.SuggestRequest(
        sweep_id=sweep.sweep_id, agent_id="a", request_id=request_id()
    )
    async with (
        suggestion_server(address) as suggestion_address,
        grpc.aio.insecure_channel(suggestion_address) as channel,
    ):
        suggestion = suggestion_grpc.SuggestionServiceStub(channel)
        async with blocked(database_url, "LOCK TABLE sweeps IN ACCESS EXCLUSIVE MODE") as database:
            call = asyncio.ensure_future(_read(suggestion.Suggest(request, timeout=3.0)))
            await database.until(lambda count: count == 1)
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await call
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await database.until(lambda count: count == 0)
        # Send the same request with enough time.
        answer = await suggestion.Suggest(request, timeout=SOON)
        assert [run.number for run in answer.runs] == [0]
