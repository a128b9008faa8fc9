"""A gRPC server that answers the RPCs of tests as each test says, and records what it gets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
import grpc.aio

Unary: TypeAlias = Callable[[bytes, Any], Awaitable[bytes]]
Streaming: TypeAlias = Callable[[bytes, Any], AsyncIterator[bytes]]

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass
class Received:
    """A call as it arrived: its bytes, metadata and seconds until its deadline."""

    body: bytes
    metadata: Mapping[str, str]
    seconds_left: float | None


@dataclass
class Backend:
    """The server's address and its calls."""

    address: str = ""
    calls: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a call has arrived."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a call has been canceled."""

    def received(self, body: bytes, context: Any) -> None:
        """Record a call."""
        metadata = dict(context.invocation_metadata() or ())
        self.calls.append(Received(body, metadata, context.time_remaining()))
        self.arrived.set()


@contextlib.asynccontextmanager
async def running_backend(
    unary: Mapping[str, Unary] | None = None, streams: Mapping[str, Streaming] | None = None
) -> AsyncIterator[Backend]:
    """Run the server for the block, with handlers of bytes by the paths of RPCs."""
    backend = Backend()

    class Handler(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> Any:
            path: str = details.method
            if path in (unary or {}):
                return grpc.unary_unary_rpc_method_handler(_recorded(backend, unary[path]))  # type: ignore[index]  # is there
            if path in (streams or {}):
                return grpc.unary_stream_rpc_method_handler(
                    _recorded_stream(backend, streams[path])  # type: ignore[index]  # is there
                )
            return None

    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((Handler(),))
    backend.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield backend
    finally:
        await server.stop(0)


def _recorded(backend: Backend, handler: Unary) -> Any:
    async def serve(body: bytes, context: Any) -> bytes:
        backend.received(body, context)
        try:
            return await handler(body, context)
        except asyncio.CancelledError:
            backend.ended.set()
            raise

    return serve


def _recorded_stream(backend: Backend, handler: Streaming) -> Any:
    async def serve(body: bytes, context: Any) -> AsyncIterator[bytes]:
        backend.received(body, context)
        try:
            async for message in handler(body, context):
                yield message
        except (asyncio.CancelledError, GeneratorExit):
            backend.ended.set()
            raise

    return serve
