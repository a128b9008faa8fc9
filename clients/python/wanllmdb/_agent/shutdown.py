"""How urgently an agent is to end."""

from __future__ import annotations

import threading
from enum import IntEnum


class Urgency(IntEnum):
    """What an agent still does before it ends; each includes the ones before it."""

    GO_ON = 0
    """Everything."""
    DRAIN = 1
    """Let the running runs end, take no more."""
    GIVE_BACK = 2
    """Stop the running runs and give them back."""
    LEAVE = 3
    """Nothing."""


class Shutdown:
    """The urgency that all threads of an agent go by. It only ever rises."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgency = Urgency.GO_ON

    @property
    def urgency(self) -> Urgency:
        """How urgent it is now."""
        return self._urgency

    def demand(self, urgency: Urgency) -> None:
        """Makes it at least as urgent. Not for signal handlers: it takes a lock."""
        with self._changed:
            self._urgency = max(self._urgency, urgency)
            self._changed.notify_all()

    def wait(self, seconds: float, urgency: Urgency = Urgency.DRAIN) -> bool:
        """Waits until it is so urgent, at most some seconds; says whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._urgency >= urgency, seconds)
