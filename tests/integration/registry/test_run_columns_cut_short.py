"""A read of columns whose sweep or database goes away in the middle has no end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import grpc.aio
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.own_postgres import own_postgres
from tests.integration.registry.run_columns import enqueue_long_labels, read, read_long_labels
from tests.registry_stub import RegistryStub
from tests.sweeps import create_sweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_columns_pb2

# Without it, gRPC widens its window and buffers the rest of the stream.
OPTIONS = [("grpc.http2.bdp_probe", 0)]


async def drain(parts: AsyncIterator[run_columns_pb2.ReadRunColumnsResponse]) -> None:
    """Read to the end, which must not come."""
    async with asyncio.timeout(60):
        async for part in parts:
            assert part.WhichOneof("part") == "chunk"


async def test_a_read_of_a_sweep_that_is_deleted_meanwhile_fails(registry_address: str) -> None:
    async with grpc.aio.insecure_channel(registry_address, options=OPTIONS) as channel:
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry)
        await enqueue_long_labels(registry, sweep.sweep_id)
        parts = aiter(registry.ReadRunColumns(read_long_labels(sweep.sweep_id)))
        await anext(parts)
        await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
        with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
            await drain(parts)


async def test_a_read_while_the_database_stops_is_unavailable_and_can_be_repeated() -> None:
    with own_postgres() as postgres:
        async with (
            registry_server(postgres.url) as address,
            grpc.aio.insecure_channel(address, options=OPTIONS) as channel,
        ):
            registry = RegistryStub(channel)
            sweep = await create_sweep(registry)
            await enqueue_long_labels(registry, sweep.sweep_id)
            parts = aiter(registry.ReadRunColumns(read_long_labels(sweep.sweep_id)))
            await anext(parts)
            await asyncio.to_thread(postgres.stop)
            with rpc_fails(StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
                await drain(parts)
            await postgres.start_again()
            table = None
            async with asyncio.timeout(60):
                while table is None:
                    # Unavailable until the registry has connected again.
                    with contextlib.suppress(grpc.aio.AioRpcError):
                        request = read_long_labels(sweep.sweep_id)
                        table, _ = await read(registry, sweep.sweep_id, request.columns)
            assert len(table.rows) == 8_000
