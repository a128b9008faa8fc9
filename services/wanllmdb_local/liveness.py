"""Finds out whether a part of the platform that runs still answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SILENCE_SECONDS = 30.0
"""After which a part counts as hung: longer than a service that lives holds its event loop."""

_PAUSE_SECONDS = 2.0
# A look that comes later than that says that this process, or the whole machine, stood
# still: the part may have, too, and had no time to answer in.
_MOST_BETWEEN_LOOKS = 1.0


class Liveness:
    """Asks one part again and again, on the side, as long as the supervisor looks.

    Only time counts in which this process ran and looked: neither a laptop that slept nor a
    machine on which nothing goes on is a reason to kill what would answer next.

    Args:
        ask: Waits for the part's answer, so many seconds at most; says whether one came.
            Called in a thread.
        silence: Seconds without an answer after which it is silent.
        clock: Of these seconds.
    """

    def __init__(
        self,
        ask: Callable[[float], bool],
        *,
        silence: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._silence = silence
        self._clock = clock
        self._looked_at = clock()
        self._ask_at = self._looked_at
        self._asking: threading.Thread | None = None
        self._has_answered = False
        self._silent_for = 0.0

    def is_silent(self) -> bool:
        """Whether there was no answer for too long; call it at least once a second."""
        now = self._clock()
        if self._asking is None:
            if now >= self._ask_at:
                self._begin()
        elif not self._asking.is_alive():
            self._asking = None
            self._ask_at = now + _PAUSE_SECONDS
        if self._has_answered:
            self._silent_for = 0.0
        else:
            self._silent_for += min(now - self._looked_at, _MOST_BETWEEN_LOOKS)
        self._looked_at = now
        return self._silent_for >= self._silence

    def _begin(self) -> None:
        self._has_answered = False
        self._asking = threading.Thread(target=self._wait, name="liveness", daemon=True)
        self._asking.start()

    def _wait(self) -> None:
        self._has_answered = self._ask(self._silence)
