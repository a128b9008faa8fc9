"""Calls that a server, or its core, cancels: the clients repeat them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.conftest import LEASE, suggestion_server
from wanllmdb import AsyncClient, Client, UnavailableError
from wanllmdb_common.calls.call import Call
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of

CONFIG = {"method": "random", "metric": {"name": "loss"}, "parameters": {"x": {"min": 0, "max": 9}}}


class Canceling:
    """An interceptor that cancels the first calls of each RPC, like a busy server's core."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.seen: Counter[str] = Counter()

    async def before(self, call: Call) -> None:
        self.seen[call.rpc] += 1
        if self.seen[call.rpc] <= self.times:
            await call.context.abort(grpc.StatusCode.CANCELLED, "CANCELLED")

    def after(self, call: Call) -> None:
        pass


@contextlib.asynccontextmanager
async def canceling_registry(database_url: str, step: Canceling) -> AsyncIterator[str]:
    """A registry with that interceptor before all others, within the block."""
    async with (
        running_registry(database_url, pool_size=4, lease=LEASE) as registry,
        running_server(
            ServerSettings(port=0, grace=1, drain_delay=0),
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=[step, *steps_of(registry, LimitSettings())],
            readiness=registry.readiness,
        ) as address,
    ):
        yield address


async def test_canceled_calls_are_sent_again_and_carried_out_once(database_url: str) -> None:
    step = Canceling(times=2)
    async with (
        canceling_registry(database_url, step) as address,
        suggestion_server(address) as suggestion,
        AsyncClient(address, suggestion) as client,
    ):
        sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
        (run,) = (await client.suggest(sweep_id, agent_id="agent")).runs
        await client.finish_run(sweep_id, run.number, run.attempt)
        async for change in client.watch_sweep(sweep_id):
            assert change
            break
        step.seen.clear()

        def use() -> None:
            with Client(address, suggestion) as blocking:
                assert blocking.get_sweep(sweep_id).sweep_id == sweep_id
                for change in blocking.watch_sweep(sweep_id):
                    assert change
                    return

        await asyncio.to_thread(use)
        assert step.seen["GetSweep"] > step.times
        assert step.seen["WatchSweep"] > step.times
        assert [each.number async for each in client.list_runs(sweep_id)] == [0]


async def test_a_server_that_cancels_all_calls_counts_as_away(database_url: str) -> None:
    async with (
        canceling_registry(database_url, Canceling(times=1_000)) as address,
        AsyncClient(address, address, timeout=20) as client,
    ):
        with pytest.raises(UnavailableError, match="may be sent again"):
            await client.get_sweep("abcdefghijkl")
