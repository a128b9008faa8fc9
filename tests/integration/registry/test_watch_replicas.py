"""Watches over several replicas are prompt, ordered and complete, and delay no other call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
from tests.integration.registry.replicas import replicas_of
from tests.integration.registry.watcher import Watcher
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_pb2, watch_pb2
from wanllmdb_registry.rpc import stream_servicer
from wanllmdb_registry.store.change_channel import APPLICATION_NAME
from wanllmdb_registry.store.sync_reads import SyncReads


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[Registry]]:
    async with replicas_of(database_url) as both:
        yield [replica.registry for replica in both]


@pytest.fixture
def _notified_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable polling: a watch sees only changes of which it is notified."""
    for name in ("POLL", "POLL_ALONE", "CHECKPOINT"):
        monkeypatch.setattr(stream_servicer, name, 3_600.0)


@pytest.mark.usefixtures("_notified_only")
async def test_a_watch_is_notified_of_changes_through_another_replica(
    replicas: list[Registry],
) -> None:
    here, there = replicas
    sweep = await create_sweep(here)
    watcher = Watcher()
    revision = (await get_sweep(there, sweep.sweep_id)).revision
    for number in range(5):
        # The first run also starts the sweep.
        revision += 2 if number else 3
        following = asyncio.create_task(watcher.follow(here, sweep.sweep_id, revision))
        (run,) = await create_runs(there, sweep.sweep_id, proposal(number))
        await finish_run(there, run, 1.0)
        await following
    assert watcher.revision == (await get_sweep(there, sweep.sweep_id)).revision


@pytest.mark.usefixtures("_notified_only")
async def test_a_watch_of_a_sweep_that_another_replica_deletes_ends(
    replicas: list[Registry],
) -> None:
    here, there = replicas
    sweep = await create_sweep(here)
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        async with asyncio.timeout(60):
            async for message in here.WatchSweep(
                watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id)
            ):
                if message.HasField("checkpoint"):
                    await there.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))


@pytest.mark.usefixtures("_notified_only")
async def test_changes_without_a_listener_are_seen_afterwards(
    database_url: str, replicas: list[Registry]
) -> None:
    here, there = replicas
    sweep = await create_sweep(here)
    watcher = Watcher()
    await watcher.follow(here, sweep.sweep_id, 1)
    following = asyncio.create_task(watcher.follow(here, sweep.sweep_id, 21))
    operator = await asyncpg.connect(database_url)
    listeners = "FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()"
    # A registry answers calls before it listens.
    while await operator.fetchval(f"SELECT count(*) {listeners}", APPLICATION_NAME) < len(replicas):
        pass
    for number in range(10):
        await operator.fetch(f"SELECT pg_terminate_backend(pid) {listeners}", APPLICATION_NAME)
        (run,) = await create_runs(there, sweep.sweep_id, proposal(number))
        await finish_run(there, run, float(number))
    await following
    assert watcher.runs.keys() == set(range(10))
    await operator.close()


async def test_a_watch_goes_on_through_another_replica_ordered_and_complete(
    replicas: list[Registry],
) -> None:
    sweep = await create_sweep(replicas[0], run_cap=40)
    wandering, staying = Watcher(), Watcher()

    async def work() -> None:
        for number in range(40):
            # Assigned through one replica, ended through the other.
            (run,) = await create_runs(replicas[number % 2], sweep.sweep_id, proposal(number))
            await finish_run(replicas[1 - number % 2], run, float(number))

    async def wander() -> None:
        for stop, until in enumerate((7, 8, 30, 31, 55, 83)):
            await wandering.follow(replicas[stop % 2], sweep.sweep_id, until)

    await asyncio.gather(work(), wander(), staying.follow(replicas[1], sweep.sweep_id, 83))
    final = await get_sweep(replicas[0], sweep.sweep_id)
    assert final.state == sweep_pb2.SWEEP_STATE_FINISHED
    listed = (await replicas[0].ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))).runs
    for watcher in (wandering, staying):
        assert watcher.revision == final.revision == 83
        assert watcher.sweep == final
        assert [watcher.runs[number] for number in range(40)] == list(listed)


async def test_a_caller_that_does_not_read_makes_nothing_pile_up(
    replicas: list[Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry reads a page once the previous one was sent: a slow caller has one in memory."""
    here, there = replicas
    monkeypatch.setattr(stream_servicer, "PAGE", 50)
    sweep = await create_sweep(here, parameters={"s": {"value": "x"}})
    pages = 0
    sync = SyncReads.sync

    async def counted(*args: object, **kwargs: object) -> object:
        nonlocal pages
        pages += 1
        return await sync(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they are

    call = here.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id))
    messages = aiter(call)
    assert (await anext(messages)).HasField("sweep")
    monkeypatch.setattr(SyncReads, "sync", counted)
    big = "x" * 90_000
    for start in range(0, 1000, 20):
        await create_runs(there, sweep.sweep_id, *(proposal(start + i, s=big) for i in range(20)))
    await asyncio.sleep(1)
    # Of 90 MB, the registry read hardly more than a connection buffers.
    assert pages < 12
    seen = set()
    async with asyncio.timeout(60):
        async for message in messages:
            if message.HasField("run"):
                seen.add(message.run.number)
            if len(seen) == 1000:
                break
    assert seen == set(range(1000))
    call.cancel()
