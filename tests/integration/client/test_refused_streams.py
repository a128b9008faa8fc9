"""Watches and exports of a registry with too many open streams: clients wait and retry."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.conftest import registry_server
from tests.integration.client.conftest import config
from tests.integration.client.programs import WANLLMDB, started
from wanllmdb import AsyncClient, Client, ResourceExhaustedError, SweepChanged, WanllmdbError
from wanllmdb._connection.peer import Peer
from wanllmdb_common.server.settings import LimitSettings


@dataclass(frozen=True)
class Full:
    """A registry whose only stream is taken by a watch."""

    address: str
    client: AsyncClient
    sweep_id: str
    watch: contextlib.AsyncExitStack

    async def make_room(self) -> None:
        await self.watch.aclose()


@pytest.fixture
async def full(database_url: str) -> AsyncIterator[Full]:
    limits = LimitSettings(max_streams=1, max_streams_per_caller=1)
    async with (
        registry_server(database_url, limits=limits) as address,
        AsyncClient(address) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        sweep_id = (await client.create_sweep(config())).sweep.sweep_id
        changes = client.watch_sweep(sweep_id)
        stack.push_async_callback(changes.aclose)  # type: ignore[attr-defined]  # a generator
        assert isinstance(await anext(changes), SweepChanged)
        yield Full(address, client, sweep_id, stack)


async def test_an_async_watch_waits_until_there_is_room(full: Full) -> None:
    refused: asyncio.Queue[Exception] = asyncio.Queue()
    async with AsyncClient(full.address) as other, asyncio.timeout(60):
        changes = other.watch_sweep(full.sweep_id, on_wait=refused.put_nowait)
        first = asyncio.ensure_future(anext(changes))
        assert isinstance(await refused.get(), ResourceExhaustedError)
        await full.make_room()
        assert isinstance(await first, SweepChanged)


async def test_a_blocking_watch_waits_until_there_is_room(full: Full) -> None:
    loop = asyncio.get_running_loop()
    refused: asyncio.Queue[Exception] = asyncio.Queue()

    def note(error: Exception) -> None:
        loop.call_soon_threadsafe(refused.put_nowait, error)

    def first() -> object:
        with Client(full.address) as other:
            return next(other.watch_sweep(full.sweep_id, on_wait=note))

    async with asyncio.timeout(60):
        waiting = asyncio.ensure_future(asyncio.to_thread(first))
        assert isinstance(await refused.get(), ResourceExhaustedError)
        await full.make_room()
        assert isinstance(await waiting, SweepChanged)


async def test_a_watch_on_the_command_line_says_that_it_waits_and_goes_on(full: Full) -> None:
    async with started(
        *(*WANLLMDB, "--registry", full.address, "watch", full.sweep_id),
        environment={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        async with asyncio.timeout(60):
            assert b"waiting for the registry: " in await watch.stderr.readline()
            await full.make_room()
            assert b"pending" in await watch.stdout.readline()
            await full.client.cancel_sweep(full.sweep_id)
            out, _ = await watch.communicate()
    assert b"canceled" in out
    assert watch.returncode == 0


async def test_an_export_that_is_refused_is_sent_again(
    full: Full, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: asyncio.Queue[Exception] = asyncio.Queue()
    decide = Peer.resend_delay

    def seen(peer: Peer, failure: WanllmdbError, resends: int, key_text: str) -> float | None:
        refused.put_nowait(failure)
        return decide(peer, failure, resends, key_text)

    async def rows() -> bytes:
        async with AsyncClient(full.address) as other:
            return b"".join([piece async for piece in other.export_runs(full.sweep_id)])

    monkeypatch.setattr(Peer, "resend_delay", seen)
    async with asyncio.timeout(60):
        exporting = asyncio.ensure_future(rows())
        assert isinstance(await refused.get(), ResourceExhaustedError)
        await full.make_room()
        assert (await exporting).startswith(b"number,")
