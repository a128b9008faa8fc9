"""A grpc.aio server that accepts calls cheaply, and that a malformed path can't crash.

Both are faults of grpc.aio's loop that accepts calls, since grpcio 1.84:

- For each call it waits again for the next call of every method, and starts a task for it. With
  the 57 methods of the registry this takes a third of the processor time of a small call. Here,
  each method has a loop of its own, so that grpc.aio's loop waits once for all of them. The
  correction in grpcio is github.com/grpc/grpc/pull/43461.
- It decodes the path of a call to an unknown method as UTF-8. One call whose path is not UTF-8,
  which needs no API key, ends that loop and with it the server. Here, such calls are answered
  before they reach grpc.aio's loop.

There is no hook between the core and that loop, so the server here overrides the methods by which
the loop requests the next call.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import grpc
import grpc.aio
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # has no types

_AioServer: Any = cygrpc.AioServer
_ServicerContext: Any = cygrpc._ServicerContext

_replacing = threading.Lock()


class _GuardedServer(_AioServer):  # type: ignore[misc]  # has no types
    """A grpc.aio server that accepts each call itself."""

    interceptors: ClassVar[tuple[grpc.aio.ServerInterceptor, ...]]

    def add_registered_method_handlers(self, method_handlers: Mapping[str, Any]) -> None:
        """Add handlers by the path of their method."""
        super().add_registered_method_handlers(method_handlers)
        if not hasattr(self, "_handlers"):
            self._handlers: dict[str, Any] = {}
            self._tasks: set[asyncio.Task[None]] = set()
        self._handlers.update(method_handlers)

    async def _request_registered_call(self, method: bytes) -> object:
        """Serve the calls of one method until grpc.aio raises at the end of the server."""
        path = method.decode()
        loop = asyncio.get_running_loop()
        resolver = cygrpc._MethodResolver([], self._handlers)
        while True:
            state = await super()._request_registered_call(method)
            handling = cygrpc._handle_rpc(path, resolver, self.interceptors, state, loop, False)
            self._start(cygrpc._schedule_rpc_coro(handling, state, loop, path))

    async def _request_call(self) -> object:
        """Answer calls to unknown methods until grpc.aio raises at the end of the server."""
        while True:
            state = await super()._request_call()
            self._start(_reject(state))

    def _start(self, serving: Any) -> None:
        # The event loop alone would not keep the task.
        task = asyncio.get_running_loop().create_task(serving)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _reject(state: object) -> None:
    context = _ServicerContext(state, None, None, asyncio.get_running_loop())
    try:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    except (grpc.aio.AbortError, grpc.aio.BaseError, cygrpc.ExecuteBatchError):
        # The status was sent, or the caller is gone.
        return


def guarded_server(
    interceptors: Sequence[grpc.aio.ServerInterceptor], options: Sequence[tuple[str, Any]]
) -> grpc.aio.Server:
    """Create a server for servicers that register their methods, as generated code does."""

    class Server(_GuardedServer):
        pass

    Server.interceptors = tuple(interceptors)
    with _replacing:
        cygrpc.AioServer = Server
        try:
            return grpc.aio.server(interceptors=interceptors, options=options)
        finally:
            cygrpc.AioServer = _AioServer
