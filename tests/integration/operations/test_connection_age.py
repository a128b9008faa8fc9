"""Connections that reach their age, and replicas that are added later."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from pydantic import SecretStr

from tests.conftest import LEASE, STATE_KEY
from tests.gateway_calls import BrowserClient
from tests.gateways import gateway_server
from tests.integration.operations.name_server import NameServer
from tests.ports import free_port
from wanllmdb import AsyncClient, Checkpoint, Client, RunState, Succeeded
from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb_common.calls.call import Call
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_registry.rpc.services import add_to as add_registry
from wanllmdb_suggestion.app import SERVICES, running_suggestion
from wanllmdb_suggestion.settings import SuggestionSettings

CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}
GET_CALLER = "/wanllmdb.api.registry.v1.KeyService/GetCaller"
NOWHERE = "127.0.0.1:9"
AGE = 1.0
GRACE = 2.0
CONNECTIONS = 12
WATCHES = 4


class Connections:
    """A step that counts calls by their connection, each of which has a port of its own."""

    def __init__(self) -> None:
        self.calls = Counter[str]()
        self.watches = 0

    async def before(self, call: Call) -> None:
        """Count the call."""
        self.calls[call.peer] += 1
        self.watches += call.is_watch

    def after(self, call: Call) -> None:
        """Do nothing."""


@contextlib.asynccontextmanager
async def registry(
    database_url: str, seen: Connections, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """A registry whose connections live for a second."""
    async with (
        running_registry(database_url, pool_size=4, lease=LEASE) as running,
        running_server(
            ServerSettings(
                host=host,
                port=port,
                grace=1,
                drain_delay=0,
                max_connection_age=AGE,
                max_connection_age_grace=GRACE,
            ),
            services=REGISTRY_SERVICES,
            register=lambda server: add_registry(server, running),
            steps=[seen],
            readiness=running.readiness,
        ) as address,
    ):
        yield address


@contextlib.asynccontextmanager
async def suggestion(registry_address: str, seen: Connections) -> AsyncIterator[str]:
    """A suggestion service whose connections live for a second."""
    settings = SuggestionSettings(
        port=0,
        grace=1,
        drain_delay=0,
        registry=registry_address,
        state_key=SecretStr(STATE_KEY),
        max_connection_age=AGE,
        max_connection_age_grace=GRACE,
    )
    async with (
        running_suggestion(settings) as app,
        running_server(
            settings,
            services=SERVICES,
            register=app.add_to,
            steps=[*app.steps, seen],
            readiness=app.readiness,
        ) as address,
    ):
        yield address


async def test_agents_and_watches_go_on_over_many_connections(database_url: str) -> None:
    at_registry, at_suggestion = Connections(), Connections()
    stop = asyncio.Event()
    done = 0
    revisions: list[int] = []

    async def watch(client: AsyncClient, sweep_id: str) -> None:
        async for change in client.watch_sweep(sweep_id):
            if not isinstance(change, Checkpoint):
                revisions.append(change.revision)  # noqa: PERF401  # read while it goes on

    async def agent(client: AsyncClient, sweep_id: str) -> None:
        nonlocal done
        while not stop.is_set():
            for run in (await client.suggest(sweep_id, agent_id="a")).runs:
                await client.finish_run(sweep_id, run.number, run.attempt, Succeeded(1.0))
                done += 1

    def blocking_trial(client: Client, sweep_id: str) -> None:
        for run in client.suggest(sweep_id, agent_id="b").runs:
            client.finish_run(sweep_id, run.number, run.attempt, Succeeded(1.0))

    async def blocking_agent(client: Client, sweep_id: str) -> None:
        nonlocal done
        while not stop.is_set():
            await asyncio.to_thread(blocking_trial, client, sweep_id)
            done += 1

    async with (
        registry(database_url, at_registry) as registry_address,
        suggestion(registry_address, at_suggestion) as suggestion_address,
        AsyncClient(registry_address, suggestion_address) as client,
    ):
        sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
        watching = asyncio.create_task(watch(client, sweep_id))
        with Client(registry_address, suggestion_address) as blocking:
            async with asyncio.timeout(120), asyncio.TaskGroup() as group:
                group.create_task(agent(client, sweep_id))
                group.create_task(blocking_agent(blocking, sweep_id))
                while (
                    at_registry.watches < WATCHES
                    or len(at_registry.calls) < CONNECTIONS
                    or len(at_suggestion.calls) < CONNECTIONS
                ):
                    assert not watching.done()
                    await asyncio.sleep(0.05)
                stop.set()
        sweep = await client.get_sweep(sweep_id)
        async with asyncio.timeout(60):
            while not revisions or revisions[-1] < sweep.revision:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        watching.cancel()
        runs = [run async for run in client.list_runs(sweep_id)]
    print(
        f"{done} runs over {len(at_registry.calls)} connections to the registry and "
        f"{len(at_suggestion.calls)} to the suggestion service; {at_registry.watches} watches"
    )
    assert [run.number for run in runs] == list(range(done))
    assert {(run.state, run.attempt) for run in runs} == {(RunState.FINISHED, 1)}
    # Each change once, in order.
    assert revisions == sorted(set(revisions))


async def test_calls_of_browsers_go_on_over_many_connections(database_url: str) -> None:
    seen = Connections()
    async with (
        registry(database_url, seen) as address,
        gateway_server(address, NOWHERE) as url,
        asyncio.timeout(120),
    ):
        while len(seen.calls) < CONNECTIONS:
            browser = BrowserClient(url)
            await browser.unary(GET_CALLER, pb.GetCallerRequest(), pb.GetCallerResponse)
    print(f"{sum(seen.calls.values())} calls over {len(seen.calls)} connections")


async def test_a_replica_that_is_added_under_the_same_name_gets_calls(database_url: str) -> None:
    first, second = Connections(), Connections()
    # The replicas share a port, as in Kubernetes, so they need different addresses.
    port = free_port()
    async with (
        NameServer(["127.0.0.1"]) as names,
        registry(database_url, first, port=port),
        AsyncClient(f"dns://127.0.0.1:{names.port}/registry.sweeps.test:{port}") as client,
    ):
        sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
        async with registry(database_url, second, host="127.0.0.2", port=port):
            names.addresses = ["127.0.0.1", "127.0.0.2"]
            # gRPC resolves a name at most twice a minute.
            async with asyncio.timeout(180):
                while not second.calls:
                    await client.get_sweep(sweep_id)
                    await asyncio.sleep(0.05)
    print(f"found after {sum(first.calls.values())} calls and {names.queries} queries")
