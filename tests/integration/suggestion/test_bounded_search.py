"""Searches that find no point: they end, and they do not block other sweeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from prometheus_client import REGISTRY

from tests.conftest import suggestion_server
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id, reason, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

NAMES = [f"p{i:02}" for i in range(60)]
SPACE = "".join(f"\n  {name}: {{values: [0, 1, 2, 3, 4, 5, 6, 7]}}" for name in NAMES)
# The first point of the grid meets each constraint; no or hardly any other point does.
CONSTRAINTS = [
    " + ".join(NAMES) + " == 0",
    " and ".join(f"{name} == 0" for name in NAMES),
    "max(" + ", ".join(NAMES) + ") < 1",
]


@pytest.fixture
async def suggestion(
    registry_address: str,
) -> AsyncIterator[suggestion_grpc.SuggestionServiceAsyncStub]:
    """Start a suggestion service for this test: gauges show the last service that started."""
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield suggestion_grpc.SuggestionServiceStub(channel)


async def hopeless(new_sweep: NewSweep, constraint: str = CONSTRAINTS[0]) -> Sweep:
    """Create a sweep that has assigned its only point."""
    sweep = await new_sweep("grid", space=SPACE, more=f"constraints: ['{constraint}']")
    [run] = (await sweep.suggest()).runs
    assert set(values(run).values()) == {0}
    return sweep


def threads_in_use() -> float:
    """Return the number of threads that compute plus the computations that wait."""
    names = ("threads_busy", "threads_waited_for")
    found = [REGISTRY.get_sample_value(f"wanllmdb_suggestion_{name}") for name in names]
    return sum(value for value in found if value is not None)


async def until_idle() -> None:
    async with asyncio.timeout(60):
        while threads_in_use():  # noqa: ASYNC110  # a gauge does not notify
            await asyncio.sleep(0.01)


def asked(sweep: Sweep, timeout: float | None = None) -> asyncio.Task[pb.SuggestResponse]:
    request = pb.SuggestRequest(sweep_id=sweep.sweep_id, agent_id="a", request_id=new_id())

    async def ask() -> pb.SuggestResponse:
        return await sweep.suggestion.Suggest(request, timeout=timeout)

    return asyncio.create_task(ask())


@pytest.mark.parametrize("constraint", CONSTRAINTS)
async def test_a_search_without_end_fails_with_what_was_tried(
    new_sweep: NewSweep, constraint: str
) -> None:
    sweep = await hopeless(new_sweep, constraint)
    async with asyncio.timeout(60):
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await sweep.suggest()
            assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
            assert reason(refused.value) == "CONSTRAINTS_NOT_MET"
            assert "points were checked" in (refused.value.details() or "")
            assert "method random" in (refused.value.details() or "")
    await until_idle()


async def test_a_search_without_end_meets_its_callers_deadline(new_sweep: NewSweep) -> None:
    sweep = await hopeless(new_sweep)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asked(sweep, timeout=0.2)
    assert refused.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    await until_idle()


async def test_seventeen_searches_without_end_block_no_other_sweep(new_sweep: NewSweep) -> None:
    sweeps = [await hopeless(new_sweep) for _ in range(17)]
    ordinary = await new_sweep()
    await ordinary.suggest()
    asking = [asked(sweep) for sweep in sweeps for _ in range(2)]
    async with asyncio.timeout(60):
        while threads_in_use() < 2:  # noqa: ASYNC110  # a gauge does not notify
            await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        for _ in range(5):
            assert len((await ordinary.suggest()).runs) == 1
    assert not all(task.done() for task in asking)
    # Some callers leave; the sweeps of the others are deleted.
    for task in asking[::2]:
        task.cancel()
    for sweep in sweeps[8:]:
        await sweep.registry.DeleteSweep(
            rpb.DeleteSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
        )
    for task in asking[: 2 * 8]:
        task.cancel()
    ended = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 60)
    for end in ended[2 * 8 + 1 :: 2]:
        assert isinstance(end, grpc.aio.AioRpcError)
        assert reason(end) in ("SWEEP_NOT_FOUND", "CONSTRAINTS_NOT_MET")
    await until_idle()


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_other_methods_end_their_search_too(new_sweep: NewSweep, method: str) -> None:
    """One of ten thousand points meets the constraint, and is proposed repeatedly."""
    space = "".join(f"\n  {name}: {{min: 0, max: 9}}" for name in "abcd")
    more = "constraints: ['a + b + c + d < 1 or a * b * c * d > 6000']"
    sweep = await new_sweep(method, space=space, more=more)
    async with asyncio.timeout(60):
        answer = await sweep.suggest(count=10)
        assert answer.runs
    await until_idle()
