"""The rows of deleted sweeps are deleted in parts, whichever replicas do so and end meanwhile."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable

import asyncpg
import grpc.aio
import pytest
from prometheus_client import REGISTRY

from tests.conftest import LEASE, registry_server
from tests.errors import rpc_fails
from tests.integration.registry.deleted_rows import (
    RUNS,
    STEPS,
    delete,
    filled_sweep,
    leave_the_purge_to_the_test,
    left_of,
    rows_of,
)
from tests.integration.registry.postgres_pair import execute, fetch_value
from tests.registry_stub import RegistryStub
from tests.sweeps import config_text, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_registry.background import purge
from wanllmdb_registry.background.purge import PurgeTask
from wanllmdb_registry.background.reply_cleanup import REPLY_AGE
from wanllmdb_registry.store import purge_store
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.purge_store import PurgedPart, PurgeStore
from wanllmdb_registry.store.sweep_store import SweepStore

# Rows of a part: neither the values of a run nor those of a metric end with one.
PART = 7
# Two metrics with a value at each step, and a last value.
ROWS_OF_A_RUN = 1 + 2 * STEPS + 2

NewReplica = Callable[[], PurgeStore]


@pytest.fixture(autouse=True)
def _small_parts_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_ROWS", "LEAST_ROWS", "MOST_ROWS"):
        monkeypatch.setattr(purge_store, name, PART)
    monkeypatch.setattr(purge_store, "PAUSES", 0)


@pytest.fixture
async def registry(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RegistryStub]:
    leave_the_purge_to_the_test(monkeypatch)
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        yield RegistryStub(ch)


@pytest.fixture
async def new_replica(database_url: str) -> AsyncIterator[NewReplica]:
    """Make a purge as another replica has it, with connections of its own."""
    databases: list[Database] = []

    def new() -> PurgeStore:
        databases.append(Database(database_url, pool_size=4))
        return PurgeStore(databases[-1])

    yield new
    for database in databases:
        await database.close()


async def parts(store: PurgeStore) -> list[PurgedPart]:
    """Purge until this replica finds nothing to do."""
    done = []
    while (part := await store.purge_part()) is not None:
        done.append(part)
    return done


async def test_nothing_is_left_of_a_deleted_sweep_and_others_stay(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    gone, kept = await filled_sweep(registry), await filled_sweep(registry)
    before = await rows_of(database_url, kept)
    await delete(registry, gone)
    left = await left_of(database_url, gone)
    assert left["metric_points"] == 2 * STEPS * RUNS
    done = await parts(new_replica())
    assert [part.rows for part in done[:-1]] == [PART] * (sum(left.values()) // PART)
    assert sum(part.rows for part in done) == sum(left.values())
    assert [part.is_last for part in done] == [False] * (len(done) - 1) + [True]
    assert await left_of(database_url, gone) == {}
    assert await rows_of(database_url, kept) == before


async def test_quick_parts_grow_and_slow_parts_shrink(
    registry: RegistryStub, new_replica: NewReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rows in (("FIRST_ROWS", 4), ("LEAST_ROWS", 2), ("MOST_ROWS", 8)):
        monkeypatch.setattr(purge_store, name, rows)
    await delete(registry, await filled_sweep(registry))
    replica = new_replica()

    async def sizes(part_seconds: float) -> list[int]:
        monkeypatch.setattr(purge_store, "PART_SECONDS", part_seconds)
        done = [await replica.purge_part() for _ in range(4)]
        return [part.rows for part in done if part is not None]

    assert await sizes(math.inf) == [4, 8, 8, 8]
    assert await sizes(0.0) == [8, 4, 2, 2]


async def test_a_deleted_sweep_is_remembered_until_it_is_purged(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    gone = await filled_sweep(registry, runs=1)
    await delete(registry, gone)
    database = Database(database_url, pool_size=4)
    store = SweepStore(database, LEASE)
    long_ago = "create_time = now() - interval '2 days'"
    await execute(database_url, f"UPDATE replies SET {long_ago}")
    await execute(database_url, "UPDATE deleted_sweeps SET delete_time = now() - interval '2 days'")
    await store.delete_old_replies(REPLY_AGE)
    assert set(await rows_of(database_url, gone)) > {"deleted_sweeps"}
    await parts(new_replica())
    await store.delete_old_replies(REPLY_AGE)
    assert await rows_of(database_url, gone) == {}
    await database.close()


async def test_a_replica_goes_on_where_another_one_ended(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    gone = await filled_sweep(registry)
    await delete(registry, gone)
    total = sum((await left_of(database_url, gone)).values())
    purged = 0
    replica = new_replica()
    while (part := await replica.purge_part()) is not None:
        purged += part.rows
        replica = new_replica()
    assert purged == total
    assert await left_of(database_url, gone) == {}


async def test_a_replica_that_ends_within_a_part_leaves_it_to_another_one(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    gone = await filled_sweep(registry)
    await delete(registry, gone)
    left = await left_of(database_url, gone)
    other = await asyncpg.connect(database_url)
    blocking = other.transaction()
    await blocking.start()
    await other.execute("SELECT FROM runs WHERE number = 1 FOR UPDATE")
    ending = asyncio.ensure_future(new_replica().purge_part())
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await fetch_value(database_url, waits):
        pass
    # While it is at work, another replica has nothing to do.
    assert await new_replica().purge_part() is None
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await blocking.rollback()
    await other.close()
    assert await left_of(database_url, gone) == left
    done = await parts(new_replica())
    assert sum(part.rows for part in done) == sum(left.values())
    assert await left_of(database_url, gone) == {}


async def test_replicas_at_the_same_time_share_the_parts(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    sweeps = [await filled_sweep(registry, runs=2) for _ in range(4)]
    await asyncio.gather(*(delete(registry, each) for each in sweeps))
    total = sum([sum((await left_of(database_url, each)).values()) for each in sweeps])

    async def work(replica: PurgeStore) -> int:
        purged = 0
        while await replica.waiting():
            part = await replica.purge_part()
            purged += 0 if part is None else part.rows
        return purged

    assert sum(await asyncio.gather(*(work(new_replica()) for _ in range(3)))) == total
    for each in sweeps:
        assert await left_of(database_url, each) == {}


async def test_the_pause_after_a_part_is_that_of_all_replicas(
    registry: RegistryStub,
    database_url: str,
    new_replica: NewReplica,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = await filled_sweep(registry)
    await delete(registry, gone)
    # The pause lasts longer than the test.
    monkeypatch.setattr(purge_store, "PAUSES", 10**6)
    first, second = new_replica(), new_replica()
    part = await first.purge_part()
    assert part is not None
    assert part.pause > 0
    assert [await first.purge_part(), await second.purge_part()] == [None, None]
    await execute(database_url, "UPDATE deleted_sweeps SET purge_time = now()")
    assert await second.purge_part() is not None


async def test_the_background_task_purges_and_counts(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    sweeps = [await filled_sweep(registry, runs=1) for _ in range(3)]
    for each in sweeps:
        await delete(registry, each)
    total = sum([sum((await left_of(database_url, each)).values()) for each in sweeps])
    assert total > 3 * ROWS_OF_A_RUN
    purged = "wanllmdb_registry_rows_purged_total"
    before = REGISTRY.get_sample_value(purged) or 0.0
    task = PurgeTask(new_replica())
    waiting = []
    while await task.run_once() < purge.INTERVAL:
        waiting.append(REGISTRY.get_sample_value("wanllmdb_registry_sweeps_to_purge"))
    assert list(dict.fromkeys(waiting)) == [3, 2, 1, 0]
    assert REGISTRY.get_sample_value(purged) == before + total
    for each in sweeps:
        assert await left_of(database_url, each) == {}


async def test_a_registry_that_starts_goes_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before_the_start:
        leave_the_purge_to_the_test(before_the_start)
        async with (
            registry_server(database_url) as address,
            grpc.aio.insecure_channel(address) as ch,
        ):
            gone = await filled_sweep(RegistryStub(ch), runs=1)
            await delete(RegistryStub(ch), gone)
    assert await left_of(database_url, gone)
    # The look at the start finds the sweep; there is no other one.
    monkeypatch.setattr(purge, "INTERVAL", 3600.0)
    async with registry_server(database_url):
        while await left_of(database_url, gone):
            pass


async def test_a_sweep_is_not_created_again_among_the_rows_of_the_deleted_one(
    registry: RegistryStub, database_url: str, new_replica: NewReplica
) -> None:
    request = pb.CreateSweepRequest(config_text=config_text(), request_id=request_id())
    gone = (await registry.CreateSweep(request)).sweep.sweep_id
    await delete(registry, gone)
    assert (await registry.CreateSweep(request)).sweep.sweep_id == gone
    # A day later, the answer is forgotten.
    await execute(database_url, "DELETE FROM replies")
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await registry.CreateSweep(request)
    await parts(new_replica())
    again = (await registry.CreateSweep(request)).sweep
    assert (again.sweep_id, again.stats.total_runs) == (gone, 0)
    before = await left_of(database_url, gone)
    assert before["sweeps"] == 1
    assert await parts(new_replica()) == []
    # And deleted again, its rows are purged again.
    await delete(registry, gone)
    assert (await parts(new_replica()))[-1].is_last
    assert await left_of(database_url, gone) == {}


@pytest.mark.parametrize("seed", range(3))
async def test_deletions_parts_and_ends_of_replicas_in_any_order(
    registry: RegistryStub, database_url: str, new_replica: NewReplica, seed: int
) -> None:
    draw = random.Random(seed)
    there: dict[str, dict[str, int]] = {}
    gone: list[str] = []
    replicas = [new_replica(), new_replica()]
    for _ in range(40):
        match draw.choice(("create", "delete", "part", "part", "part", "end")):
            case "create" if len(there) < 3:
                sweep_id = await filled_sweep(registry, runs=draw.randint(1, 2))
                there[sweep_id] = await rows_of(database_url, sweep_id)
            case "delete" if there:
                sweep_id = draw.choice(sorted(there))
                del there[sweep_id]
                gone.append(sweep_id)
                await delete(registry, sweep_id)
            case "part":
                await draw.choice(replicas).purge_part()
            case "end":
                replicas[draw.randrange(2)] = new_replica()
    await parts(replicas[0])
    for sweep_id in gone:
        assert await left_of(database_url, sweep_id) == {}
    for sweep_id, rows in there.items():
        assert await rows_of(database_url, sweep_id) == rows
