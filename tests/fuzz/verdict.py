"""Send a request and judge the answer."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from tests.fuzz.rpcs import Rpc
from wanllmdb.api.registry.v1 import error_reason_pb2

# Seconds after which a call counts as stuck. A stream is read for a moment only.
STUCK = 30.0
STREAM_SECONDS = 0.2

FIT = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
}
_REASONS = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()}  # noqa: SIM118  # no dictionary

# Texts that only the internals of the servers produce.
LEAKS = re.compile(
    rb"Traceback \(|sqlalchemy|asyncpg|postgres|psycopg|site-packages|simpleeval|optuna\."
    rb"|\.py\b.*line \d|<class '| object at 0x|(?-i:\b(?:SELECT|INSERT INTO|UPDATE) \w+ )",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """The result: a status, or None if a raw form got none, and the faults of the answer.

    `messages` are the encoded responses.
    """

    code: grpc.StatusCode | None
    faults: tuple[str, ...] = ()
    messages: tuple[bytes, ...] = ()


async def try_out(
    channel: grpc.aio.Channel,
    rpc: Rpc,
    request: bytes,
    metadata: tuple[tuple[str, str], ...] = (),
    *,
    stream_seconds: float = STREAM_SECONDS,
) -> Answer:
    """Send the bytes and judge the answer.

    A stream that has not ended after `stream_seconds` is canceled and counts as OK. A caller that
    expects an error therefore waits as long as for any other call, with STUCK.
    """
    try:
        answers = await _send(channel, rpc, request, metadata, stream_seconds)
    except grpc.aio.AioRpcError as error:
        return Answer(error.code(), tuple(_faults(error, request)))
    faults = []
    for answer in answers:
        if leaked := _leaked(answer, request):
            faults.append(f"the answer holds {leaked!r}")
        rpc.response.FromString(answer)
    return Answer(grpc.StatusCode.OK, tuple(faults), tuple(answers))


async def _send(
    channel: grpc.aio.Channel,
    rpc: Rpc,
    request: bytes,
    metadata: tuple[tuple[str, str], ...],
    stream_seconds: float,
) -> list[bytes]:
    if not rpc.is_stream:
        unary: Any = channel.unary_unary(rpc.path)
        return [await unary(request, timeout=STUCK, metadata=metadata)]
    open_stream: Any = channel.unary_stream(rpc.path)
    stream = open_stream(request, timeout=STUCK, metadata=metadata)
    answers: list[bytes] = []
    try:
        async with asyncio.timeout(stream_seconds):
            async for answer in stream:
                answers.append(answer)  # noqa: PERF401  # those before the time-out, too
    except TimeoutError:
        stream.cancel()
    return answers


def _leaked(answer: bytes, request: bytes) -> bytes | None:
    """Return a text that only the internals produce; an answer may quote its request."""
    found = LEAKS.finditer(answer)
    return next((text[0] for text in found if text[0] not in request), None)


def _faults(error: grpc.aio.AioRpcError, request: bytes) -> list[str]:
    code, text = error.code(), error.details() or ""
    faults = []
    if code not in FIT:
        faults.append(f"{code.name}: {text[:300]}")
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if isinstance(value, bytes) and key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                detail.Unpack(info)
        if leaked := _leaked(value if isinstance(value, bytes) else value.encode(), request):
            faults.append(f"{key} holds {leaked!r}: {text[:300]}")
    if info.reason not in _REASONS:
        faults.append(f"{code.name} with the reason '{info.reason}': {text[:300]}")
    if leaked := _leaked(text.encode(), request):
        faults.append(f"the message holds {leaked!r}: {text[:300]}")
    return faults
