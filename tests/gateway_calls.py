"""Calls of the gateway as browsers send them, encoded here by hand.

The gateway's own library encodes nothing in these tests, so that they check what it writes.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import grpc
import pyqwest
from google.protobuf import any_pb2, json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

M = TypeVar("M", bound=Message)

_CODES = {code.name.lower().replace("cancelled", "canceled"): code for code in grpc.StatusCode}
_OF_NUMBERS = {code.value[0]: code for code in grpc.StatusCode}


class Protocol(Enum):
    """What browsers speak."""

    CONNECT = "connect"
    GRPC_WEB = "grpc-web"


@dataclass(frozen=True)
class Ended:
    """The end of a call: its status, its details and its trailing metadata."""

    code: grpc.StatusCode
    message: str = ""
    details: tuple[Any, ...] = ()
    trailers: Mapping[str, str] = field(default_factory=dict)
    http_status: int = 200

    def detail(self, kind: type[M]) -> M | None:
        """Return the detail of a type; None without one."""
        for packed in self.details:
            found = kind()
            if packed.type_url == f"type.googleapis.com/{found.DESCRIPTOR.full_name}":
                found.MergeFromString(packed.value)
                return found
        return None

    @property
    def reason(self) -> str:
        """The reason in the ErrorInfo; empty without one."""
        info = self.detail(error_details_pb2.ErrorInfo)
        return "" if info is None else info.reason


class CallError(Exception):
    """A call ended with an error."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(f"{ended.code.name}: {ended.message}")
        self.ended = ended


@dataclass
class Stream(Generic[M]):
    """A stream of messages; `ended` is set once it has ended."""

    messages: AsyncIterator[M]
    response: Any
    ended: Ended | None = None

    def __aiter__(self) -> AsyncIterator[M]:
        return self.messages

    async def next(self) -> M:
        """Return the next message."""
        return await anext(self.messages)


class BrowserClient:
    """Calls RPCs at a gateway.

    Args:
        url: The gateway's address.
        protocol: The protocol.
        codec: `proto` or `json`.
        headers: Sent with each call.
        transport: The HTTP transport; the default one speaks HTTP/1.1.
    """

    def __init__(
        self,
        url: str,
        protocol: Protocol = Protocol.CONNECT,
        codec: str = "proto",
        headers: Mapping[str, str] | None = None,
        transport: pyqwest.HTTPTransport | None = None,
    ) -> None:
        self.url = url
        self._protocol = protocol
        self._codec = codec
        self._headers = dict(headers or {})
        self._http = pyqwest.Client(transport) if transport else pyqwest.Client()

    async def unary(
        self, path: str, request: Message, answer: type[M], headers: Mapping[str, str] | None = None
    ) -> M:
        """Return the answer of a unary call.

        Raises:
            CallError: the call ended with an error.
        """
        return (await self.unary_with_end(path, request, answer, headers))[0]

    async def unary_with_end(
        self, path: str, request: Message, answer: type[M], headers: Mapping[str, str] | None = None
    ) -> tuple[M, Ended]:
        """Return the answer of a unary call, and its end."""
        body, sent = self._encode(request), {**self._headers, **(headers or {})}
        if self._protocol is Protocol.GRPC_WEB:
            sent["content-type"] = f"application/grpc-web+{self._codec}"
            response = await self._http.post(self.url + path, sent, _framed(body))
            return _whole(response, answer, self._decode)
        sent["content-type"] = f"application/{self._codec}"
        response = await self._http.post(self.url + path, sent, body)
        trailers = _connect_trailers(response.headers)
        if response.status != 200:
            raise CallError(_connect_error(response.content, response.status, trailers))
        assert response.headers["content-type"] == f"application/{self._codec}"
        return self._decode(answer, response.content), Ended(grpc.StatusCode.OK, trailers=trailers)

    async def get(self, path: str, request: Message, answer: type[M]) -> M:
        """Return the answer of a call by Connect's GET.

        Raises:
            CallError: the call ended with an error.
        """
        encoded = base64.urlsafe_b64encode(self._encode(request)).decode().rstrip("=")
        query = f"?connect=v1&encoding={self._codec}&base64=1&message={encoded}"
        response = await self._http.get(self.url + path + query, self._headers)
        if response.status != 200:
            raise CallError(_connect_error(response.content, response.status, {}))
        return self._decode(answer, response.content)

    @asynccontextmanager
    async def stream(
        self, path: str, request: Message, answer: type[M], headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Stream[M]]:
        """Open a stream for the block; leaving it closes the connection or the stream of HTTP/2."""
        kind = (
            f"application/connect+{self._codec}"
            if self._protocol is Protocol.CONNECT
            else f"application/grpc-web+{self._codec}"
        )
        sent = {**self._headers, **(headers or {}), "content-type": kind}
        body = _framed(self._encode(request))
        async with self._http.stream("POST", self.url + path, sent, body) as response:
            if response.status != 200:
                content = b"".join([bytes(part) async for part in response.content])
                raise CallError(_connect_error(content, response.status, {}))
            stream = Stream[M](iter_nothing(), response)
            stream.messages = self._messages(stream, answer)
            yield stream

    async def _messages(self, stream: Stream[M], answer: type[M]) -> AsyncIterator[M]:
        buffer = bytearray()
        headers = stream.response.headers
        if "grpc-status" in headers:
            stream.ended = _grpc_end(dict(headers.items()))
            raise CallError(stream.ended)
        async for part in stream.response.content:
            buffer += part
            while len(buffer) >= 5:
                flags, length = struct.unpack(">BI", buffer[:5])
                if len(buffer) < 5 + length:
                    break
                data = bytes(buffer[5 : 5 + length])
                del buffer[: 5 + length]
                if flags & 0b10000010:
                    stream.ended = _stream_end(flags, data)
                    if stream.ended.code is not grpc.StatusCode.OK:
                        raise CallError(stream.ended)
                    return
                yield self._decode(answer, data)

    def _encode(self, message: Message) -> bytes:
        if self._codec == "json":
            return json_format.MessageToJson(message).encode()
        return message.SerializeToString()

    def _decode(self, kind: type[M], data: bytes) -> M:
        if self._codec == "json":
            return json_format.Parse(data.decode(), kind())
        return kind.FromString(data)


