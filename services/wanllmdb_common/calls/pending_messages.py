"""Calls whose headers have come and whose message has not."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import grpc.aio

from wanllmdb_common.error_mapping import Context, abort
from wanllmdb_common.errors import (
    FieldViolation,
    OverloadedError,
    ServiceError,
    invalid_request,
)

_RETRY_AFTER = 1.0


class PendingMessages:
    """Reads the messages of calls, and bounds how many calls wait for theirs, and how long.

    Such a call holds memory, counts for no limit of its caller, and needs no key. A proper
    call waits for milliseconds: so beyond the bound the one that has waited longest ends, and
    a caller that sends headers alone hinders no others. For one event loop.

    Args:
        most: Calls that wait at once.
        seconds: How long each may wait.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        # The one that came first stands first; when its time is over.
        self._waiting: dict[Context, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def message(self, context: Context) -> Any:
        """The call's next message, or grpc.aio.EOF where none follows.

        Raises:
            AbortError: it did not come in time; the caller has been answered.
        """
        waiting = self._waiting
        if len(waiting) >= self._most:
            limit = f"{self._most:,} calls whose message has not come"
            self._end(
                next(iter(waiting)),
                OverloadedError(
                    "OVERLOADED",
                    f"this server has {limit}, as many as it takes, and this call has waited "
                    f"longest: send the message with the headers, and come again in "
                    f"{_RETRY_AFTER:g} s",
                    _RETRY_AFTER,
                    limit=limit,
                ),
            )
        loop = asyncio.get_running_loop()
        waiting[context] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._end_overdue)
        try:
            return await context.read()
        finally:
            waiting.pop(context, None)

    def _end_overdue(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting:
            context, due = next(iter(self._waiting.items()))
            if due > loop.time():
                self._timer = loop.call_at(due, self._end_overdue)
                return
            text = f"no message came within {self._seconds:g} s after the headers"
            self._end(context, invalid_request(FieldViolation("", text)))

    def _end(self, context: Context, error: ServiceError) -> None:
        """The read that waits ends with the call: nothing else may end it, since the core
        writes to memory that belongs to it.
        """
        del self._waiting[context]
        task = asyncio.create_task(_abort(context, error), name="end a call without a message")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _abort(context: Context, error: ServiceError) -> None:
    with contextlib.suppress(grpc.aio.AbortError, grpc.aio.BaseError):
        await abort(context, error)
