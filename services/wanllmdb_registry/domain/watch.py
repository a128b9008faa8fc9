"""Wake the watchers of a sweep when it has changed, through this replica or another one.

The wake-up is only a hint: a watcher reads what changed from the store, and also reads it from
time to time without a hint.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict


class ChangeHub:
    """The events of a sweep's watchers, one each."""

    def __init__(self) -> None:
        self._events: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def notify(self, sweep_id: str) -> None:
        """Wake the watchers of a sweep."""
        for event in self._events.get(sweep_id, ()):
            event.set()

    def notify_all(self) -> None:
        """Wake every watcher, since it is unknown which sweeps changed."""
        for sweep_id in self._events:
            self.notify(sweep_id)

    def subscribe(self, sweep_id: str) -> asyncio.Event:
        """Return an event that is set with every change; pass it to `unsubscribe` at the end."""
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
