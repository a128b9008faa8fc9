"""Large and hostile requests do not delay ordinary requests for long."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import grpc.aio
import pytest
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.processor_time import without_garbage_of_other_tests
from tests.registry_stub import RegistryStub
from tests.sweeps import Registry, config_text, create_sweep, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.computing import time_slices
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Parameter,
    SearchSpace,
)
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto, space_to_proto
from wanllmdb_registry.rpc import base as of_registry
from wanllmdb_registry.store import database
from wanllmdb_registry.store.statement import prepare_connection

# Far more than a call takes on a busy machine, and far less than the large request ahead of it.
SOON = 60.0
# Longest pause of the event loop in seconds; a hundred thousand rows once paused it for several.
HELD = 1.0

# Each row takes milliseconds, so all rows would take minutes.
SLOW = [f"{' + '.join(['x'] * 80)} + {i} > 0" for i in range(100)]
SLOW_ROWS = "x,n,loss\n" + "0.5,1,1\n" * 100_000


async def slow_sweep(registry: Registry) -> str:
    return (await create_sweep(registry, constraints=SLOW)).sweep_id


def slow_import(
    registry: Registry, sweep_id: str, timeout: float | None = None
) -> Awaitable[pb.ImportRunsResponse]:
    request = pb.ImportRunsRequest(
        sweep_id=sweep_id, source=pb.PriorRunSource(csv=SLOW_ROWS, skip_unfit=True)
    )
    return registry.ImportRuns(request, timeout=timeout)


def computing() -> int:
    """Return the number of threads of this process's servers that compute for callers."""
    found = 0
    for frame in list(sys._current_frames().values()):
        at: Any = frame
        while at is not None and not (
            at.f_code.co_filename == time_slices.__file__ and at.f_code.co_name == "carry_out"
        ):
            at = at.f_back
        found += at is not None
    return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110  # threads set no event of this loop
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def other_caller(address: str) -> AsyncIterator[Registry]:
    # Open a separate connection; channels to the same address otherwise share one.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        yield RegistryStub(channel)


@contextlib.asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Measure the longest time within the block in which this event loop made no progress.

    In seconds of its thread's processor time, which does not depend on how busy the machine is.
    """
    longest = [0.0]

    async def tick() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest[0] = max(longest[0], now - before)
            before = now

    task = asyncio.create_task(tick())
    try:
        yield longest
    finally:
        task.cancel()


async def test_wide_headers_and_unknown_keys_are_rejected_at_once(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    wide = "x,n,loss," + ",".join(f"c{i}" for i in range(300_000)) + "\n0.5,1,1\n"
    request = pb.ImportRunsRequest(
        sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv=wide), request_id=request_id()
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ImportRuns(request, timeout=SOON)
    assert "300,003 columns" in failure.fields["source.csv"]
    keys = "".join(f"parameter_metric_{i}: 1\n" for i in range(40_000))
    text = pb.ConfigText(text=f"method: random\n{keys}")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.ParseSweepConfig(pb.ParseSweepConfigRequest(config_text=text), timeout=SOON)
    assert "more than 1,000 problems" in failure.message
    assert int(failure.metadata["problems"]) > 1_000
    assert 10 < len(failure.fields) < 100


@pytest.mark.parametrize("same_connection", [True, False])
async def test_a_sweep_is_created_while_others_compute(
    registry: Registry, registry_address: str, same_connection: bool
) -> None:
    sweep_id = await slow_sweep(registry)
    slow = [asyncio.ensure_future(slow_import(registry, sweep_id)) for _ in range(3)]
    await until(lambda: computing() > 0)
    async with contextlib.AsyncExitStack() as stack:
        caller = registry
        if not same_connection:
            caller = await stack.enter_async_context(other_caller(registry_address))
        async with asyncio.timeout(SOON):
            for _ in range(5):
                await create_sweep(caller)
                await caller.ParseSweepConfig(pb.ParseSweepConfigRequest(config_text=config_text()))
    assert not any(call.done() for call in slow)
    for call in slow:
        call.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    await until(lambda: computing() == 0)


async def test_what_is_computed_ends_with_the_call(registry: Registry) -> None:
    sweep_id = await slow_sweep(registry)
    calls = [asyncio.ensure_future(slow_import(registry, sweep_id, 1.0)) for _ in range(4)]
    await until(lambda: computing() > 0)
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    await until(lambda: computing() == 0)
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep_id))


async def test_computing_for_one_request_has_an_end(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_registry, "_time_slices", time_slices.TimeSlices(most_seconds=0.2))
    sweep_id = await slow_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await slow_import(registry, sweep_id)
    assert "takes more than 0.2 s to compute" in failure.message


async def test_no_transaction_idles_while_a_hundred_thousand_prior_runs_are_written(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends a transaction that idles for 5 s; on a busy machine this one did.

    Computing between statements is measured in processor time of the event loop's thread, which
    does not depend on how busy the machine is.
    """
    idle = computing_between_statements(monkeypatch)
    rows = "".join(f"{i / 100_000},{1 + i % 8},{i}\n" for i in range(100_000))
    csv = pb.PriorRunSource(csv="x,n,loss\n" + rows)
    async with registry_server(database_url) as address, other_caller(address) as registry:
        sweep = await create_sweep(registry)
        request = pb.ImportRunsRequest(sweep_id=sweep.sweep_id, source=csv)
        with without_garbage_of_other_tests():
            answer = await registry.ImportRuns(request, timeout=120)
        assert answer.imported_runs == 100_000
        page = await registry.ListPriorRuns(
            pb.ListPriorRunsRequest(sweep_id=sweep.sweep_id, page_size=3)
        )
    assert [list(run.objectives) for run in page.runs] == [[0.0], [1.0], [2.0]]
    assert len(idle) > 10
    assert max(idle) < HELD


