"""What goes along with a call: deadlines, cancellation, metadata, bytes as they are, sizes."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pyqwest
import pytest
from google.rpc import error_details_pb2

from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, CallError, Protocol
from tests.gateways import gateway_server
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb_common.error_mapping import abort
from wanllmdb_common.errors import OverloadedError

GET_SWEEP = "/wanllmdb.api.registry.v1.SweepRegistryService/GetSweep"
WATCH = "/wanllmdb.api.registry.v1.SweepRegistryService/WatchSweep"
CANCEL_SWEEP = "/wanllmdb.api.registry.v1.SweepRegistryService/CancelSweep"
NOWHERE = "127.0.0.1:9"

both = pytest.mark.parametrize("protocol", list(Protocol), ids=lambda each: each.value)


async def empty(_body: bytes, _context: Any) -> bytes:
    return b""


async def forever(_body: bytes, _context: Any) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


async def endless(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
    yield b""
    await asyncio.Event().wait()


async def ask(url: str, protocol: Protocol, **headers: str) -> pb.GetSweepResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await BrowserClient(url, protocol).unary(
        GET_SWEEP, pb.GetSweepRequest(sweep_id="s"), pb.GetSweepResponse, named
    )


@pytest.mark.parametrize(
    ("protocol", "header", "value"),
    [
        (Protocol.CONNECT, "connect-timeout-ms", "100000"),
        (Protocol.GRPC_WEB, "grpc-timeout", "100S"),
        (Protocol.GRPC_WEB, "grpc-timeout", "100000m"),
    ],
)
async def test_a_deadline_is_carried_on(protocol: Protocol, header: str, value: str) -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        await ask(url, protocol, **{header: value})
    (call,) = backend.calls
    assert call.seconds_left is not None
    # gRPC rounds what it sends up.
    assert 60 < call.seconds_left < 110


@both
async def test_a_call_without_a_deadline_gets_the_gateway_s(protocol: Protocol) -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE, call_timeout=300) as url,
    ):
        await ask(url, protocol)
    (call,) = backend.calls
    assert call.seconds_left is not None
    # gRPC rounds what it sends up.
    assert 200 < call.seconds_left < 310


async def test_a_stream_without_a_deadline_has_none() -> None:
    async with (
        running_backend(streams={WATCH: endless}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
        BrowserClient(url).stream(
            WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse
        ) as stream,
    ):
        await stream.next()
    assert backend.calls[0].seconds_left is None


@pytest.mark.parametrize(
    ("protocol", "header", "value"),
    [
        (Protocol.CONNECT, "connect-timeout-ms", "200"),
        (Protocol.GRPC_WEB, "grpc-timeout", "200m"),
    ],
)
async def test_a_call_ends_at_its_deadline_and_so_does_the_service_s(
    protocol: Protocol, header: str, value: str
) -> None:
    async with (
        running_backend({GET_SWEEP: forever}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        with pytest.raises(CallError) as caught:
            await ask(url, protocol, **{header: value})
        assert caught.value.ended.code is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(60):
            await backend.ended.wait()


@both
@pytest.mark.parametrize("kind", ["unary", "stream", "silent stream"])
async def test_the_call_of_a_caller_that_leaves_is_canceled(protocol: Protocol, kind: str) -> None:
    async def silent(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    path = GET_SWEEP if kind == "unary" else WATCH
    async with (
        running_backend(
            {GET_SWEEP: forever}, {WATCH: endless if kind == "stream" else silent}
        ) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        is_unary = path == GET_SWEEP and protocol is Protocol.CONNECT
        content_type = {
            Protocol.CONNECT: "application/proto" if is_unary else "application/connect+proto",
            Protocol.GRPC_WEB: "application/grpc-web+proto",
        }[protocol]
        body = b"" if is_unary else struct.pack(">BI", 0, 0)
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        async with asyncio.timeout(60):
            await backend.arrived.wait()
        writer.close()
        # The benchmark measures how long it takes.
        async with asyncio.timeout(60):
            await backend.ended.wait()


async def test_the_ids_of_the_call_and_of_its_trace_are_carried_on() -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        await ask(
            url,
            Protocol.CONNECT,
            x_request_id="page-7",
            traceparent=trace,
            tracestate="a=b",
            authorization="Bearer wsk_x_y",
        )
        await ask(url, Protocol.CONNECT)
    named, unnamed = backend.calls
    assert named.metadata["x-request-id"] == "page-7"
    assert named.metadata["traceparent"] == trace
    assert named.metadata["tracestate"] == "a=b"
    assert named.metadata["authorization"] == "Bearer wsk_x_y"
    # One id names the call in both logs, also if the page sends none.
    assert unnamed.metadata["x-request-id"]
    assert "authorization" not in unnamed.metadata


@both
async def test_a_service_s_own_metadata_arrives_and_headers_of_http_do_not(
    protocol: Protocol,
) -> None:
    async def answer(_body: bytes, context: Any) -> bytes:
        await context.send_initial_metadata((("x-head", "1"), ("set-cookie", "a=b")))
        context.set_trailing_metadata((("x-tail", "2"), ("access-control-allow-origin", "*")))
        return b""

    async with (
        running_backend({GET_SWEEP: answer}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        client = BrowserClient(url, protocol)
        _, ended = await client.unary_with_end(GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse)
        assert ended.trailers["x-tail"] == "2"
        assert "access-control-allow-origin" not in ended.trailers
        response = await pyqwest.Client().post(
            url + GET_SWEEP, {"content-type": "application/proto"}, b""
        )
        assert response.headers["x-head"] == "1"
        assert "set-cookie" not in response.headers


async def test_no_other_header_reaches_the_service() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        await ask(url, Protocol.CONNECT, cookie="a=b", x_secret="c", grpc_internal="d")
    assert set(backend.calls[0].metadata) <= {"x-request-id", "user-agent"}


@both
async def test_bytes_arrive_as_they_were_sent(protocol: Protocol) -> None:
    # A field that this version does not know, and one that is no valid message of the type.
    unknown = b"\xfa\x3f\x03abc"

    async def echo(body: bytes, _context: Any) -> bytes:
        return body + b"\x0a\x02\xff\xff"

    async with (
        running_backend({GET_SWEEP: echo}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        content_type = "proto" if protocol is Protocol.CONNECT else "grpc-web+proto"
        framed = struct.pack(">BI", 0, len(unknown)) + unknown
        response = await pyqwest.Client().post(
            url + GET_SWEEP,
            {"content-type": f"application/{content_type}"},
            unknown if protocol is Protocol.CONNECT else framed,
        )
    assert backend.calls[0].body == unknown
    assert unknown + b"\x0a\x02\xff\xff" in bytes(response.content)


@both
async def test_overload_arrives_with_the_time_after_which_to_retry(protocol: Protocol) -> None:
    async def overloaded(_body: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("grpc-retry-pushback-ms", "1500"),))
        await abort(context, OverloadedError("OVERLOADED", "too much", 1.5))

    async def pushed_back(_body: bytes, context: Any) -> bytes:
        await context.abort(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "too much",
            trailing_metadata=(("grpc-retry-pushback-ms", "1500"), ("x-odd-bin", b"\xff\x00")),
        )
        raise AssertionError

    async with (
        running_backend({GET_SWEEP: overloaded, CANCEL_SWEEP: pushed_back}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        with pytest.raises(CallError) as caught:
            await ask(url, protocol)
        ended = caught.value.ended
        retry = ended.detail(error_details_pb2.RetryInfo)
        assert ended.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry is not None
        assert retry.retry_delay.ToMilliseconds() == 1_500
        with pytest.raises(CallError) as caught:
            await BrowserClient(url, protocol).unary(
                CANCEL_SWEEP, pb.CancelSweepRequest(), pb.CancelSweepResponse
            )
        assert caught.value.ended.trailers["grpc-retry-pushback-ms"] == "1500"
        assert caught.value.ended.trailers["x-odd-bin"] == "/wA"


@both
async def test_a_service_that_does_not_answer_is_unavailable_without_its_address(
    protocol: Protocol,
) -> None:
    async with gateway_server(NOWHERE, NOWHERE) as url:
        with pytest.raises(CallError) as caught:
            await ask(url, protocol)
    ended = caught.value.ended
    assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, "REGISTRY_UNAVAILABLE")
    assert "127.0.0.1" not in ended.message


@both
async def test_messages_are_bounded_in_both_directions(protocol: Protocol) -> None:
    async def large(body: bytes, _context: Any) -> bytes:
        return b"\x0a" + bytes(100_000)

    async with (
        running_backend({GET_SWEEP: large, CANCEL_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE, max_message_bytes=65_536) as url,
    ):
        client = BrowserClient(url, protocol)
        with pytest.raises(CallError) as caught:
            await client.unary(
                CANCEL_SWEEP, pb.CancelSweepRequest(sweep_id="x" * 70_000), pb.CancelSweepResponse
            )
        assert caught.value.ended.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert backend.calls == []
        with pytest.raises(CallError) as caught:
            await ask(url, protocol)
        assert caught.value.ended.code is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_read_passes_as_get_and_a_mutation_does_not() -> None:
    async with (
        running_backend({GET_SWEEP: empty, CANCEL_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        for codec in ("proto", "json"):
            client = BrowserClient(url, codec=codec)
            request = pb.GetSweepRequest(sweep_id="s")
            assert await client.get(GET_SWEEP, request, pb.GetSweepResponse) is not None
        assert [call.body for call in backend.calls] == [request.SerializeToString()] * 2
        query = "?connect=v1&encoding=json&message=%7B%7D"
        refused = await pyqwest.Client().get(url + CANCEL_SWEEP + query)
        assert (refused.status, refused.headers["allow"]) == (405, "POST")
        assert len(backend.calls) == 2


async def test_text_that_is_no_message_is_an_invalid_request() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        response = await pyqwest.Client().post(
            url + GET_SWEEP, {"content-type": "application/json"}, b'{"no_such_field": 1}'
        )
        assert response.status == 400
        assert b"no_such_field" in bytes(response.content)
        assert backend.calls == []
