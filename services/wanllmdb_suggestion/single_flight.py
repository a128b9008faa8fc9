"""Those who want the same thing at the same time wait for it together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[K, T]):
    """One computation a key at a time; nothing is kept once it has ended.

    It goes on when those who wait for it are canceled: one who came later must not
    fail because the first one has gone.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[T]] = {}

    async def do(self, key: K, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, or the work that is under way for the key.

        Raises:
            Exception: what the work raises, to all who wait.
        """
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(_run(work))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: K, task: asyncio.Task[T]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            # Perhaps nobody waits any more to be told.
            task.exception()


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
