"""What happens around every call: its steps, its errors, its log line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from wanllmdb_common.calls.call import Call, CallStep, set_current_call
from wanllmdb_common.deadline import set_deadline
from wanllmdb_common.draining import Drain
from wanllmdb_common.error_mapping import Context, abort, abort_internal, code_of
from wanllmdb_common.errors import FieldViolation, ServiceError, invalid_request

log = structlog.get_logger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Takes every call through the steps, maps every exception to a status, logs failures.

    One interceptor rather than one for each concern: every layer of them costs
    each call a coroutine.

    Args:
        steps: What is done around each call, outermost first. gRPC's own services
            (health, reflection) go without.
        drain: Ends calls when the server stops. RPCs whose names begin with Watch never
            end by themselves.
    """

    def __init__(self, steps: Sequence[CallStep] = (), drain: Drain | None = None) -> None:
        self._steps = tuple(steps)
        self._drain = drain or Drain()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/wanllmdb."):
            return handler
        # Requests are read here: what grpc.aio tells of bytes that are no message is
        # UNKNOWN and the exception's text.
        read = handler.request_deserializer
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                self._around_unary(method, handler.unary_unary, read),
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_stream_rpc_method_handler(
            self._around_stream(method, handler.unary_stream, read),
            response_serializer=handler.response_serializer,
        )

    def _around_unary(self, method: str, behavior: Any, read: Any) -> Any:
        async def serve(data: bytes, context: Context) -> Any:
            request, problem = _request(read, data)
            call = Call(method, request, context, is_stream=False)
            set_current_call(call)
            set_deadline(context.time_remaining())
            entered: list[CallStep] = []
            try:
                for step in self._steps:
                    entered.append(step)
                    await step.before(call)
                _raise_any(problem)
                async with self._drain.call():
                    call.response = await behavior(request, context)
            except BaseException as error:
                await _fail(call, error)
            finally:
                for step in reversed(entered):
                    step.after(call)
            return call.response

        return serve

    def _around_stream(self, method: str, behavior: Any, read: Any) -> Any:
        async def serve(data: bytes, context: Context) -> AsyncIterator[Any]:
            request, problem = _request(read, data)
            call = Call(method, request, context, is_stream=True)
            set_current_call(call)
            set_deadline(context.time_remaining())
            entered: list[CallStep] = []
            try:
                for step in self._steps:
                    entered.append(step)
                    await step.before(call)
                _raise_any(problem)
                scope = self._drain.watch if call.is_watch else self._drain.call
                async with contextlib.aclosing(behavior(request, context)) as messages:
                    while True:
                        # Not around the yield, where gRPC waits for the caller to read.
                        async with scope():
                            message = await anext(messages, None)
                        if message is None:
                            break
                        yield message
            except BaseException as error:
                await _fail(call, error)
            finally:
                for step in reversed(entered):
                    step.after(call)

        return serve


def _request(read: Any, data: bytes) -> tuple[Any, ServiceError | None]:
    """The message, or an empty one and what is wrong: a bad key is told before a bad message."""
    try:
        return read(data), None
    except DecodeError:
        text = "the bytes are not a message of the RPC's request type"
        return read(b""), invalid_request(FieldViolation("", text))


def _raise_any(problem: ServiceError | None) -> None:
    if problem is not None:
        raise problem


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
                # grpc.aio leaves the caller waiting for ever when a handler ends by a
                # cancellation that the caller did not ask for.
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
