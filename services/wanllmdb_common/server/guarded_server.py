"""A grpc.aio server that a call with a malformed path can't crash.

grpc.aio decodes the path of a call to an unknown method as UTF-8, inside the loop that accepts
all calls. One call whose path is not UTF-8, which needs no API key, ends that loop and with it
the server. There is no hook between the core and that loop, so the server here overrides the
method by which the loop requests the next call to an unknown method. Calls to known methods
take another path.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # has no types

_AioServer: Any = cygrpc.AioServer
_ServicerContext: Any = cygrpc._ServicerContext

_replacing = threading.Lock()


class _GuardedServer(_AioServer):  # type: ignore[misc]  # has no types
    """A grpc.aio server that answers calls to unknown methods itself."""

    async def _request_call(self) -> object:
        """Answer calls to unknown methods until grpc.aio raises at the end of the server."""
        answering: set[asyncio.Task[None]] = set()
        while True:
            state = await super()._request_call()
            task = asyncio.create_task(_reject(state), name="reject unknown method")
            answering.add(task)
            task.add_done_callback(answering.discard)


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
    with _replacing:
        cygrpc.AioServer = _GuardedServer
        try:
            return grpc.aio.server(interceptors=interceptors, options=options)
        finally:
            cygrpc.AioServer = _AioServer
