"""Wakes watchers of a sweep when it has changed, through this replica or another one.

Only a hint: what changed is read from the store, and a watcher also looks by
itself from time to time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict


class ChangeHub:
    """One event for each watcher of a sweep."""

    def __init__(self) -> None:
        self._events: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def notify(self, sweep_id: str) -> None:
        """Wakes the sweep's watchers."""
        for event in self._events.get(sweep_id, ()):
            event.set()

    def notify_all(self) -> None:
        """Wakes every watcher: nobody knows what changed."""
        for sweep_id in self._events:
            self.notify(sweep_id)

    def subscribe(self, sweep_id: str) -> asyncio.Event:
        """An event that is set with every change; give it to `unsubscribe` in the end."""
        event = asyncio.Event()
        self._events[sweep_id].add(event)
        return event

    def unsubscribe(self, sweep_id: str, event: asyncio.Event) -> None:
        """Forgets the event."""
        self._events[sweep_id].discard(event)
        if not self._events[sweep_id]:
            del self._events[sweep_id]


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, at most `seconds`; clears it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
