"""Batch while busy: items that arrive while a batch is handled go together in the next one."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


def _new_future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class BatchItem(Generic[Answer]):
    """One item of a batch; a subclass adds what is to be done.

    Attributes:
        answer: Done when the item is answered, or canceled when its caller has gone.
    """

    answer: asyncio.Future[Answer] = field(
        default_factory=_new_future, init=False, repr=False, kw_only=True
    )

    @property
    def is_waiting(self) -> bool:
        """Whether a caller still waits for the answer."""
        return not self.answer.done()

    def resolve(self, answer: Answer) -> None:
        """Answer the item, unless its caller has gone."""
        if self.is_waiting:
            self.answer.set_result(answer)

    def reject(self, error: Exception) -> None:
        """Raise the error for the item's caller, unless the caller has gone."""
        if self.is_waiting:
            self.answer.set_exception(error)


Item = TypeVar("Item", bound=BatchItem[Any])


class Batcher(Generic[Item]):
    """Passes waiting items to `handle`, one batch at a time.

    An item alone is handled at once; under load, the cost of a batch is shared by all items
    that waited. Items keep the order of their arrival, and an item that `handle` leaves
    unanswered stays at its place for a later batch. For one event loop.

    Args:
        handle: Answers the items of a batch. An exception that it raises rejects those that
            it has not answered.
        most: Items of one batch at most, where `select` is not given.
        select: Chooses the next batch from the items that wait, of which there is at least
            one; must choose at least one.
        on_idle: Called when no item waits any more.
        name: The name of the worker's task.
    """

    def __init__(
        self,
        handle: Callable[[Sequence[Item]], Awaitable[None]],
        *,
        most: int | None = None,
        select: Callable[[Iterable[Item]], Sequence[Item]] | None = None,
        on_idle: Callable[[], None] = lambda: None,
        name: str | None = None,
    ) -> None:
        self._handle = handle
        self._select = select or (lambda waiting: list(islice(waiting, most)))
        self._on_idle = on_idle
        self._name = name
        self._items: dict[Item, None] = {}
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Any:
        """Return the item's answer; a caller that is canceled takes its item out of the queue.

        Raises:
            Exception: whatever the item was rejected with.
        """
        self._put(item)
        try:
            return await item.answer
        finally:
            self._items.pop(item, None)

    async def submit_together(self, items: Sequence[Item]) -> list[Any]:
        """Return the answers of items that follow each other in the queue.

        In place of an answer there is the exception with which the item was rejected.
        """
        for item in items:
            self._put(item)
        try:
            return await asyncio.gather(*(item.answer for item in items), return_exceptions=True)
        finally:
            for item in items:
                self._items.pop(item, None)

    async def join(self) -> None:
        """Wait until every item is answered."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    def stop(self, error: Exception) -> None:
        """Cancel the worker and reject every item that waits."""
        if self._worker is not None:
            self._worker.cancel()
        for item in list(self._items):
            item.reject(error)

    def _put(self, item: Item) -> None:
        self._items[item] = None
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(
                self._work(),
                name=self._name,
                # The worker serves later callers too, so it inherits nothing, such as a
                # deadline or a trace, from the call of the first one.
                context=contextvars.Context(),
            )

    async def _work(self) -> None:
        try:
            while any(item.is_waiting for item in self._items):
                batch = self._select(item for item in self._items if item.is_waiting)
                try:
                    await self._handle(batch)
                except Exception as error:  # raised for the callers instead
                    for item in batch:
                        item.reject(error)
        finally:
            self._on_idle()
