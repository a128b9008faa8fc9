"""The interceptor around every call: its steps, its errors and its log line."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from wanllmdb_common.calls.call import Call, CallStep, Headers, set_current_call
from wanllmdb_common.calls.draining import Drain
from wanllmdb_common.calls.pending_messages import PendingMessages
from wanllmdb_common.computing.cancellation import set_deadline
from wanllmdb_common.error_mapping import Context, abort, abort_internal, code_of
from wanllmdb_common.errors import (
    FieldViolation,
    OverloadedError,
    ServiceError,
    invalid_request,
)

log = structlog.get_logger(__name__)

# Concurrent calls of gRPC reflection, which developers' tools use briefly.
MAX_CONVERSATIONS = 100

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# The metadata of the call that the running task serves.
_headers: contextvars.ContextVar[Headers] = contextvars.ContextVar("headers")


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Runs the steps around every call, maps every exception to a status, and logs failures.

    There is one interceptor rather than one for each concern, since every layer costs each
    call a coroutine.

    gRPC sees every method as one that takes a stream of messages, and the interceptor reads
    one message from it. grpc.aio itself would wait for a message without end, and would answer
    bytes that are no message with UNKNOWN and the exception's text.

    Args:
        steps: The steps around each call, outermost first. They do not apply to gRPC's own
            services (health, reflection).
        drain: Ends calls when the server stops. RPCs whose names begin with Watch never
            end by themselves. It does not apply to gRPC's own services.
        pending: Reads the messages.
    """

    def __init__(
        self,
        steps: Sequence[CallStep] = (),
        drain: Drain | None = None,
        pending: PendingMessages | None = None,
    ) -> None:
        self._steps = tuple(steps)
        self._drain = drain or Drain()
        self._never = Drain()
        self._pending = pending or PendingMessages(1_000, 20)
        self._conversations = 0
        # By method.
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        method: str = handler_call_details.method
        # gRPC runs the handler in the same task.
        _headers.set(handler_call_details.invocation_metadata or ())
        known = self._handlers.get(method)
        if known is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            known = self._handlers[method] = self._around(method, handler)
        return known

    def _around(self, method: str, handler: Any) -> Handler:
        """Return the handler of all calls of a method."""
        if handler.unary_unary:
            return grpc.stream_unary_rpc_method_handler(
                self._around_unary(method, handler),
                response_serializer=_sends_bytes_as_they_are(handler.response_serializer),
            )
        around = self._around_stream if handler.unary_stream else self._around_conversation
        return grpc.stream_stream_rpc_method_handler(
            around(method, handler),
            response_serializer=_sends_bytes_as_they_are(handler.response_serializer),
        )

    def _around_unary(self, method: str, handler: Any) -> Any:
        steps, drain = self._of(method)

        async def serve(_messages: object, context: Context) -> Any:
            headers = _headers.get()
            data = await self._pending.message(context)
            request, problem = _request(handler.request_deserializer, data, headers)
            call = Call(method, request, context, is_stream=False, headers=headers)
            set_current_call(call)
            set_deadline(context.time_remaining())
            entered: list[CallStep] = []
            try:
                for step in steps:
                    entered.append(step)
                    await step.before(call)
                _raise_any(problem)
                async with drain.call():
                    call.response = await handler.unary_unary(request, context)
            except BaseException as error:
                await _fail(call, error)
            finally:
                _leave(entered, call)
            return call.response

        return serve

    def _around_stream(self, method: str, handler: Any) -> Any:
        steps, drain = self._of(method)

        async def serve(_messages: object, context: Context) -> AsyncIterator[Any]:
            headers = _headers.get()
            data = await self._pending.message(context)
            request, problem = _request(handler.request_deserializer, data, headers)
            call = Call(method, request, context, is_stream=True, headers=headers)
            set_current_call(call)
            set_deadline(context.time_remaining())
            entered: list[CallStep] = []
            try:
                for step in steps:
                    entered.append(step)
                    await step.before(call)
                _raise_any(problem)
                scope = drain.watch if call.is_watch else drain.call
                async with contextlib.aclosing(handler.unary_stream(request, context)) as messages:
                    while True:
                        # The scope excludes the yield, where gRPC waits for the caller to read.
                        async with scope():
                            message = await anext(messages, None)
                        if message is None:
                            break
                        yield message
            except BaseException as error:
                await _fail(call, error)
            finally:
                _leave(entered, call)

        return serve

    def _around_conversation(self, method: str, handler: Any) -> Any:
        """Serve gRPC reflection, the only service that takes more than one message."""
        read = handler.request_deserializer

        async def requests(context: Context, headers: Headers) -> AsyncIterator[Any]:
            while (data := await self._pending.message(context)) is not grpc.aio.EOF:
                request, problem = _request(read, data, headers)
                _raise_any(problem)
                yield request

        async def serve(_messages: object, context: Context) -> AsyncIterator[Any]:
            headers = _headers.get()
            call = Call(method, None, context, is_stream=True, headers=headers)
            set_current_call(call)
            self._conversations += 1
            try:
                _raise_any(_too_many(self._conversations))
                answers = handler.stream_stream(requests(context, headers), context)
                async with contextlib.aclosing(answers):
                    async for answer in answers:
                        yield answer
            except BaseException as error:
                await _fail(call, error)
            finally:
                self._conversations -= 1

        return serve

    def _of(self, method: str) -> tuple[Sequence[CallStep], Drain]:
        if method.startswith("/wanllmdb."):
            return self._steps, self._drain
        return (), self._never


