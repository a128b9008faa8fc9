"""Calls that gRPC's own clients refuse to send, as HTTP/2 frames."""

from __future__ import annotations

import grpc

from tests.raw_http2 import raw_connection

LIST = "/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps"


async def test_a_proper_call_is_answered(registry_address: str) -> None:
    async with raw_connection(registry_address) as connection:
        answer = await connection.call(LIST, b"")
    assert answer.code is grpc.StatusCode.OK
    assert len(answer.messages) == 1
