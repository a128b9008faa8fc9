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
        self.open: set[Scope] = set()
        self.are_ended = False

    def end(self) -> None:
        self.are_ended = True
        for scope in list(self.open):
            scope.end()


class Scope:
    """An async context manager that raises UnavailableError, SHUTTING_DOWN, when it is ended.

    It cancels its task as `asyncio.timeout` does. A class of its own without a coroutine within
    another, since every call pays for it.
    """

    __slots__ = ("_cancels", "_endables", "_is_ended", "_task")

    _task: asyncio.Task[object]

    def __init__(self, endables: _Endables) -> None:
        self._endables = endables
        self._is_ended = False

    async def __aenter__(self) -> None:
        if self._endables.are_ended:
            raise shutting_down()
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._task, self._cancels = task, task.cancelling()
        self._endables.open.add(self)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._endables.open.discard(self)
        # Otherwise the caller has canceled the task, too.
        is_only_ended = self._is_ended and self._task.uncancel() <= self._cancels
        if is_only_ended and kind is asyncio.CancelledError:
            raise shutting_down() from error

    def end(self) -> None:
        """End the open scope."""
        if not self._is_ended:
            self._is_ended = True
            self._task.cancel()


def shutting_down() -> UnavailableError:
    """Return the error SHUTTING_DOWN."""
    return UnavailableError("SHUTTING_DOWN", "the server is shutting down; retry the same request")
