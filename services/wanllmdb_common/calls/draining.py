"""Ends the calls of a server that stops: watches at once, the others when their time is up."""

from __future__ import annotations

import asyncio
from types import TracebackType

from wanllmdb_common.errors import UnavailableError


class Drain:
    """What runs within its scopes may be ended with UNAVAILABLE: SHUTTING_DOWN.

    Clients repeat a request that ended so, and another replica, or this one once it is
    back, takes it. For one event loop.
    """

    def __init__(self) -> None:
        self._watches = _Endables()
        self._calls = _Endables()

    def watch(self) -> Scope:
        """A scope for what waits for changes, and so would never end by itself."""
        return Scope(self._watches)

    def call(self) -> Scope:
        """A scope for what ends by itself, mostly in time."""
        return Scope(self._calls)

    def end_watches(self) -> None:
        """Ends those under way and those to come."""
        self._watches.end()

    def end_calls(self) -> None:
        """Ends those under way and those to come."""
        self._calls.end()


class _Endables:
    """The scopes that are open."""

    def __init__(self) -> None:
        self.open: set[asyncio.Timeout] = set()
        self.are_ended = False

    def end(self) -> None:
        self.are_ended = True
        now = asyncio.get_running_loop().time()
        for scope in self.open:
            scope.reschedule(now)


class Scope:
    """An async context manager; raises UnavailableError: SHUTTING_DOWN when it is ended.

    A class rather than a generator, since every call pays for it.
    """

    __slots__ = ("_endables", "_timeout")

    def __init__(self, endables: _Endables) -> None:
        self._endables = endables
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        if self._endables.are_ended:
            raise shutting_down()
        await self._timeout.__aenter__()
        self._endables.open.add(self._timeout)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._endables.open.discard(self._timeout)
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError as ended:
            raise shutting_down() from ended


def shutting_down() -> UnavailableError:
    """SHUTTING_DOWN."""
    return UnavailableError("SHUTTING_DOWN", "the server shuts down; send the request again")
