"""What happens around every call: its request id, its errors, its log line."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias, cast

import grpc
import grpc.aio
import structlog

from wanllmdb_common.error_mapping import Context, abort, abort_internal
from wanllmdb_common.errors import ServiceError

REQUEST_ID_KEY = "x-request-id"

log = structlog.get_logger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Maps every exception to a status and logs calls that failed.

    One interceptor rather than one for each concern: every layer of them costs
    each call a coroutine.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/wanllmdb."):
            return handler
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                _around_unary(method, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_stream_rpc_method_handler(
            _around_stream(method, handler.unary_stream),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _around_unary(method: str, behavior: Any) -> Any:
    async def call(request: Any, context: Context) -> Any:
        start = time.perf_counter()
        try:
            return await behavior(request, context)
        except BaseException as error:
            await _fail(method, context, error, start)

    return call


def _around_stream(method: str, behavior: Any) -> Any:
    async def call(request: Any, context: Context) -> AsyncIterator[Any]:
        start = time.perf_counter()
        try:
            async for message in behavior(request, context):
                yield message
        except BaseException as error:
            await _fail(method, context, error, start)

    return call


async def _fail(method: str, context: Context, error: BaseException, start: float) -> None:
    with structlog.contextvars.bound_contextvars(request_id=_request_id(context)):
        match error:
            case grpc.aio.AbortError() | GeneratorExit():
                raise error
            case asyncio.CancelledError():
                # grpc.aio leaves the caller waiting for ever when a handler ends by a
                # cancellation that the caller did not ask for.
                if not context.done():
                    await context.abort(grpc.StatusCode.CANCELLED, "the server canceled the call")
                raise error
            case ServiceError():
                elapsed = round((time.perf_counter() - start) * 1000, 1)
                log.info(
                    "call failed",
                    method=method,
                    reason=error.reason,
                    message=error.message[:500],
                    elapsed_ms=elapsed,
                )
                await abort(context, error)
            case Exception():
                await abort_internal(context, method)
            case _:
                raise error


def _request_id(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID_KEY:
            return cast("str", value)
    return uuid.uuid4().hex
