"""A grpc.aio server that no path can end.

grpc.aio reads the path of a call to a method that it does not know as UTF-8, in the loop that
takes all calls: one call whose path is not UTF-8, for which no key is needed, ends that loop and
with it the server. There is no hook between the core and that loop, so this takes the loop's
question for such calls in its place. Methods that are known come another way.
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
    """Answers calls to unknown methods itself; all others are grpc.aio's."""

    async def _request_call(self) -> object:
        """Never returns: raises what grpc.aio raises at the end of the server."""
        answering: set[asyncio.Task[None]] = set()
        while True:
            state = await super()._request_call()
            task = asyncio.create_task(_refuse(state), name="refuse unknown method")
            answering.add(task)
            task.add_done_callback(answering.discard)


async def _refuse(state: object) -> None:
    context = _ServicerContext(state, None, None, asyncio.get_running_loop())
    try:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    except (grpc.aio.AbortError, grpc.aio.BaseError, cygrpc.ExecuteBatchError):
        # Sent, or the caller has gone.
        return


def guarded_server(
    interceptors: Sequence[grpc.aio.ServerInterceptor], options: Sequence[tuple[str, Any]]
) -> grpc.aio.Server:
    """A new server, for servicers that register their methods, as generated code does."""
    with _replacing:
        cygrpc.AioServer = _GuardedServer
        try:
            return grpc.aio.server(interceptors=interceptors, options=options)
        finally:
            cygrpc.AioServer = _AioServer
