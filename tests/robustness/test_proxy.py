"""The proxy forwards, delays, stalls and cuts, and cuts only within calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.robustness.frames import FrameScanner
from tests.robustness.proxy import Proxy, Side, Weather
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy in front of a real gRPC server."""
    settings = ServerSettings(port=0, grace=0)
    async with (
        running_server(settings, services=[], register=lambda _: None) as address,
        Proxy("link", int(address.rpartition(":")[2]), is_http2=True) as proxy,
    ):
        yield proxy


@contextlib.asynccontextmanager
async def client(proxy: Proxy) -> AsyncIterator[Any]:
    options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(proxy.address, options=options) as channel:
        yield health_pb2_grpc.HealthStub(channel)


async def ask(stub: Any, seconds: float = 10) -> None:
    await stub.Check(health_pb2.HealthCheckRequest(), timeout=seconds)


async def is_answered(stub: Any) -> bool:
    """Return whether a call is answered; a call on the connection that is ending is not."""
    try:
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=10, wait_for_ready=True)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            raise
        return False
    return True


async def test_in_good_weather_it_is_not_noticed(proxy: Proxy) -> None:
    async with client(proxy) as stub:
        for _ in range(3):
            await ask(stub)
    assert (proxy.counts.connections, proxy.counts.cuts) == (1, 0)


@pytest.mark.parametrize("side", list(Side))
async def test_a_cut_fails_one_call_and_the_next_one_passes(proxy: Proxy, side: Side) -> None:
    async with client(proxy) as stub:
        await ask(stub)
        proxy.weather = Weather(cut=side, cuts=1)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(stub)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        async with asyncio.timeout(20):
            while not await is_answered(stub):
                pass
    assert proxy.counts.cuts == 1


async def test_a_stalled_call_goes_on_when_the_weather_clears(proxy: Proxy) -> None:
    async with client(proxy) as stub:
        await ask(stub)
        proxy.stall()
        call = asyncio.create_task(ask(stub))
        _done, waiting = await asyncio.wait([call], timeout=0.3)
        assert waiting
        proxy.clear()
        await call


async def test_rejected_connections_fail_at_once(proxy: Proxy) -> None:
    proxy.weather.refuses = True
    async with client(proxy) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(stub)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def frame(kind: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, 0, 0, 0, 0, 1]) + payload


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_calls_are_distinguished_from_pings_in_pieces_of_any_size(size: int) -> None:
    def holds_call(stream: bytes) -> bool:
        scanner = FrameScanner(from_client=True)
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        # All bytes: the scanner must see every one.
        found = [scanner.holds_call(piece) for piece in pieces]
        return any(found)

    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings, ping, window = frame(4, bytes(12)), frame(6, bytes(8)), frame(8, bytes(4))
    assert not holds_call(preface + settings + ping + window)
    for kind in (0, 1):
        assert holds_call(preface + settings + ping + frame(kind, bytes(30)))
