"""A watcher of a server's health, which needs no key, does not block other callers."""

from __future__ import annotations

import asyncio
import struct

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings

SERVICE = "wanllmdb.api.registry.v1.KeyService"
SERVING = health_pb2.HealthCheckResponse.SERVING
_HEADERS, _DATA, _SETTINGS = 1, 0, 4
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_INITIAL_WINDOW_SIZE = 4


async def test_a_watcher_that_takes_nothing_leaves_others_their_answers() -> None:
    settings = ServerSettings(port=0, grace=1, drain_delay=0)

    async with running_server(settings, services=[SERVICE], register=lambda _: None) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(_watch_without_a_window(SERVICE))
        # The headers of the answer, whose message it has no room for.
        while b"application/grpc" not in await reader.read(4096):
            pass
        async with grpc.aio.insecure_channel(address) as channel:
            request = health_pb2.HealthCheckRequest(service=SERVICE)
            watch = health_pb2_grpc.HealthStub(channel).Watch(request, timeout=60)
            first = await watch.read()
            assert first.status == SERVING
            watch.cancel()
        writer.close()


def _watch_without_a_window(service: str) -> bytes:
    """A call of Health.Watch in HTTP/2 whose caller accepts no byte of the answer."""
    message = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Watch",
        ":authority": "server",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    no_window = struct.pack("!HI", _INITIAL_WINDOW_SIZE, 0)
    return b"".join(
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            _frame(_SETTINGS, 0, 0, no_window),
            _frame(_SETTINGS, _ACK, 0),
            _frame(_HEADERS, _END_HEADERS, 1, b"".join(map(_field, headers.items()))),
            _frame(_DATA, _END_STREAM, 1, b"\0" + struct.pack("!I", len(message)) + message),
        ]
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    size = struct.pack("!I", len(payload))[1:]
    return size + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def _field(header: tuple[str, str]) -> bytes:
    """Encode a literal header field of less than 127 bytes, without indexing or Huffman coding."""
    name, value = (part.encode() for part in header)
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
