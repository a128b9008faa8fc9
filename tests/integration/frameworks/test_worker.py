"""The agent behind `SweepSearchCV`, studies of Optuna, Hydra's sweeper and Ray Tune's searcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import registry_server, suggestion_server
from tests.e2e.up_process import wait_until
from wanllmdb import (
    Client,
    FailedPreconditionError,
    MetricRow,
    RunCommand,
    RunState,
    Succeeded,
    SweepState,
)
from wanllmdb.integration._worker import Worker

LEASE = timedelta(seconds=3)
CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "retries": {"lost": 5},
}


@pytest.fixture
async def short(database_url: str) -> AsyncIterator[Client]:
    """A client of services with short leases."""
    async with (
        registry_server(database_url, LEASE) as registry,
        suggestion_server(registry) as suggestion,
    ):
        client = await asyncio.to_thread(Client, registry, suggestion)
        yield client
        await asyncio.to_thread(client.close)


@pytest.fixture
async def worker(short: Client) -> AsyncIterator[Worker]:
    """A worker of a new sweep."""
    sweep_id = (await asyncio.to_thread(short.create_sweep, CONFIG)).sweep.sweep_id
    worker = Worker(short, sweep_id, "worker")
    yield worker
    await asyncio.to_thread(worker.close)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, which reads from the services."""
    await asyncio.to_thread(wait_until, condition)


async def test_a_run_is_kept_for_longer_than_its_lease(worker: Worker, short: Client) -> None:
    (run,) = (await asyncio.to_thread(worker.take)).runs
    first = run.lease_expire_time
    assert first is not None

    def is_renewed() -> bool:
        now = short.get_run(worker.sweep_id, run.number)
        return now.lease_expire_time is not None and now.lease_expire_time > first + LEASE

    await until(is_renewed)
    finished = await asyncio.to_thread(worker.end, run, Succeeded(1.0))
    assert finished is not None
    assert (finished.run.state, finished.run.attempt) == (RunState.FINISHED, 1)


async def test_a_canceled_run_has_the_command_to_stop(worker: Worker, short: Client) -> None:
    (run,) = (await asyncio.to_thread(worker.take)).runs
    assert worker.command(run) is RunCommand.CONTINUE

    await asyncio.to_thread(short.cancel_runs, worker.sweep_id, [run.number])

    await until(lambda: worker.command(run) is RunCommand.STOP)
    assert (
        await asyncio.to_thread(worker.report, run, [MetricRow(0, {"loss": 1.0})])
        is RunCommand.STOP
    )


async def test_a_run_of_another_agent_by_now_is_not_ended(worker: Worker, short: Client) -> None:
    (run,) = (await asyncio.to_thread(worker.take)).runs
    worker.drop(run)
    await asyncio.to_thread(short.release_run, worker.sweep_id, run.number, run.attempt)
    await asyncio.to_thread(short.suggest, worker.sweep_id, agent_id="another")

    assert await asyncio.to_thread(worker.end, run, Succeeded(1.0)) is None

    now = await asyncio.to_thread(short.get_run, worker.sweep_id, run.number)
    assert (now.state, now.agent_id, now.attempt) == (RunState.RUNNING, "another", 2)


async def test_a_paused_sweep_is_waited_for_and_an_ended_one_is_an_error(
    worker: Worker, short: Client
) -> None:
    await asyncio.to_thread(short.start_sweep, worker.sweep_id)
    await asyncio.to_thread(short.pause_sweep, worker.sweep_id)
    taking = asyncio.create_task(asyncio.to_thread(worker.take, 2))
    await until(lambda: short.get_sweep(worker.sweep_id).state is SweepState.PAUSED)
    assert not taking.done()

    await asyncio.to_thread(short.resume_sweep, worker.sweep_id)

    assert len((await taking).runs) == 2
    await asyncio.to_thread(short.cancel_sweep, worker.sweep_id)
    with pytest.raises(FailedPreconditionError) as failure:
        await asyncio.to_thread(worker.take)
    assert failure.value.state == "canceled"
