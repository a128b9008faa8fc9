"""Says what is waited for, and not too often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SAY_EVERY = 60.0
"""Seconds between two lines."""


class Reminder:
    """A line at once, then one a minute, whoever asks for it. Safe to use from many threads."""

    def __init__(self, say: Callable[[str], None], every: float = SAY_EVERY) -> None:
        self._say = say
        self._every = every
        self._lock = threading.Lock()
        self._said_at: float | None = None

    def __call__(self, text: str) -> None:
        """Says it, if it is time."""
        with self._lock:
            now = time.monotonic()
            if self._said_at is not None and now - self._said_at < self._every:
                return
            self._said_at = now
        self._say(text)
