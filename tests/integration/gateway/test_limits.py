"""Limits of each session and address, and of what one connection may send."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, CallError, Protocol
from tests.gateways import gateway_server
from tests.raw_http import raw, raw_until_closed, send
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
GET_SWEEP, WATCH = f"{REGISTRY}/GetSweep", f"{REGISTRY}/WatchSweep"
NOWHERE = "127.0.0.1:9"

both = pytest.mark.parametrize("protocol", list(Protocol), ids=lambda each: each.value)


async def empty(_body: bytes, _context: Any) -> bytes:
    return b""


async def endless(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
    yield b""
    await asyncio.Event().wait()


async def ask(client: BrowserClient, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    await client.unary(GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse, named)


async def ask_often(client: BrowserClient, *headers: dict[str, str]) -> None:
    """Call 30 times, with each of the headers in turn."""
    for number in range(30):
        await ask(client, **headers[number % len(headers)])


def assert_limited(error: CallError) -> None:
    ended = error.ended
    retry = ended.detail(error_details_pb2.RetryInfo)
    assert (ended.code, ended.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert retry is not None
    assert retry.retry_delay.ToMilliseconds() > 0


@both
async def test_calls_a_second_are_limited_also_on_the_loopback_address(
    protocol: Protocol,
) -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE, calls_per_second=2) as url,
    ):
        client = BrowserClient(url, protocol)
        with pytest.raises(CallError) as caught:
            await ask_often(client, {})
        assert_limited(caught.value)
        assert 4 <= len(backend.calls) < 30


async def test_each_address_has_limits_of_its_own() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(
            backend.address, NOWHERE, calls_per_second=1, trusted_proxies="127.0.0.1"
        ) as url,
    ):
        client = BrowserClient(url)
        with pytest.raises(CallError):
            await ask_often(client, {"x_forwarded_for": "198.51.100.7"})
        await ask(client, x_forwarded_for="198.51.100.8")


async def test_made_up_keys_share_the_limits_of_their_address() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE, calls_per_second=1) as url,
    ):
        client = BrowserClient(url)
        made_up = [{"authorization": f"Bearer wsk_key{n}_{'x' * 43}"} for n in range(30)]
        with pytest.raises(CallError) as caught:
            await ask_often(client, *made_up)
        assert_limited(caught.value)


@both
async def test_concurrent_calls_are_limited_and_counted_until_their_end(
    protocol: Protocol,
) -> None:
    release = asyncio.Event()

    async def held(_body: bytes, _context: Any) -> bytes:
        await release.wait()
        return b""

    async with (
        running_backend({GET_SWEEP: held}) as backend,
        gateway_server(backend.address, NOWHERE, max_calls_per_caller=2) as url,
    ):
        client = BrowserClient(url, protocol)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(ask(client)) for _ in range(2)]
            while len(backend.calls) < 2:
                backend.arrived.clear()
                await backend.arrived.wait()
            with pytest.raises(CallError) as caught:
                await ask(client)
            assert_limited(caught.value)
            release.set()
            await asyncio.gather(*running)
            await ask(client)


@both
async def test_open_streams_are_limited_and_counted_until_the_caller_leaves(
    protocol: Protocol,
) -> None:
    async with (
        running_backend({GET_SWEEP: empty}, {WATCH: endless}) as backend,
        gateway_server(backend.address, NOWHERE, max_streams_per_caller=2) as url,
    ):
        client = BrowserClient(url, protocol)

        def watch() -> Any:
            return client.stream(WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse)

        async with contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                stream = await stack.enter_async_context(watch())
                await stream.next()
            with pytest.raises(CallError) as caught:
                async with watch() as third:
                    await third.next()
            assert_limited(caught.value)
            # Streams take no place of calls.
            await ask(client)
        async with asyncio.timeout(60):
            await backend.ended.wait()
            while True:
                try:
                    async with watch() as stream:
                        await stream.next()
                        break
                except CallError as error:
                    assert_limited(error)


async def test_a_rejected_call_s_body_is_not_read() -> None:
    async with gateway_server(NOWHERE, NOWHERE, calls_per_second=0.001) as url:
        host = url.removeprefix("http://")
        head = (
            f"POST {GET_SWEEP} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/proto\r\n"
            "Content-Length: 4000000\r\n\r\n"
        ).encode()
        with contextlib.suppress(CallError):
            await ask(BrowserClient(url))
        answer = await raw(url, head, seconds=20)
        assert answer.startswith(b"HTTP/1.1 429")
        assert b"RATE_LIMITED" in answer or b"resource_exhausted" in answer


async def test_a_body_that_does_not_arrive_in_time_ends_its_call() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE, body_timeout=0.3) as url,
    ):
        host = url.removeprefix("http://")
        for path in (GET_SWEEP, "/session"):
            content_type = "application/json"
            answer = await raw(
                url,
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n"
                "Content-Length: 10\r\n\r\n{".encode(),
                seconds=20,
            )
            assert answer.split(b" ")[1] in (b"504", b"408")
            assert b"did not arrive" in answer
        assert backend.calls == []


@pytest.mark.parametrize("sent", ["", "P", "POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_connections_that_wait_with_their_request_keep_no_place(sent: str) -> None:
    async with gateway_server(NOWHERE, NOWHERE, body_timeout=0.3, max_connections=2) as url:
        parts = url.removeprefix("http://").split(":")
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(4):
                _, writer = await asyncio.open_connection(parts[0], int(parts[1]))
                stack.callback(writer.close)
                writer.write(sent.encode())
                await writer.drain()
            async with asyncio.timeout(60):
                assert (await send(url, "GET", "/healthz")).status == 200


async def test_a_connection_without_requests_is_closed() -> None:
    async with gateway_server(NOWHERE, NOWHERE, body_timeout=0.3) as url:
        host = url.removeprefix("http://")
        request = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        # Ends when the server closes the connection.
        answer = await raw_until_closed(url, request)
        assert answer.startswith(b"HTTP/1.1 200")


async def test_large_headers_and_addresses_are_refused() -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        kind = {"Content-Type": "application/json"}
        large = await send(url, "POST", GET_SWEEP, {**kind, "X-Large": "x" * 17_000}, b"{}")
        many = await send(
            url, "POST", GET_SWEEP, {**kind, **{f"X-{n}": "y" * 200 for n in range(90)}}, b"{}"
        )
        query = f"?encoding=json&message={'x' * 17_000}"
        long = await send(url, "GET", GET_SWEEP + query)
        assert [large.status, many.status, long.status] == [431, 431, 414]
        # The server under the gateway has limits too, and closes the connection.
        host = url.removeprefix("http://")
        flood = f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'x' * 1_000_000}\r\n\r\n".encode()
        answer = await raw(url, flood, seconds=20)
        assert not answer or answer.split(b" ")[1] in (b"400", b"431")
        assert backend.calls == []


SMUGGLED = "GET /readyz HTTP/1.1\r\nHost: {host}\r\n\r\n"


@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n",
        "Content-Length: 0\r\nContent-Length: {length}\r\n",
        "Content-Length: {length}, 0\r\n",
        "Content-Length: +{length}\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ],
)
async def test_a_request_whose_length_is_ambiguous_smuggles_no_second_one(lengths: str) -> None:
    async with (
        running_backend({GET_SWEEP: empty}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        host = url.removeprefix("http://")
        smuggled = SMUGGLED.format(host=host)
        body = f"0\r\n\r\n{smuggled}"
        head = (
            f"POST {GET_SWEEP} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/proto\r\n"
            + lengths.format(length=len(body))
            + "\r\n"
        )
        answer = await raw(url, (head + body).encode(), seconds=2)
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert b'"ready"' not in answer
        if answer and answer.split(b" ")[1] == b"200":
            # With both headers the chunks count, and the connection ends with the answer.
            assert b"connection: close" in answer
            assert [call.body for call in backend.calls] == [b""]
        else:
            assert backend.calls == []


async def test_bytes_that_are_no_ascii_in_a_header_are_refused() -> None:
    async with gateway_server(NOWHERE, NOWHERE) as url:
        host = url.removeprefix("http://")
        answer = await raw(
            url,
            f"POST {GET_SWEEP} HTTP/1.1\r\nHost: {host}\r\nX-Odd: ".encode()
            + b"\xff\xfe\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )
        assert answer.startswith(b"HTTP/1.1 400")


async def test_a_reader_that_does_not_read_holds_its_stream_back() -> None:
    sent = 0

    async def large(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(64 * 1024)

    async with (
        running_backend(streams={WATCH: large}) as backend,
        gateway_server(backend.address, NOWHERE) as url,
    ):
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.write(
            f"POST {WATCH} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5\r\n"
            "Content-Type: application/connect+proto\r\n\r\n\0\0\0\0\0".encode()
        )
        await backend.arrived.wait()
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.5)
        # The buffers of three connections, and not all that the service could send.
        assert 0 < sent < 500
        writer.close()
        async with asyncio.timeout(60):
            await backend.ended.wait()
