"""Ended sweeps and their metric history are deleted by age and project, if that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc.aio
import pytest

from tests.conftest import LEASE, registry_server
from tests.integration.registry.postgres_pair import execute
from tests.registry_stub import RegistryStub
from tests.sweeps import CONFIG, create_runs, proposal
from wanllmdb import AsyncClient, MetricRow, NotFoundError, Succeeded
from wanllmdb_registry.background import retention as task
from wanllmdb_registry.background.retention import RetentionTask
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.retention import Retention, parse_keep_time
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.retention_store import RetentionStore
from wanllmdb_registry.store.sweep_store import SweepStore

STEPS = 7


class World:
    """A registry with sweeps of different ages.

    Attributes:
        client: A client of the registry.
    """

    def __init__(self, url: str, client: AsyncClient, stub: RegistryStub, database: Database):
        self.client = client
        self._url = url
        self._stub = stub
        self._database = database

    async def sweep(self, project: str, *, days: int, is_running: bool = False) -> str:
        """Create a sweep that was finished `days` ago; one of its runs goes on if it is running."""
        created = await self.client.create_sweep(CONFIG, project=project)
        sweep_id = created.sweep.sweep_id
        runs = await create_runs(self._stub, sweep_id, proposal(0), proposal(1))
        rows = [MetricRow(step, {"loss": float(step)}) for step in range(STEPS)]
        for run in runs:
            await self.client.report_metrics(sweep_id, run.number, run.attempt, rows)
        for run in runs[: 1 if is_running else 2]:
            await self.client.finish_run(sweep_id, run.number, run.attempt, Succeeded())
        await self.client.finish_sweep(sweep_id)
        ended = f"end_time = now() - interval '{days} days 1 minute'"
        await execute(self._url, f"UPDATE sweeps SET {ended} WHERE sweep_id = '{sweep_id}'")
        return sweep_id

    async def retain(self, *, sweeps: str = "forever", history: str = "forever") -> None:
        """Run the background task once."""
        commits = GroupCommit(SweepStore(self._database, LEASE), lambda _: None)
        retention = Retention(parse_keep_time(sweeps), parse_keep_time(history))
        try:
            await RetentionTask(RetentionStore(self._database), commits, retention).run_once()
        finally:
            await commits.close()

    async def steps(self, sweep_id: str) -> int:
        """Return how many values of the sweep's metric are stored."""
        histories = [
            await self.client.get_metric_history(sweep_id, number, names=["loss"])
            for number in range(2)
        ]
        return sum(len(history["loss"].points) for history in histories if "loss" in history)


@pytest.fixture
async def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    # So that a sweep's history takes several parts.
    monkeypatch.setattr(task, "POINTS_AT_ONCE", 3)
    database = Database(database_url)
    async with (
        registry_server(database_url) as address,
        AsyncClient(address, address) as client,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield World(database_url, client, RegistryStub(channel), database)
    await database.close()


async def test_history_is_deleted_apart_from_results(world: World) -> None:
    old = await world.sweep("one", days=30)
    young = await world.sweep("one", days=29)
    kept = await world.sweep("archive", days=1000)
    early = await world.sweep("early", days=2)
    going_on = await world.sweep("one", days=1000, is_running=True)
    await world.retain(history="30,archive=forever,early=2")
    assert [await world.steps(each) for each in (old, young, kept, early, going_on)] == [
        *(0, 2 * STEPS, 2 * STEPS, 0, 2 * STEPS),
    ]
    for each in (old, early):
        run = await world.client.get_run(each, 1)
        assert run.objective == STEPS - 1
        assert dict(run.summary) == {"loss": STEPS - 1}
        assert (await world.client.get_sweep(each)).stats.finished_runs == 2


async def test_old_sweeps_are_deleted_as_a_whole(world: World) -> None:
    old = await world.sweep("one", days=30)
    others = [
        await world.sweep("one", days=29),
        await world.sweep("two", days=1000),
        await world.sweep("one", days=1000, is_running=True),
    ]
    await world.retain(sweeps="forever,one=30")
    with pytest.raises(NotFoundError):
        await world.client.get_sweep(old)
    for each in others:
        assert await world.steps(each) == 2 * STEPS


async def test_everything_is_kept_by_default(world: World) -> None:
    old = await world.sweep("one", days=10_000)
    await world.retain()
    assert await world.steps(old) == 2 * STEPS
