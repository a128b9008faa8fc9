"""Several servers in the database's address: the registries use the one that takes writes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import grpc
import grpc.aio
import pytest

import wanllmdb
from tests.conftest import registry_server, suggestion_server
from tests.e2e.busy_agents import work
from tests.e2e.kills import CONFIG, check_results
from tests.errors import rpc_fails
from tests.integration.registry.postgres_pair import (
    PostgresPair,
    execute,
    fetch_value,
    postgres_pair,
    until_value,
)
from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, create_sweep, finish_run, proposal
from wanllmdb import AsyncClient
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import migrate

# The figures of the docs use `AGENTS=32`.
AGENTS = int(os.environ.get("AGENTS", "4"))
# Runs after the failover.
LEFT = 5 * AGENTS
SECONDS = 240.0

CLIENTS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def pair() -> AsyncIterator[PostgresPair]:
    async with postgres_pair() as running:
        yield running


@pytest.fixture
def silent_host() -> Iterator[str]:
    """The address of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def identity(url: str) -> str:
    """Return the database id that a registry has at present."""
    database = Database(url)
    try:
        async with database.read():
            return database.identity
    finally:
        await database.close()


async def finished(client: AsyncClient, sweep_id: str) -> int:
    """Return the number of finished runs, however long the database does not answer."""
    async with asyncio.timeout(SECONDS):
        while True:
            with contextlib.suppress(wanllmdb.UnavailableError):
                return (await client.get_sweep_stats(sweep_id)).finished_runs
            await asyncio.sleep(0.1)


async def until_finished(client: AsyncClient, sweep_id: str, count: int) -> None:
    deadline = time.monotonic() + SECONDS
    while await finished(client, sweep_id) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def fail_over(pair: PostgresPair, client: AsyncClient, sweep_id: str) -> None:
    """Kill the primary under the agents and promote the standby; return when trials go on."""
    await until_finished(client, sweep_id, 2 * AGENTS)
    killed = time.monotonic()
    pair.primary.kill()
    await pair.promote()
    promoted = time.monotonic()
    before = await finished(client, sweep_id)
    answered = time.monotonic()
    await until_finished(client, sweep_id, before + 1)
    went_on = time.monotonic()
    print(
        f"{AGENTS} agents, seconds from the end of the primary to the new primary: "
        f"{promoted - killed:.1f}; from there to the registry's first answer: "
        f"{answered - promoted:.1f}, and to the next ended trial: {went_on - promoted:.1f}"
    )


@pytest.mark.timeout(600)
async def test_a_failover_under_agents_loses_nothing_and_no_agent_notices(
    pair: PostgresPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        registry_server(pair.url) as address,
        suggestion_server(address) as suggestion_address,
        AsyncClient(address, suggestion_address) as client,
    ):
        monkeypatch.setenv("WANLLMDB_REGISTRY", address)
        monkeypatch.setenv("WANLLMDB_SUGGESTION", suggestion_address)
        sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
        threads = ThreadPoolExecutor(AGENTS)
        loop = asyncio.get_running_loop()
        agents = [loop.run_in_executor(threads, work, sweep_id) for _ in range(AGENTS)]
        try:
            await fail_over(pair, client, sweep_id)
            # The old primary answers before the sweep ends, and the registry leaves it alone.
            await pair.start_first_as_standby()
            cap = (await client.get_sweep_stats(sweep_id)).total_runs + LEFT
            await client.update_sweep(sweep_id, run_cap=cap)
            diaries = await asyncio.wait_for(asyncio.gather(*agents), SECONDS)
        except BaseException:
            # Otherwise the agents' threads would keep the tests from ending.
            await client.cancel_sweep(sweep_id)
            raise
        assert [error for diary in diaries for error in diary.errors] == []
        runs = [run async for run in client.list_runs(sweep_id)]
        check_results(runs, [done for diary in diaries for done in diary.done], cap)
        assert await fetch_value(pair.primary.url, CLIENTS) == 0
        assert await fetch_value(pair.standby_url, CLIENTS) != 0


async def test_a_server_that_stops_taking_writes_is_left(pair: PostgresPair) -> None:
    async with (
        registry_server(pair.url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        known = await identity(pair.url)
        # As when a primary becomes a standby under open connections.
        await execute(pair.primary.url, "ALTER SYSTEM SET default_transaction_read_only = on")
        await execute(pair.primary.url, "SELECT pg_reload_conf()")
        for _ in range(2):
            with rpc_fails(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
                await finish_run(registry, run, 1.0)
        await pair.promote()
        # The timeline has changed, so models that were built before are built again.
        system, timeline, oid = known.split(".")
        assert await identity(pair.url) == f"{system}.{int(timeline) + 1}.{oid}"
        # The client sends the result until the registry has found the new primary.
        async with AsyncClient(address, address) as client, asyncio.timeout(SECONDS):
            is_stored = False
            while not is_stored:
                with contextlib.suppress(wanllmdb.UnavailableError):
                    outcome = wanllmdb.Succeeded(1.0)
                    await client.finish_run(sweep.sweep_id, run.number, run.attempt, outcome)
                    is_stored = True
        # The readiness probe and the notifications follow.
        await until_value(pair.primary.url, CLIENTS, 0)


async def test_standbys_alone_are_reported_without_the_password(pair: PostgresPair) -> None:
    database = Database(pair.standby_url)
    try:
        with pytest.raises(UnavailableError) as failure:
            await migrate(database)
    finally:
        await database.close()
    cause = str(failure.value.__cause__)
    assert "read-write" in cause
    assert (urlsplit(pair.standby_url).password or "-") not in cause


async def test_a_silent_server_does_not_keep_the_next_one_from_use(
    silent_host: str, database_url: str
) -> None:
    parts = urlsplit(database_url)
    login, _, host = parts.netloc.rpartition("@")
    database = Database(f"postgresql://{login}@{silent_host},{host}{parts.path}")
    try:
        await migrate(database)
        async with database.read() as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        await database.close()
