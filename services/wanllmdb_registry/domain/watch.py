"""Wake the watchers of a sweep when it has changed, through this replica or another one.

The wake-up is only a hint: a watcher reads what changed from the store, and also reads it from
time to time without a hint.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict

ANY_SWEEP = ""
"""In place of a sweep's id: all sweeps, also those that are created and deleted."""


class ChangeHub:
    """The events of watchers, one each: of those of a sweep, and of those of lists.

    Attributes:
        changes: How many changes were announced so far, of any sweep.
    """

    def __init__(self) -> None:
        self._events: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.changes = 0

    def notify(self, sweep_id: str) -> None:
        """Wake the watchers of a sweep and of lists."""
        self.changes += 1
        for event in (*self._events.get(sweep_id, ()), *self._events.get(ANY_SWEEP, ())):
            event.set()

    def notify_all(self) -> None:
        """Wake every watcher, since it is unknown which sweeps changed."""
        self.changes += 1
        for events in self._events.values():
            for event in events:
                event.set()

    def subscribe(self, sweep_id: str) -> asyncio.Event:
        """Return an event that is set with every change of the sweep, or of ANY_SWEEP.

        Pass it to `unsubscribe` at the end.
        """
        event = asyncio.Event()
        self._events[sweep_id].add(event)
        return event

    def unsubscribe(self, sweep_id: str, event: asyncio.Event) -> None:
        """Remove the event."""
        self._events[sweep_id].discard(event)
        if not self._events[sweep_id]:
            del self._events[sweep_id]


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, at most `seconds`, and clear it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
