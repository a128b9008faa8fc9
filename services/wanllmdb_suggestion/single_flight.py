"""One computation for all callers that want the same thing at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Flight(Generic[T]):
    """A computation under way, and how many callers wait for it."""

    task: asyncio.Task[T]
    callers: int = 0


class SingleFlight(Generic[K, T]):
    """One computation a key at a time; nothing is kept once it has ended.

    It goes on when a caller is canceled, since one that came later must not fail because
    the first one has gone. When the last caller has gone, it is canceled too.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, _Flight[T]] = {}

    async def do(self, key: K, work: Callable[[], Awaitable[T]]) -> T:
        """Returns the result of `work`, or of the work that is under way for the key.

        Raises:
            Exception: what the work raises, to all callers.
        """
        flight = self._under_way.get(key)
        if flight is None:
            flight = self._under_way[key] = _Flight(asyncio.create_task(_run(work)))
            flight.task.add_done_callback(_retrieve_exception)
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if flight.task.done() or not flight.callers:
                flight.task.cancel()
                # A caller that comes now must not join what has ended or is being canceled.
                if self._under_way.get(key) is flight:
                    del self._under_way[key]


def _retrieve_exception(task: asyncio.Task[T]) -> None:
    """Keeps asyncio from logging an exception that no caller is left to see."""
    if not task.cancelled():
        task.exception()


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
