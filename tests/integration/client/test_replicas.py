"""Clients of several replicas use one of them, and the others while that one is unavailable."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

import wanllmdb as wandb
from tests.conftest import STATE_KEY, suggestion_server
from tests.integration.client.killable import KillableService
from tests.integration.client.programs import new_sweep, runs_of
from wanllmdb import AsyncClient, Client, RunState
from wanllmdb._connection.routing import Routing
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


@asynccontextmanager
async def two_suggestion_services(registry: str) -> AsyncIterator[dict[str, KillableService]]:
    replicas = [
        KillableService(
            "wanllmdb_suggestion",
            ("--registry", registry),
            {"WANLLMDB_SUGGESTION_STATE_KEY": STATE_KEY},
        )
        for _ in range(2)
    ]
    try:
        for each in replicas:
            await each.start()
        yield {each.address: each for each in replicas}
    finally:
        for each in replicas:
            await each.kill()


async def test_a_sweep_is_at_home_at_one_replica_and_goes_on_at_the_other(
    client: Client, registry_address: str
) -> None:
    sweep_id = await new_sweep(client)
    async with two_suggestion_services(registry_address) as replicas:
        addresses = ",".join(replicas)
        home = Routing(tuple(replicas)).replica_for(pb.SuggestRequest(sweep_id=sweep_id))
        assert home is not None
        (other,) = replicas.keys() - {home}
        with Client(registry_address, addresses, timeout=20) as both:
            async with AsyncClient(registry_address, addresses, timeout=20) as both_async:

                async def suggest_with_each() -> None:
                    await asyncio.to_thread(both.suggest, sweep_id, agent_id="a")
                    await both_async.suggest(sweep_id, agent_id="b")

                # Would any of these calls wait for the other one, it would fail after 20 s.
                frozen = replicas[other].process
                assert frozen is not None
                frozen.send_signal(signal.SIGSTOP)
                for _ in range(6):
                    await suggest_with_each()

                frozen.send_signal(signal.SIGCONT)
                await replicas[home].kill()
                for _ in range(6):
                    await suggest_with_each()

    assert [run.number for run in await runs_of(client, sweep_id)] == list(range(24))


async def test_an_agent_does_not_notice_that_a_replica_goes(
    client: Client, registry_address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sweeps = [await new_sweep(client, run_cap=30) for _ in range(4)]
    halfway = asyncio.Event()
    loop = asyncio.get_running_loop()

    def train() -> None:
        run = wandb.init()
        if run.number == 10:
            loop.call_soon_threadsafe(halfway.set)
        wandb.log({"loss": wandb.config.x})

    async with AsyncExitStack() as second, suggestion_server(registry_address) as first_address:
        second_address = await second.enter_async_context(suggestion_server(registry_address))
        with Client(registry_address, f"{first_address},{second_address}") as both:
            agents = [
                asyncio.create_task(asyncio.to_thread(wandb.agent, sweep_id, train, client=both))
                for sweep_id in sweeps
            ]
            await asyncio.wait_for(halfway.wait(), 60)
            await second.aclose()
            results = await asyncio.wait_for(asyncio.gather(*agents), 120)

    assert [(result.runs, result.failed) for result in results] == [(30, 0)] * 4
    for sweep_id in sweeps:
        runs = await runs_of(client, sweep_id)
        assert {(run.state, run.attempt) for run in runs} == {(RunState.FINISHED, 1)}
    assert "waiting up to" not in capsys.readouterr().err
