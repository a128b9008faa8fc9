"""Floods of calls and of incomplete calls: a server bounds them and keeps working."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import h2.exceptions
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.operations.server_process import ServerProcess, registry
from tests.raw_http2 import RawConnection, framed, raw_connection
from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import sweep_list_pb2

LIST = "/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps"
WATCH = "/wanllmdb.api.registry.v1.SweepRegistryService/WatchSweep"
CHECK = "/grpc.health.v1.Health/Check"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

MIB = 1024 * 1024


@pytest.fixture
def usual(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A registry with the default limits."""
    with registry(database_url, tmp_path, "usual") as process:
        yield process


@pytest.fixture
def strict(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A registry with low limits."""
    limits = {
        "--message-timeout": "1",
        "--max-waiting-messages": "20",
        "--max-streams-per-connection": "50",
        "--max-connections": "5",
    }
    options = [text for pair in limits.items() for text in pair]
    with registry(database_url, tmp_path, "strict", *options) as process:
        yield process


async def outcomes(address: str, calls: int, channels: int) -> Counter[str]:
    """Return the number of the calls, all sent at once, by outcome."""
    counted: Counter[str] = Counter()

    async def call(stub: RegistryStub) -> None:
        try:
            # Long enough for a busy machine, which answers 3,000 calls in more than a minute.
            await stub.ListSweeps(sweep_list_pb2.ListSweepsRequest(), timeout=240)
            counted["OK"] += 1
        except grpc.aio.AioRpcError as error:
            counted[error.code().name] += 1

    own = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.aio.insecure_channel(address, options=own) for _ in range(channels)]
    stubs = [RegistryStub(channel) for channel in opened]
    await asyncio.gather(*[call(stubs[number % channels]) for number in range(calls)])
    for channel in opened:
        await channel.close()
    return counted


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("calls", "channels"), [(2_000, 1), (3_000, 4)])
async def test_thousands_of_calls_at_once_are_answered_or_asked_to_retry(
    usual: ServerProcess, calls: int, channels: int
) -> None:
    counted = await outcomes(usual.address, calls, channels)
    # How many are refused for want of a connection to the database depends on the machine.
    assert counted.keys() <= {"OK", "RESOURCE_EXHAUSTED"}
    assert counted.total() == calls
    assert counted["OK"] > 0


async def test_calls_that_are_reset_at_once_cancel_no_others(usual: ServerProcess) -> None:
    done = asyncio.Event()

    async def flood() -> None:
        async with raw_connection(usual.address) as connection:
            connection.ignore_stream_limit()
            while not done.is_set() and connection.is_open:
                for _ in range(100):
                    connection.reset(connection.open(connection.headers_of(LIST)))
                await asyncio.sleep(0)

    flooding = [asyncio.create_task(flood()) for _ in range(2)]
    try:
        async with grpc.aio.insecure_channel(usual.address) as channel:
            stub = RegistryStub(channel)
            for _ in range(10):
                await stub.ListSweeps(sweep_list_pb2.ListSweepsRequest(), timeout=60)
    finally:
        done.set()
        await asyncio.gather(*flooding)


@pytest.fixture
def few_streams(database_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A registry that accepts 50 streams per connection, and waits for the messages of all."""
    with registry(
        database_url, tmp_path, "streams", "--max-streams-per-connection", "50"
    ) as process:
        yield process


@pytest.mark.parametrize("method", [LIST, WATCH, CHECK, HEALTH_WATCH, REFLECTION])
async def test_a_call_whose_message_does_not_come_ends(strict: ServerProcess, method: str) -> None:
    async with raw_connection(strict.address) as connection, asyncio.timeout(60):
        stream = connection.open(connection.headers_of(method))
        # A part of one is none.
        await connection.send(stream, framed(bytes(1_000))[:500])
        answer = await connection.answer(stream)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "no message came within 1 s" in answer.text


async def test_beyond_the_bound_the_call_that_waits_longest_for_its_message_ends(
    strict: ServerProcess,
) -> None:
    async with raw_connection(strict.address) as connection, asyncio.timeout(60):
        streams = [connection.open(connection.headers_of(LIST)) for _ in range(30)]
        answers = [await connection.answer(stream) for stream in streams]
        codes = [answer.code for answer in answers]
        assert codes[:10] == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 10
        assert codes[10:] == [grpc.StatusCode.INVALID_ARGUMENT] * 20
        assert len(answers[0].status.details) == 2
        assert (await connection.call(LIST, b"")).code is grpc.StatusCode.OK


async def test_more_streams_than_a_connection_may_have_are_rejected_and_others_are_not(
    few_streams: ServerProcess,
) -> None:
    async with (
        raw_connection(few_streams.address) as flood,
        raw_connection(few_streams.address) as other,
        asyncio.timeout(60),
    ):
        assert flood.max_concurrent_streams == 50
        flood.ignore_stream_limit()
        streams = [flood.open(flood.headers_of(LIST)) for _ in range(500)]
        assert (await other.call(LIST, b"")).code is grpc.StatusCode.OK
        # The first ones stay open: their messages never come.
        answers = [await flood.answer(stream) for stream in streams[50:]]
    assert [answer.code for answer in answers] == [None] * 450


async def test_twenty_thousand_calls_without_a_message_end_and_hold_no_others_up(
    usual: ServerProcess,
) -> None:
    process = psutil.Process(usual.process.pid)
    async with raw_connection(usual.address) as connection:
        assert (await connection.call(LIST, b"")).code is grpc.StatusCode.OK
    before = process.memory_info().rss
    opened: list[RawConnection] = []
    async with asyncio.timeout(120), contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            connection = await stack.enter_async_context(raw_connection(usual.address))
            opened.append(connection)
            connection.ignore_stream_limit()
            for number in range(1_000):
                connection.open(connection.headers_of(LIST))
                if number % 100 == 0:
                    await asyncio.sleep(0)
        async with raw_connection(usual.address) as other:
            assert (await other.call(LIST, b"")).code is grpc.StatusCode.OK
        # Headers that the core had room for have ended; the others were refused.
        for connection in opened:
            await connection.answer(1)
        assert process.memory_info().rss - before < 400 * MIB


async def test_more_connections_than_a_port_may_have_are_closed(strict: ServerProcess) -> None:
    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(60):
        for _ in range(5):
            await stack.enter_async_context(raw_connection(strict.address))
        async with raw_connection(strict.address) as refused:
            with contextlib.suppress(h2.exceptions.H2Error, OSError):
                answer = await refused.call(CHECK, b"")
                assert answer.is_lost
        assert not refused.is_open
    assert await is_taken(strict.address)


async def is_taken(address: str) -> bool:
    """Whether a new connection is accepted once others have ended."""
    async with asyncio.timeout(60), grpc.aio.insecure_channel(address) as channel:
        call = health_pb2_grpc.HealthStub(channel).Check
        return bool(await call(health_pb2.HealthCheckRequest(), wait_for_ready=True))


@pytest.mark.parametrize("first", [b"", b"PRI * HTTP/2.0", b"GET / HTTP/1.1\r\n"])
async def test_a_connection_that_makes_no_handshake_is_closed(
    usual: ServerProcess, first: bytes
) -> None:
    host, _, port = usual.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(first)
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 16):
                pass
    writer.close()


async def test_one_connection_has_a_bounded_number_of_health_watches(
    usual: ServerProcess,
) -> None:
    request = health_pb2.HealthCheckRequest().SerializeToString()
    async with raw_connection(usual.address) as connection, asyncio.timeout(60):
        streams = []
        for _ in range(101):
            streams.append(connection.open(connection.headers_of(HEALTH_WATCH)))
            await connection.send(streams[-1], framed(request), end=True)
        answer = await connection.answer(streams[-1])
        assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        async with raw_connection(usual.address) as other:
            stream = other.open(other.headers_of(HEALTH_WATCH))
            await other.send(stream, framed(request), end=True)
            await other.receiving(stream)
            assert not other.has_ended(stream)
