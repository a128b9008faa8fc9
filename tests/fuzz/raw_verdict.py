"""Send raw forms to a server while an ordinary client makes calls, and judge both."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import h2.exceptions

from tests.fuzz.proper_requests import proper_requests
from tests.fuzz.raw_calls import RAW_CALLS, RawCall
from tests.fuzz.raw_floods import END_HEADERS, END_STREAM, HEADERS, RAW_FLOODS, frame
from tests.fuzz.rpcs import Rpc
from tests.fuzz.verdict import FIT, LEAKS, STREAM_SECONDS, STUCK, Answer
from tests.fuzz.world import World
from tests.raw_http2 import Answer as RawAnswer
from tests.raw_http2 import RawConnection, raw_connection

# gRPC itself answers a stream that is not a call, before any code of the services sees it. These
# are its answers, in addition to those of the services.
_OF_GRPC = {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.DEADLINE_EXCEEDED}
# The gRPC specification asks for INTERNAL if a message cannot be decompressed.
_INTERNAL_BY_GRPC = {
    "compressed without an encoding",
    "unknown encodings",
    "gzip that is none",
    "odd flags",
}
# The messages of gRPC's core for headers that it cannot read.
_UNREADABLE = re.compile(r"Error parsing '[^']*' metadata|Illegal header |Metadata keys cannot ")
BYSTANDER_DEADLINE = 10.0


@dataclass(frozen=True)
class RawInput:
    """One raw form as it was sent."""

    form: str
    path: str
    seed: int


@dataclass
class Bystander:
    """An ordinary client: its calls, the slowest one, and the faults that it saw."""

    calls: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def bystander(channel: grpc.aio.Channel) -> AsyncIterator[Bystander]:
    """Make calls repeatedly within the block, and once after it."""
    seen = Bystander()
    check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
    stop = asyncio.Event()

    async def call() -> None:
        began = time.monotonic()
        try:
            await check(b"", timeout=BYSTANDER_DEADLINE)
        except grpc.aio.AioRpcError as error:
            seen.faults.append(f"a bystander got {error.code().name}: {error.details()}")
        seen.calls += 1
        seen.slowest = max(seen.slowest, time.monotonic() - began)

    async def go_on() -> None:
        while not stop.is_set():
            await call()
            await asyncio.sleep(0.02)

    calling = asyncio.create_task(go_on())
    try:
        yield seen
    finally:
        stop.set()
        await calling
        await call()


async def try_raw(
    address: str, channel: grpc.aio.Channel, rpc: Rpc, world: World, tried: RawInput
) -> tuple[Answer, Bystander]:
    """Send one form; a fault of the bystander counts as a fault of the answer."""
    rng = random.Random(tried.seed)
    proper = proper_requests(rpc)
    message = b""
    if proper:
        message = world.with_real_names(rng.choice(proper)).SerializeToString()
    async with bystander(channel) as seen:
        if tried.form in RAW_FLOODS:
            await RAW_FLOODS[tried.form](address, rpc, message, rng)
            answer = Answer(None)
        else:
            call = RAW_CALLS[tried.form](rng, message)
            answer = await _call(address, rpc, call, tried.form)
    return Answer(answer.code, (*answer.faults, *seen.faults)), seen


async def _call(address: str, rpc: Rpc, call: RawCall, form: str) -> Answer:
    faults = []
    answer = RawAnswer(is_lost=True)
    try:
        async with asyncio.timeout(STUCK), raw_connection(address) as connection:
            answer = await _answer_of(connection, rpc, call)
    except TimeoutError:
        faults.append(f"no answer within {STUCK:g} s")
    except (OSError, h2.exceptions.H2Error):
        # The connection was refused, or h2 knows that it ended.
        pass
    code = None if _is_of_grpc(answer, form) else answer.code
    if code is not None and code not in FIT:
        faults.append(f"{code.name}: {answer.text[:300]}")
    returned = b"\n".join(value for _, value in (*answer.headers, *answer.trailers))
    if found := LEAKS.search(returned + answer.data):
        faults.append(f"the answer holds {found[0]!r}: {answer.text[:300]}")
    return Answer(code, tuple(faults))


def _is_of_grpc(answer: RawAnswer, form: str) -> bool:
    """Return whether gRPC itself rejected the stream: the services' own errors all have details."""
    if answer.header(b"grpc-status-details-bin") is not None:
        return False
    if answer.code is grpc.StatusCode.INTERNAL:
        return form in _INTERNAL_BY_GRPC or _UNREADABLE.match(answer.text) is not None
    return answer.code in _OF_GRPC


async def _answer_of(connection: RawConnection, rpc: Rpc, call: RawCall) -> RawAnswer:
    pseudo = dict(call.pseudo)
    path = pseudo.pop("path", rpc.path.encode())
    headers = connection.headers_of(path or b"", call.metadata, **pseudo)
    if path is None:
        headers = [header for header in headers if header[0] != b":path"]
    stream = connection.open(headers, end=call.body is None)
    if call.body is not None:
        await connection.send(stream, call.body, end=not call.trailers)
    if call.trailers:
        # Literal headers, which use no table of the connection.
        block = b"".join(
            b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
            for name, value in call.trailers
        )
        connection.write(frame(HEADERS, END_HEADERS | END_STREAM, stream, block))
    if not rpc.is_stream:
        return await connection.answer(stream)
    try:
        # A watch that was accepted continues.
        async with asyncio.timeout(STREAM_SECONDS):
            return await connection.answer(stream)
    except TimeoutError:
        connection.reset(stream)
        return RawAnswer()


def drawn_forms(rpcs: Sequence[Rpc], seed: int) -> Iterator[tuple[Rpc, RawInput]]:
    """Return every form once, each for an RPC that the seed chooses."""
    rng = random.Random(seed)
    for form in (*RAW_CALLS, *RAW_FLOODS):
        rpc = rng.choice(rpcs)
        yield rpc, RawInput(form, rpc.path, rng.getrandbits(32))
