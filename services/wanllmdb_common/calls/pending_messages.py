"""Calls whose headers have arrived and whose message has not."""

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

    A call without its message holds memory, counts for no limit of its caller, and needs no
    key. A proper call waits for milliseconds. So beyond the bound the call that has waited
    longest ends, and a caller that sends only headers does not hinder others. For one event
    loop.

    Args:
        most: Largest number of calls that wait at once.
        seconds: Longest time that a call may wait.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        # Deadlines by call, in the order of arrival.
        self._waiting: dict[Context, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def message(self, context: Context) -> Any:
        """Return the call's next message, or grpc.aio.EOF where none follows.

        Raises:
            AbortError: the message did not arrive in time; the caller has been answered.
        """
        waiting = self._waiting
        if len(waiting) >= self._most:
            limit = f"{self._most:,} calls whose message has not arrived"
            self._end(
                next(iter(waiting)),
                OverloadedError(
                    "OVERLOADED",
                    f"this server has {limit}, the most that it accepts, and this call has waited "
                    "longest: send the message with the headers, and retry in "
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
        """End the call, and with it the pending read.

        Nothing else may end the read, since the core writes to memory that belongs to it.
        """
        del self._waiting[context]
        task = asyncio.create_task(_abort(context, error), name="end a call without a message")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _abort(context: Context, error: ServiceError) -> None:
    with contextlib.suppress(grpc.aio.AbortError, grpc.aio.BaseError):
        await abort(context, error)
