"""Calls that gRPC's own clients refuse to send, as HTTP/2 frames."""

from __future__ import annotations

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.raw_http2 import raw_connection

LIST = "/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps"


async def test_a_proper_call_is_answered(registry_address: str) -> None:
    async with raw_connection(registry_address) as connection:
        answer = await connection.call(LIST, b"")
    assert answer.code is grpc.StatusCode.OK
    assert len(answer.messages) == 1


async def test_a_path_that_is_no_text_ends_its_own_call_alone(
    registry_address: str, suggestion_address: str
) -> None:
    for address in (registry_address, suggestion_address):
        async with raw_connection(address) as connection:
            for path in (b"/wanllmdb.\xff/\xff", b"\xff", b"", b"no/slash", b"/" + bytes(9)):
                answer = await connection.call(path, b"")
                assert answer.code is grpc.StatusCode.UNIMPLEMENTED, path
        async with grpc.aio.insecure_channel(address) as channel:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
