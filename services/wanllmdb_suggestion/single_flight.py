"""One computation for all callers that ask for the same key at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Flight(Generic[T]):
    """A running computation, and the number of callers that wait for it."""

    task: asyncio.Task[T]
    callers: int = 0


class SingleFlight(Generic[K, T]):
    """Runs one computation per key at a time; keeps no result after it has ended.

    A canceled caller does not cancel the computation, because other callers may wait for it.
    The computation is canceled when the last caller has gone.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, _Flight[T]] = {}

    async def do(self, key: K, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `work`, or of the work that already runs for the key.

        Raises:
            Exception: any exception that the work raises, for all callers.
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
                # A new caller must not join a computation that has ended or is being canceled.
                if self._under_way.get(key) is flight:
                    del self._under_way[key]


def _retrieve_exception(task: asyncio.Task[T]) -> None:
    """Keep asyncio from logging an exception that no caller is left to receive."""
    if not task.cancelled():
        task.exception()


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