def _sends_bytes_as_they_are(serialize: Any) -> Callable[[Any], bytes]:
    """Return a serializer that also takes a response that a servicer has encoded already."""
    return lambda response: response if isinstance(response, bytes) else serialize(response)


def _request(read: Any, data: Any, headers: Headers) -> tuple[Any, ServiceError | None]:
    """Return the message, or an empty one and the problem.

    The problem is raised after the steps, so that an invalid key is reported first.
    """
    problem = _problem_of(headers)
    if data is grpc.aio.EOF:
        return read(b""), problem or _invalid("the call ended without a message")
    try:
        return read(data), problem
    except DecodeError:
        return read(b""), problem or _invalid(
            "the bytes are not a message of the RPC's request type"
        )


def _problem_of(headers: Headers) -> ServiceError | None:
    # The gRPC protocol allows only printable ASCII here, but gRPC decodes bytes that are not UTF-8
    # as Latin-1.
    for name, value in headers:
        if not name.isascii() or (isinstance(value, str) and not value.isascii()):
            shown = name.encode("ascii", "backslashreplace").decode()
            return _invalid(
                f"the metadata {shown[:100]} is not ASCII; send bytes under a name ending in -bin"
            )
    return None


def _invalid(text: str) -> ServiceError:
    return invalid_request(FieldViolation("", text))


def _raise_any(problem: ServiceError | None) -> None:
    if problem is not None:
        raise problem


def _too_many(conversations: int) -> ServiceError | None:
    if conversations <= MAX_CONVERSATIONS:
        return None
    limit = f"{MAX_CONVERSATIONS} concurrent calls of reflection"
    return OverloadedError(
        "OVERLOADED",
        f"this server has {limit}, the most that it accepts: retry in 1 s",
        1.0,
        limit=limit,
    )


def _leave(entered: Sequence[CallStep], call: Call) -> None:
    """End every step, even if another one fails, since steps count the calls in progress."""
    for step in reversed(entered):
        try:
            step.after(call)
        except Exception:
            log.exception("a step failed after the call", step=type(step).__name__)


async def _fail(call: Call, error: BaseException) -> None:
    with structlog.contextvars.bound_contextvars(request_id=call.request_id):
        match error:
            case grpc.aio.AbortError():
                call.code = call.context.code() or grpc.StatusCode.UNKNOWN
                raise error
            case GeneratorExit():
                call.code = grpc.StatusCode.CANCELLED
                raise error
            case asyncio.CancelledError():
                call.code = grpc.StatusCode.CANCELLED
                # grpc.aio leaves the caller waiting forever when a handler ends by a
                # cancellation that the caller did not request.
                if not call.context.done():
                    await call.context.abort(call.code, "the server canceled the call")
                raise error
            case ServiceError():
                call.code = code_of(error)
                call.reason = error.reason
                log.info(
                    "call failed",
                    method=call.method,
                    reason=error.reason,
                    message=error.message[:500],
                    elapsed_ms=round(call.elapsed * 1000, 1),
                )
                await abort(call.context, error)
            case Exception():
                call.code = grpc.StatusCode.INTERNAL
                call.reason = "INTERNAL"
                await abort_internal(call.context, call.method)
            case _:
                raise error
