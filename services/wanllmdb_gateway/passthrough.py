"""Passes calls on to the services: unary calls and streams, as bytes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import Headers, RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf import message_factory
from google.protobuf.message import Message

from wanllmdb_common.calls.authentication import AUTHORIZATION_KEY
from wanllmdb_common.calls.call import REQUEST_ID_KEY, Call, CallStep, set_current_call
from wanllmdb_common.calls.draining import Drain
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.errors import FieldViolation, ServiceError, invalid_request
from wanllmdb_common.telemetry.trace_context import HEADERS as TRACE_HEADERS
from wanllmdb_common.telemetry.trace_context import trace_headers
from wanllmdb_gateway.allowed_rpcs import AllowedRpc
from wanllmdb_gateway.arrival import current_arrival
from wanllmdb_gateway.backends import Backends
from wanllmdb_gateway.codecs import BinaryCodec, JsonCodec, JsonError, JsonText, binary_of, json_of
from wanllmdb_gateway.errors import GRPC_CODES, connect_error, internal, passed_on

log = structlog.get_logger(__name__)

Context: TypeAlias = "RequestContext[bytes, bytes]"

# Metadata of a service that reaches the caller: what is named by the service itself, and the
# part of gRPC's own that a client may read. A service names no header of HTTP.
_PASSED_PREFIX = "x-"
_PASSED = ("grpc-retry-pushback-ms",)
_MAX_METADATA_BYTES = 8 * 1024
_ROUNDED_MS = 2.0


class CallApplication(ConnectASGIApplication[None]):
    """Serves the allowed RPCs over Connect and gRPC-Web.

    Args:
        endpoints: The endpoints by path.
        max_message_bytes: The largest message of a caller.
    """

    def __init__(self, endpoints: Mapping[str, Any], max_message_bytes: int) -> None:
        super().__init__(
            service=None,
            endpoints=lambda _service: endpoints,
            read_max_bytes=max_message_bytes,
            # A reverse proxy compresses, and not the event loop of the gateway.
            compressions=(),
            codecs=(BinaryCodec(), JsonCodec()),
        )

    @property
    def path(self) -> str:
        return "/"


@dataclass(frozen=True, slots=True)
class _Peer:
    """What call steps need of gRPC's context."""

    address: str

    def peer(self) -> str:
        return self.address


class Passthrough:
    """The endpoints of the allowed RPCs.

    Args:
        backends: Sends the calls.
        drain: Ends calls when the gateway stops.
        steps: The steps around each call, outermost first.
        call_timeout: Seconds after which a call that is no stream ends.
    """

    def __init__(
        self,
        backends: Backends,
        drain: Drain,
        steps: Sequence[CallStep],
        call_timeout: float,
    ) -> None:
        self._backends = backends
        self._drain = drain
        self._steps = tuple(steps)
        self._call_timeout = call_timeout

    def endpoints(self, rpcs: Sequence[AllowedRpc]) -> dict[str, Any]:
        """Return the endpoints by path."""
        return {rpc.path: self._endpoint(rpc) for rpc in rpcs}

    def _endpoint(self, rpc: AllowedRpc) -> Any:
        method = MethodInfo(
            name=rpc.method.name,
            service_name=rpc.method.containing_service.full_name,
            input=bytes,
            output=bytes,
            idempotency_level=(
                IdempotencyLevel.NO_SIDE_EFFECTS if rpc.is_read else IdempotencyLevel.UNKNOWN
            ),
            stream_type=StreamType.SERVER_STREAM if rpc.is_stream else StreamType.UNARY,
        )
        # A class for each direction is needed for JSON alone.
        asked: type[Message] = message_factory.GetMessageClass(rpc.method.input_type)
        answered: type[Message] = message_factory.GetMessageClass(rpc.method.output_type)

        async def unary(request: bytes, context: Context) -> bytes:
            async with self._served(rpc, request, context) as call:
                binary = await _binary(request, asked)
                timeout = min(self._call_timeout, _seconds_left(context) or self._call_timeout)
                sent = self._backends.call(rpc, binary, _metadata(call), timeout)
                try:
                    async with self._drain.call():
                        answer: bytes = await sent
                    _pass_metadata(await sent.initial_metadata(), context.response_headers)
                    _pass_metadata(await sent.trailing_metadata(), context.response_trailers)
                finally:
                    sent.cancel()
                return await _as_asked(request, answer, answered)

        async def stream(request: bytes, context: Context) -> AsyncIterator[bytes]:
            async with self._served(rpc, request, context) as call:
                binary = await _binary(request, asked)
                sent = self._backends.call(rpc, binary, _metadata(call), _seconds_left(context))
                scope = self._drain.watch if call.is_watch else self._drain.call
                is_first = True
                try:
                    while True:
                        # The scope excludes the yield, where the caller reads.
                        async with scope():
                            message = await sent.read()
                        if is_first:
                            is_first = False
                            headers = await sent.initial_metadata()
                            _pass_metadata(headers, context.response_headers)
                        if message is grpc.aio.EOF:
                            break
                        yield await _as_asked(request, message, answered)
                    _pass_metadata(await sent.trailing_metadata(), context.response_trailers)
                finally:
                    sent.cancel()

        if rpc.is_stream:
            return Endpoint.server_stream(method, stream)
        return Endpoint.unary(method, unary)

    @contextlib.asynccontextmanager
    async def _served(
        self, rpc: AllowedRpc, request: bytes, context: Context
    ) -> AsyncIterator[Call]:
        """Run the steps around a call, and turn every error into one of Connect."""
        arrival = current_arrival()
        call = Call(
            rpc.path,
            request,
            _Peer(arrival.peer),  # type: ignore[arg-type]  # steps need the peer alone
            is_stream=rpc.is_stream,
            headers=arrival.headers,
        )
        set_current_call(call)
        context.response_headers[REQUEST_ID_KEY] = call.request_id
        entered: list[CallStep] = []
        try:
            for step in self._steps:
                entered.append(step)
                await step.before(call)
            arrival.raise_rejection()
            yield call
        except grpc.aio.AioRpcError as error:
            call.code = error.code()
            _pass_metadata(error.initial_metadata(), context.response_headers)
            _pass_metadata(error.trailing_metadata(), context.response_trailers)
            raise passed_on(error, rpc.service) from None
        except ServiceError as error:
            sent = connect_error(error)
            call.code, call.reason = GRPC_CODES[sent.code], error.reason
            raise sent from None
        except ConnectError as error:
            call.code = GRPC_CODES[error.code]
            raise
        except (asyncio.CancelledError, GeneratorExit):
            left = context.timeout_ms
            is_late = left is not None and left <= 0
            call.code = grpc.StatusCode.DEADLINE_EXCEEDED if is_late else grpc.StatusCode.CANCELLED
            raise
        except Exception:
            call.code, call.reason = grpc.StatusCode.INTERNAL, "INTERNAL"
            raise internal(call.method) from None
        finally:
            _leave(entered, call)
            if call.code is not grpc.StatusCode.OK:
                log.debug(
                    "call ended",
                    method=call.method,
                    code=call.code.name,
                    elapsed_ms=round(call.elapsed * 1000, 1),
                )


