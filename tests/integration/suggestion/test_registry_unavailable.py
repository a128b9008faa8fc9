"""The registry is unavailable, for a while or for good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest

from tests.conftest import LEASE, suggestion_server
from tests.integration.suggestion.sweeps import SPACE, reason
from tests.ports import free_port
from wanllmdb import AsyncClient
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES
from wanllmdb_registry.rpc.services import add_to as add_registry


@contextlib.asynccontextmanager
async def registry_on(database_url: str, port: int) -> AsyncIterator[str]:
    async with (
        running_registry(database_url, pool_size=2, lease=LEASE) as registry,
        running_server(
            ServerSettings(port=port, grace=0),
            services=SERVICES,
            register=lambda server: add_registry(server, registry),
        ) as address,
    ):
        yield address


async def test_without_a_registry_the_caller_gets_an_error() -> None:
    async with (
        suggestion_server("127.0.0.1:1") as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        stub = suggestion_grpc.SuggestionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Suggest(pb.SuggestRequest(sweep_id="nosuchsweep0", agent_id="a"), timeout=30)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert reason(caught.value) == "REGISTRY_UNAVAILABLE"


async def test_a_client_waits_for_a_registry_that_comes_back(database_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with registry_on(database_url, free_port()) as address:
            suggestion_address = await stack.enter_async_context(suggestion_server(address))
            client = await stack.enter_async_context(AsyncClient(address, suggestion_address))
            created = await client.create_sweep(f"method: random\nseed: 1\nparameters:{SPACE}")
            sweep_id = created.sweep.sweep_id
            await client.suggest(sweep_id, agent_id="a")
        during = asyncio.create_task(client.suggest(sweep_id, agent_id="a", count=3))
        await asyncio.sleep(0.3)
        assert not during.done()
        async with registry_on(database_url, int(address.rpartition(":")[2])):
            assert [run.number for run in (await during).runs] == [1, 2, 3]
