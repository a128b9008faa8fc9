"""Ends the calls of a server that stops: watches at once, other calls when the grace is over."""

from __future__ import annotations

import asyncio
from types import TracebackType

from wanllmdb_common.errors import UnavailableError


class Drain:
    """Scopes whose code can be ended with UNAVAILABLE, SHUTTING_DOWN.

    Clients retry a request that ended with this error, on another replica or on this one after
    its restart. For one event loop.
    """

    def __init__(self) -> None:
        self._watches = _Endables()
        self._calls = _Endables()

    def watch(self) -> Scope:
        """Return a scope for code that waits for changes and so would never end by itself."""
        return Scope(self._watches)

    def call(self) -> Scope:
        """Return a scope for code that ends by itself, usually within the grace period."""
        return Scope(self._calls)

    def end_watches(self) -> None:
        """End the open watch scopes and those entered later."""
        self._watches.end()

    def end_calls(self) -> None:
        """End the open call scopes and those entered later."""
        self._calls.end()


class _Endables:
    """The open scopes of one kind."""

    def __init__(self) -> None:
        self.open: set[asyncio.Timeout] = set()
        self.are_ended = False

    def end(self) -> None:
        self.are_ended = True
        now = asyncio.get_running_loop().time()
        for scope in self.open:
            scope.reschedule(now)


class Scope:
    """An async context manager that raises UnavailableError, SHUTTING_DOWN, when it is ended.

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
    """Return the error SHUTTING_DOWN."""
    return UnavailableError("SHUTTING_DOWN", "the server is shutting down; retry the same request")
