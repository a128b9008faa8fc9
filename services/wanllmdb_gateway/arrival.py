"""What the gateway knows about a call before its message has been read."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from wanllmdb_gateway.http import Event, Receive


@dataclass(slots=True)
class Arrival:
    """A call that has arrived.

    Attributes:
        peer: The caller's address in the form that gRPC gives it.
        headers: The request's headers.
        authorization: What goes to the service as `authorization`; empty for nothing.
        rejection: The error with which the call ends instead of reaching a service.
    """

    peer: str
    headers: Sequence[tuple[str, str]]
    authorization: str = field(default="", repr=False)
    rejection: ConnectError | None = None

    def raise_rejection(self) -> None:
        """Raise the rejection, if there is one."""
        if self.rejection is not None:
            raise self.rejection


# The largest body of a rejected call that is read, and the longest time for it.
_SKIPPED_BYTES = 64 * 1024
_SKIPPED_SECONDS = 1.0

_current: contextvars.ContextVar[Arrival] = contextvars.ContextVar("arrival")


def current_arrival() -> Arrival:
    """Return the arrival of the call that the running code serves."""
    return _current.get()


def set_current_arrival(arrival: Arrival) -> None:
    """Set the arrival of the call that this context serves."""
    _current.set(arrival)


class BoundedBody:
    """The `receive` of a call, whose body must arrive in time.

    Raises the arrival's rejection instead of reading the body of a rejected call, so that the
    answer has the form of the caller's protocol.
    """

    def __init__(self, receive: Receive, arrival: Arrival, seconds: float) -> None:
        self._receive = receive
        self._arrival = arrival
        self._seconds = seconds
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._is_read = False

    async def __call__(self) -> Event:
        if self._arrival.rejection is not None:
            await self._skip_small_body()
            self._arrival.raise_rejection()
        if self._is_read:
            # What comes after the body is the end of the connection, at any time.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                event = await self._receive()
        except TimeoutError:
            raise ConnectError(
                Code.DEADLINE_EXCEEDED,
                f"the request's body did not arrive within {self._seconds:g} s",
            ) from None
        self._is_read = not event.get("more_body", False)
        return event

    async def _skip_small_body(self) -> None:
        """Read a body that is about to arrive: many clients that still write read no answer."""
        length = dict(self._arrival.headers).get("content-length", "")
        if not length.isdecimal() or int(length) > _SKIPPED_BYTES:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self._seconds, _SKIPPED_SECONDS)):
                while (await self._receive()).get("more_body", False):
                    pass