def computing_between_statements(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows by the processor seconds before each statement in a transaction.

    They include what asyncpg computes before it sends the statement.
    """
    idle: list[float] = []
    ended: dict[int, float] = {}

    async def prepare_and_log(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        await prepare_connection(connection)

        def on_end(statement: asyncpg.connection.LoggedQuery) -> None:
            now = time.thread_time()
            if connection.is_in_transaction() and not statement.query.startswith("BEGIN"):
                idle.append(now - ended[id(connection)])
            ended[id(connection)] = now

        connection.add_query_logger(on_end)

    monkeypatch.setattr(f"{database.__name__}.prepare_connection", prepare_and_log)
    return idle


VALUES = list(range(10_000))
LARGE_SPACE = SearchSpace(
    (
        Parameter("x", Categorical(tuple(VALUES))),
        *(
            Parameter(f"y{i}", Categorical(("a", "b")), (Condition("x", tuple(VALUES)),))
            for i in range(8)
        ),
    )
)


async def test_large_spaces_are_updated_and_enqueued_to_beside_the_loop(
    registry: Registry,
) -> None:
    parameters: dict[str, Any] = {"x": {"values": VALUES}} | {
        f"y{i}": {"values": ["a", "b"], "when": {"x": VALUES}} for i in range(8)
    }
    sweep = await create_sweep(registry, parameters=parameters)
    update = pb.UpdateSweepRequest(request_id=request_id())
    update.sweep.sweep_id = sweep.sweep_id
    update.sweep.spec.search_space.CopyFrom(space_to_proto(LARGE_SPACE))
    update.sweep.spec.run_cap = 5_000
    update.update_mask.paths.extend(["spec.search_space", "spec.run_cap"])
    runs = [
        pb.EnqueuedRun(parameters=parameters_to_proto({"x": VALUES[-i], "y1": "a"}))
        for i in range(1, 1_000)
    ]
    with without_garbage_of_other_tests():
        async with watched_loop() as longest:
            changed = (await registry.UpdateSweep(update, timeout=SOON)).sweep
            queued = await registry.EnqueueRuns(
                pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=runs, request_id=request_id()),
                timeout=SOON,
            )
    assert (changed.spec.run_cap, len(queued.runs)) == (5_000, 999)
    assert longest[0] < HELD


async def test_runs_are_enqueued_while_the_space_grows(registry: Registry) -> None:
    """Each run is checked against the space at the time it is queued; none is rejected."""
    sweep = await create_sweep(registry, parameters={"n": {"values": [0]}})

    async def grow() -> None:
        for size in range(2, 12):
            update = pb.UpdateSweepRequest(request_id=request_id())
            update.sweep.sweep_id = sweep.sweep_id
            space = SearchSpace((Parameter("n", Categorical(tuple(range(size)))),))
            update.sweep.spec.search_space.CopyFrom(space_to_proto(space))
            update.update_mask.paths.append("spec.search_space")
            await registry.UpdateSweep(update)

    async def enqueue() -> None:
        for _ in range(20):
            run = pb.EnqueuedRun(parameters=parameters_to_proto({"n": 0}))
            await registry.EnqueueRuns(
                pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=[run], request_id=request_id())
            )

    await asyncio.gather(grow(), enqueue(), enqueue())
    listed = await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))
    assert len(listed.runs) == 40


async def test_updates_at_the_same_time_all_count(registry: Registry) -> None:
    """Each request is checked against its spec, and again if another change was faster."""
    sweep = await create_sweep(registry, run_cap=1)

    async def update(path: str, **fields: Any) -> None:
        request = pb.UpdateSweepRequest(request_id=request_id())
        request.sweep.sweep_id = sweep.sweep_id
        for name, value in fields.items():
            setattr(request.sweep.spec, name, value)
        request.update_mask.paths.append(path)
        await registry.UpdateSweep(request)

    await asyncio.gather(
        *(update("spec.run_cap", run_cap=cap) for cap in range(2, 7)),
        *(update("spec.max_failed_runs", max_failed_runs=most) for most in range(2, 7)),
    )
    after = (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))).sweep.spec
    assert after.run_cap in range(2, 7)
    assert after.max_failed_runs in range(2, 7)