def _leave(entered: Sequence[CallStep], call: Call) -> None:
    """End every step, even if another one fails, since steps count the calls in progress."""
    for step in reversed(entered):
        try:
            step.after(call)
        except Exception:
            log.exception("a step failed after the call", step=type(step).__name__)


def _seconds_left(context: Context) -> float | None:
    """Return the seconds until the caller's deadline for the service; None without one."""
    milliseconds = context.timeout_ms
    if milliseconds is None:
        return None
    # gRPC rounds up, and the service's deadline must not be later than the caller's.
    return max((milliseconds - _ROUNDED_MS) / 1000, 0.001)


def _metadata(call: Call) -> tuple[tuple[str, str], ...]:
    """Return the metadata of the call to the service."""
    arrival = current_arrival()
    metadata = [(REQUEST_ID_KEY, call.request_id)]
    if arrival.authorization:
        metadata.append((AUTHORIZATION_KEY, arrival.authorization))
    # The gateway's own span, else the caller's.
    own = trace_headers() or tuple((name, call.metadata(name)) for name in TRACE_HEADERS)
    metadata.extend((name, value) for name, value in own if value)
    return tuple(metadata)


def _pass_metadata(found: Any, to: Headers) -> None:
    """Pass the metadata of a service on, as far as it fits and was not passed before."""
    left = _MAX_METADATA_BYTES
    passed = set(to)
    for key, value in found or ():
        if key in passed or not (key.startswith(_PASSED_PREFIX) or key in _PASSED):
            continue
        text = base64.b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value
        left -= len(key) + len(text)
        if left < 0:
            return
        to.add(key, text)


async def _binary(request: bytes, message_class: type[Message]) -> bytes:
    """Return the request as the service takes it."""
    if not isinstance(request, JsonText):
        return request
    try:
        return await converted(
            lambda: binary_of(request, message_class), len(request) // BYTES_A_ROW
        )
    except JsonError as error:
        raise invalid_request(
            FieldViolation("", f"the text is no {message_class.DESCRIPTOR.name} in JSON: {error}")
        ) from None


async def _as_asked(request: bytes, answer: bytes, message_class: type[Message]) -> bytes:
    """Return the answer in the form in which the request came."""
    if not isinstance(request, JsonText):
        return answer
    try:
        return await converted(lambda: json_of(answer, message_class), len(answer) // BYTES_A_ROW)
    except JsonError as error:
        raise ConnectError(
            Code.INTERNAL, f"the service's answer can't be shown in JSON: {error}"
        ) from None
