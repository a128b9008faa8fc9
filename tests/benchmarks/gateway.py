"""The gateway: its processor time for each call and message, streams held, and how it cancels.

The gateway is a process of its own. Behind it is a server in this process that answers bytes, so
that the figures are the gateway's alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import psutil

from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.load import measure, table
from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, Protocol
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2, watch_pb2
from wanllmdb_local.platform import Endpoints

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
GET_SWEEP, WATCH = f"{REGISTRY}/GetSweep", f"{REGISTRY}/WatchSweep"
NOWHERE = "127.0.0.1:9"
CLIENTS = 16
SECONDS = 4.0
MESSAGES = 20_000
STREAMS = 1_000
CANCELS = 50

_ANSWER = pb.GetSweepResponse(
    sweep=sweep_pb2.Sweep(sweep_id="abcdefgh", name="a sweep", project="p", description="d" * 600)
).SerializeToString()
_CHANGE = watch_pb2.WatchSweepResponse(
    revision=7, run=run_pb2.Run(sweep_id="abcdefgh", number=3, agent_id="agent")
).SerializeToString()


class Watches:
    """Counts the watches that are open at the service."""

    def __init__(self) -> None:
        self._open = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count one watch within the block."""
        self._open += 1
        self._none.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._none.set()

    async def ended(self) -> None:
        """Wait until there is none."""
        await self._none.wait()


async def run(_platform: Endpoints) -> list[Figure]:
    """Measure calls, messages, watches and cancels."""
    figures: list[Figure] = []
    news = asyncio.Event()
    watches = Watches()

    async def answer(_body: bytes, _context: Any) -> bytes:
        return _ANSWER

    async def changes(body: bytes, _context: Any) -> AsyncIterator[bytes]:
        asked = watch_pb2.WatchSweepRequest.FromString(body)
        for _ in range(asked.since_revision):
            yield _CHANGE
        if asked.since_revision:
            return
        with watches.one():
            yield _CHANGE
            await news.wait()
            yield _CHANGE
            await asyncio.Event().wait()

    async with running_backend({GET_SWEEP: answer}, {WATCH: changes}) as backend:
        with gateway(backend.address) as (url, process):
            table(
                f"Unary calls (GetSweep, {len(_ANSWER):,} bytes) by {CLIENTS} clients for "
                f"{SECONDS:g} s over HTTP/1.1",
                ["protocol", "per s", "p50 ms", "p99 ms", "ms of processor a call"],
                [
                    await _calls(url, process, protocol, codec, figures)
                    for protocol, codec in (
                        (Protocol.CONNECT, "proto"),
                        (Protocol.GRPC_WEB, "proto"),
                        (Protocol.CONNECT, "json"),
                    )
                ],
            )
            table(
                f"Streams of {MESSAGES:,} messages of {len(_CHANGE)} bytes, 8 at once",
                ["protocol", "messages per s", "ms of processor a message", "RSS MiB"],
                [await _messages(url, process, protocol, figures) for protocol in Protocol],
            )
            table(
                f"{STREAMS:,} watches held at once, each on a connection of HTTP/1.1",
                ["RSS before MiB", "with them MiB", "ms until all have a change", "s of processor"],
                [await _held(url, process, news, figures)],
            )
            table(
                f"A caller leaves: ms until its call at the service is canceled, {CANCELS} times",
                ["p50", "p99", "max"],
                [await _cancels(url, watches, figures)],
            )
    return figures


@contextlib.contextmanager
def gateway(registry: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run a gateway without narrow limits for the block; yields its URL and process."""
    limits = (
        "--calls-per-second",
        "0",
        "--max-streams-per-caller",
        "5000",
        "--max-streams",
        "5000",
    )
    command = [
        *(sys.executable, "-m", "wanllmdb_gateway", "--port", "0", "--log-level", "error"),
        *("--registry", registry, "--suggestion", NOWHERE, *limits),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _mebibytes(process: psutil.Process) -> str:
    return f"{process.memory_info().rss / 2**20:,.0f}"


async def _calls(
    url: str, process: psutil.Process, protocol: Protocol, codec: str, figures: list[Figure]
) -> list[str]:
    client = BrowserClient(url, protocol, codec)
    request = pb.GetSweepRequest(sweep_id="abcdefgh")

    count = 0

    async def call(_client: int) -> None:
        nonlocal count
        await client.unary(GET_SWEEP, request, pb.GetSweepResponse)
        count += 1

    before = _used(process)
    load = await measure(call, clients=CLIENTS, seconds=SECONDS)
    used = _used(process) - before
    name = f"a unary call, {protocol.value} {codec}"
    figures += [
        Figure(name, "calls/s", (load.rate,), clients=CLIENTS),
        Figure(f"{name}: CPU of the gateway", "ms CPU", (used * 1000 / count,), clients=CLIENTS),
    ]
    return [
        f"{protocol.value} {codec}",
        f"{load.rate:,.0f}",
        f"{load.p50:.1f}",
        f"{load.p99:.1f}",
        f"{used * 1000 / count:.3f}",
    ]


async def _messages(
    url: str, process: psutil.Process, protocol: Protocol, figures: list[Figure]
) -> list[str]:
    client = BrowserClient(url, protocol)
    request = watch_pb2.WatchSweepRequest(since_revision=MESSAGES)

    async def read() -> int:
        count = 0
        async with client.stream(WATCH, request, watch_pb2.WatchSweepResponse) as stream:
            async for _ in stream:
                count += 1
        return count

    before, began = _used(process), time.perf_counter()
    counts = await asyncio.gather(*(read() for _ in range(8)))
    elapsed, used = time.perf_counter() - began, _used(process) - before
    total = sum(counts)
    assert total == 8 * MESSAGES
    name = f"a message of a stream, {protocol.value}: CPU of the gateway"
    figures.append(Figure(name, "us CPU", (used * 1e6 / total,), clients=8))
    return [
        protocol.value,
        f"{total / elapsed:,.0f}",
        f"{used * 1000 / total:.3f}",
        _mebibytes(process),
    ]


async def _held(
    url: str, process: psutil.Process, news: asyncio.Event, figures: list[Figure]
) -> list[str]:
    before = _mebibytes(process)
    client = BrowserClient(url)
    used = _used(process)
    async with contextlib.AsyncExitStack() as stack:
        streams = []
        for _ in range(STREAMS):
            stream = await stack.enter_async_context(
                client.stream(WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse)
            )
            await stream.next()
            streams.append(stream)
        held = _mebibytes(process)
        began = time.perf_counter()
        news.set()
        await asyncio.gather(*(stream.next() for stream in streams))
        elapsed = time.perf_counter() - began
        used = _used(process) - used
    news.clear()
    figures.append(Figure("all watches have a change", "ms", (elapsed * 1000,), clients=STREAMS))
    return [before, held, f"{elapsed * 1000:,.0f}", f"{used:.2f}"]


async def _cancels(url: str, watches: Watches, figures: list[Figure]) -> list[str]:
    client = BrowserClient(url)
    await watches.ended()
    took = []
    for _ in range(CANCELS):
        async with client.stream(
            WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse
        ) as stream:
            await stream.next()
            began = time.perf_counter()
        await watches.ended()
        took.append((time.perf_counter() - began) * 1000)
    p50, p99 = np.percentile(took, [50, 99])
    figures.append(Figure("a call is canceled behind the gateway", "ms", in_rounds(took)))
    return [f"{p50:.1f}", f"{p99:.1f}", f"{max(took):.1f}"]
