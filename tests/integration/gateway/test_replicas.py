"""Several registries behind one gateway: calls are spread, and one of them may stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.conftest import LEASE, registry_server
from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, CallError
from tests.gateways import gateway_server
from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of

GET_CALLER = "/wanllmdb.api.registry.v1.KeyService/GetCaller"
NOWHERE = "127.0.0.1:9"


async def empty(_body: bytes, _context: Any) -> bytes:
    return b""


async def ask(url: str) -> None:
    await BrowserClient(url).unary(GET_CALLER, pb.GetCallerRequest(), pb.GetCallerResponse)


async def test_calls_are_spread_over_the_replicas() -> None:
    async with (
        running_backend({GET_CALLER: empty}) as first,
        running_backend({GET_CALLER: empty}) as second,
        gateway_server(f"{first.address},{second.address}", NOWHERE) as url,
    ):
        async with asyncio.timeout(60):
            while not (first.calls and second.calls):
                await ask(url)


async def test_the_other_replica_answers_once_one_has_stopped(database_url: str) -> None:
    async with registry_server(database_url) as staying:
        async with registry_server(database_url) as stopping:
            pass
        async with gateway_server(f"{stopping},{staying}", NOWHERE) as url:
            await ask(url)


async def test_a_registry_that_comes_back_is_used_again(database_url: str) -> None:
    async with registry_server(database_url) as address:
        port = int(address.rpartition(":")[2])
    async with gateway_server(address, NOWHERE) as url:
        with pytest.raises(CallError) as caught:
            await ask(url)
        assert caught.value.ended.reason == "REGISTRY_UNAVAILABLE"
        async with serving_at(database_url, port), asyncio.timeout(60):
            answers = False
            while not answers:
                with contextlib.suppress(CallError):
                    await ask(url)
                    answers = True


async def test_the_services_are_called_over_tls(database_url: str, tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    settings = ServerSettings(
        port=0, grace=1, drain_delay=0, tls_cert=files.cert, tls_key=files.key
    )
    async with (
        running_registry(database_url, pool_size=2, lease=LEASE) as registry,
        running_server(
            settings,
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=steps_of(registry, settings),
        ) as address,
        gateway_server(address, NOWHERE, services_tls_ca=files.ca) as url,
    ):
        await ask(url)


@contextlib.asynccontextmanager
async def serving_at(database_url: str, port: int) -> AsyncIterator[None]:
    """Run a registry on a port that an earlier one had."""
    settings = ServerSettings(port=port, grace=1, drain_delay=0)
    async with (
        running_registry(database_url, pool_size=2, lease=LEASE) as registry,
        running_server(
            settings,
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=steps_of(registry, settings),
        ),
    ):
        yield
