"""Follow the first sweeps of a list: reads shared by all who watch the same list, and changes.

Watchers of a list wake whenever any sweep changes. They share what one of them read lately, so
that a list is read as often for a hundred watchers as for one or two.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wanllmdb_registry.domain.reads import ListHead, SweepFilter, SweepHead, SweepOrder
from wanllmdb_registry.domain.watch import ChangeHub

# A list that takes long to read is read less often: reading takes this share of the time at most,
# unless watchers would then wait longer than these seconds.
MOST_OF_THE_TIME = 0.1
LONGEST_PAUSE = 10.0


class ListReads(Protocol):
    """Reads lists of sweeps."""

    async def head(self, which: SweepFilter, order: SweepOrder, limit: int) -> ListHead:
        """Return the first `limit` sweeps and the number of all."""


@dataclass(frozen=True, slots=True)
class ListKey:
    """Identifies a list: which sweeps, in which order, and how many of them."""

    which: SweepFilter
    order: SweepOrder
    limit: int


@dataclass(frozen=True, slots=True)
class ReadHead:
    """The head of a list, and how many changes had been announced when it was read."""

    head: ListHead
    changes: int


class LiveLists:
    """The lists that are being watched. For one event loop."""

    def __init__(self, lists: ListReads, hub: ChangeHub) -> None:
        self._lists = lists
        self._hub = hub
        self._live: dict[ListKey, LiveList] = {}

    @contextlib.contextmanager
    def watching(self, key: ListKey) -> Iterator[LiveList]:
        """Provide the list, which all its watchers share."""
        live = self._live.setdefault(key, LiveList(self._lists, self._hub, key))
        live.watchers += 1
        try:
            yield live
        finally:
            live.watchers -= 1
            if not live.watchers:
                del self._live[key]
                live.close()


class LiveList:
    """A list and its last read.

    Attributes:
        watchers: The number of its watchers.
    """

    def __init__(self, lists: ListReads, hub: ChangeHub, key: ListKey) -> None:
        self.watchers = 0
        self._lists = lists
        self._hub = hub
        self._key = key
        self._last: ReadHead | None = None
        self._began = self._seconds = 0.0
        self._reading: asyncio.Task[ReadHead] | None = None

    async def read(self, max_age: float) -> ReadHead:
        """Return a head that was read at most `max_age` seconds ago, or is being read.

        An older head is returned if reading took long; see MOST_OF_THE_TIME.
        """
        age = asyncio.get_running_loop().time() - self._began
        pause = min(self._seconds / MOST_OF_THE_TIME, LONGEST_PAUSE)
        if self._last is not None and age <= max(max_age, pause):
            return self._last
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(_forget_error)
        # The read goes on for the other watchers if this one leaves.
        return await asyncio.shield(self._reading)

    def close(self) -> None:
        """End a read for which no watcher waits."""
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> ReadHead:
        clock = asyncio.get_running_loop().time
        began, changes = clock(), self._hub.changes
        try:
            key = self._key
            head = await self._lists.head(key.which, key.order, key.limit)
        finally:
            self._reading = None
        self._began, self._seconds = began, clock() - began
        self._last = ReadHead(head, changes)
        return self._last


def _forget_error(reading: asyncio.Task[ReadHead]) -> None:
    """Mark the error of a read as seen, because all who waited for it may have left."""
    if not reading.cancelled():
        reading.exception()


@dataclass(slots=True)
class SentList:
    """What a watcher has been sent: the sweeps in their order, and the number of all."""

    sweeps: dict[str, SweepHead] = field(default_factory=dict)
    total: int = -1

    @property
    def is_begun(self) -> bool:
        """Whether a list was sent."""
        return self.total >= 0

    def changed(self, head: ListHead) -> list[SweepHead]:
        """Return the sweeps that are new or that changed."""
        return [sweep for sweep in head.sweeps if self.sweeps.get(sweep.sweep_id) != sweep]

    def move_to(self, head: ListHead, missing: Sequence[str]) -> ListChange:
        """Take over a list whose changed sweeps were sent; return what else changed.

        Args:
            head: The list.
            missing: Ids in the list that were deleted after it was read.
        """
        gone = set(missing)
        now = {s.sweep_id: s for s in head.sweeps if s.sweep_id not in gone}
        kept = [sweep_id for sweep_id in self.sweeps if sweep_id in now]
        change = ListChange(
            removed=[sweep_id for sweep_id in self.sweeps if sweep_id not in now],
            order=[] if kept == list(now) else list(now),
            has_new_total=head.total != self.total,
        )
        self.sweeps, self.total = now, head.total
        return change


@dataclass(frozen=True, slots=True)
class ListChange:
    """What changed in a list besides its sweeps.

    Attributes:
        removed: The ids of sweeps that are no longer in it.
        order: The ids of all sweeps; empty if they are those of before without the removed ones.
        has_new_total: Whether another number of sweeps matches.
    """

    removed: Sequence[str]
    order: Sequence[str]
    has_new_total: bool

    def __bool__(self) -> bool:
        return bool(self.removed or self.order or self.has_new_total)
