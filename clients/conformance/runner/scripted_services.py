"""Both services as a scenario scripts them; every request is recorded."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf import message_factory
from google.protobuf.message import Message

from clients.conformance.runner.link import Link, linked
from clients.conformance.runner.replies import Answer, Cut, Failure, Reply, Stream
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_METHODS = {
    method.name: method
    for file in (registry_pb.DESCRIPTOR, suggestion_pb.DESCRIPTOR)
    for service in file.services_by_name.values()
    for method in service.methods
}


@dataclass(frozen=True, slots=True)
class Received:
    """One request: which RPC, its message, when it arrived, and the API key that it carried."""

    rpc: str
    request: Any
    at: float
    key: str


class ScriptedServices(grpc.GenericRpcHandler):
    """Answers each RPC with what a scenario put in; without that, with UNIMPLEMENTED."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.link: Link | None = None
        self._answers: dict[str, deque[Answer]] = {}
        self._streams: dict[str, deque[Stream]] = {}

    def on(self, rpc: str, *answers: Answer) -> None:
        """Answer an RPC so, in this order; the last answer repeats itself."""
        self._answers[rpc] = deque(answers)

    def on_stream(self, rpc: str, *streams: Stream) -> None:
        """Answer an RPC with these streams, in this order; the last one repeats itself."""
        self._streams[rpc] = deque(streams)

    def requests(self, rpc: str) -> list[Any]:
        """Return the messages that arrived for an RPC."""
        return [each.request for each in self.received if each.rpc == rpc]

    def pauses(self, rpc: str) -> list[float]:
        """Return the seconds between the requests of an RPC."""
        times = [each.at for each in self.received if each.rpc == rpc]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of an RPC; None for one that is not scripted."""
        rpc = handler_call_details.method.rpartition("/")[2]
        if rpc not in self._answers and rpc not in self._streams:
            return None
        request_type = message_factory.GetMessageClass(_METHODS[rpc].input_type)
        if rpc in self._streams:

            async def stream(request: Message, context: Context) -> AsyncIterator[Message]:
                async for message in self._stream(rpc, request, context):
                    yield message

            return grpc.unary_stream_rpc_method_handler(
                stream,
                request_deserializer=request_type.FromString,
                response_serializer=_to_bytes,
            )

        async def answer(request: Message, context: Context) -> Message:
            return await self._answer(rpc, request, context)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request_type.FromString,
            response_serializer=_to_bytes,
        )

    def _record(self, rpc: str, request: Message, context: Context) -> None:
        sent = dict(context.invocation_metadata() or ())
        key = str(sent.get("authorization", "")).removeprefix("Bearer ")
        self.received.append(Received(rpc, request, time.monotonic(), key))

    async def _answer(self, rpc: str, request: Message, context: Context) -> Message:
        self._record(rpc, request, context)
        answers = self._answers[rpc]
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        reply: Reply = answer(request) if callable(answer) else answer
        if isinstance(reply, Message):
            return reply
        await self._fail(reply, context)
        raise AssertionError("a failed call goes on")

    async def _stream(self, rpc: str, request: Message, context: Context) -> AsyncIterator[Message]:
        self._record(rpc, request, context)
        streams = self._streams[rpc]
        stream = streams.popleft() if len(streams) > 1 else streams[0]
        for message in stream.messages:
            yield message
        if stream.end is None:
            await asyncio.Event().wait()
        else:
            await self._fail(stream.end, context)

    async def _fail(self, reply: Failure | Cut, context: Context) -> None:
        if isinstance(reply, Failure):
            context.set_trailing_metadata(reply.trailer())
            await context.abort(reply.code, reply.text)
        assert self.link is not None
        self.link.cut()
        # The call ends with its connection.
        await asyncio.Event().wait()


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[ScriptedServices, str]]:
    """Yield scripted services, and the address at which a client reaches both of them."""
    services = ScriptedServices()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers([services])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with linked(port) as (link, linked_port):
            services.link = link
            yield services, f"127.0.0.1:{linked_port}"
    finally:
        await server.stop(None)
