"""Several registries over one database."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc.aio

from tests.conftest import LEASE, registry_server
from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as registry_grpc


@contextlib.asynccontextmanager
async def registries(
    database_url: str, count: int = 2, lease: timedelta = LEASE
) -> AsyncIterator[list[Registry]]:
    """So many replicas within the block, each over a server and a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        stubs = []
        for _ in range(count):
            address = await stack.enter_async_context(registry_server(database_url, lease))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
            stubs.append(registry_grpc.SweepRegistryServiceStub(channel))
        yield stubs
