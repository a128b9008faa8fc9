"""Several registries on one database."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc.aio
from google.protobuf.message import Message

from tests.conftest import LEASE, registry_server
from tests.registry_stub import RegistryStub
from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc


@dataclass(frozen=True)
class Replica:
    """The services of one registry, over a channel of its own."""

    registry: Registry
    templates: template_grpc.TemplateServiceAsyncStub
    keys: key_grpc.KeyServiceAsyncStub

    async def call(self, rpc: str, request: Message) -> Any:
        """Call an RPC by name, on the service that has it."""
        for stub in (self.registry, self.templates, self.keys):
            if hasattr(stub, rpc):
                return await getattr(stub, rpc)(request, timeout=60)
        raise AssertionError(f"no RPC {rpc}")


@contextlib.asynccontextmanager
async def replicas_of(
    database_url: str, count: int = 2, lease: timedelta = LEASE
) -> AsyncIterator[list[Replica]]:
    """Run `count` registries for the block, each a server of its own."""
    async with contextlib.AsyncExitStack() as stack:
        replicas = []
        for _ in range(count):
            address = await stack.enter_async_context(registry_server(database_url, lease))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
            replicas.append(
                Replica(
                    RegistryStub(channel),
                    template_grpc.TemplateServiceStub(channel),
                    key_grpc.KeyServiceStub(channel),
                )
            )
        yield replicas