async def iter_nothing() -> AsyncIterator[Any]:
    """Yield nothing."""
    return
    yield


def _framed(body: bytes) -> bytes:
    return struct.pack(">BI", 0, len(body)) + body


def _whole(response: Any, answer: type[M], decode: Any) -> tuple[M, Ended]:
    """Return the message and the end of a unary answer over gRPC-Web."""
    if response.status != 200:
        raise CallError(_refusal(response.content, response.status))
    headers = dict(response.headers.items())
    if "grpc-status" in headers:
        raise CallError(_grpc_end(headers))
    found, ended = None, None
    rest = bytes(response.content)
    while rest:
        flags, length = struct.unpack(">BI", rest[:5])
        data, rest = rest[5 : 5 + length], rest[5 + length :]
        if flags & 0b10000000:
            ended = _stream_end(flags, data)
        else:
            found = decode(answer, data)
    assert ended is not None, "the answer has no trailers"
    if ended.code is not grpc.StatusCode.OK:
        raise CallError(ended)
    assert found is not None
    return found, ended


def _stream_end(flags: int, data: bytes) -> Ended:
    if flags & 0b10000000:
        lines = [line.partition(": ") for line in data.decode().split("\r\n") if line]
        return _grpc_end({name: value for name, _, value in lines})
    value = json.loads(data)
    trailers = {name: values[0] for name, values in value.get("metadata", {}).items()}
    if "error" not in value:
        return Ended(grpc.StatusCode.OK, trailers=trailers)
    return _connect_error(json.dumps(value["error"]).encode(), 200, trailers)


def _grpc_end(trailers: Mapping[str, str]) -> Ended:
    details: Iterable[Any] = ()
    packed = trailers.get("grpc-status-details-bin")
    if packed:
        details = status_pb2.Status.FromString(_unpadded(packed)).details
    return Ended(
        _OF_NUMBERS[int(trailers["grpc-status"])],
        unquote(trailers.get("grpc-message", "")),
        tuple(details),
        trailers,
    )


# What clients of gRPC-Web take a status of HTTP for.
_OF_STATUSES = {
    400: grpc.StatusCode.INTERNAL,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.UNIMPLEMENTED,
    429: grpc.StatusCode.UNAVAILABLE,
}


def _refusal(body: bytes, status: int) -> Ended:
    code = _OF_STATUSES.get(status, grpc.StatusCode.UNKNOWN)
    return Ended(code, bytes(body).decode(), http_status=status)


def _connect_error(body: bytes, status: int, trailers: Mapping[str, str]) -> Ended:
    value = json.loads(body)
    details = tuple(
        any_pb2.Any(
            type_url=f"type.googleapis.com/{detail['type']}", value=_unpadded(detail["value"])
        )
        for detail in value.get("details", ())
    )
    return Ended(_CODES[value["code"]], value.get("message", ""), details, trailers, status)


def _connect_trailers(headers: Any) -> dict[str, str]:
    return {
        name.removeprefix("trailer-"): value
        for name, value in headers.items()
        if name.startswith("trailer-")
    }


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
