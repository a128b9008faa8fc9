"""When a process that died is started again, and when no more."""

from __future__ import annotations

_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 5.0
# One that lived so long was well: its death is a new story.
_WELL_AFTER_SECONDS = 30.0
_MOST_DEATHS = 6


class RestartPolicy:
    """Waits twice as long after each quick death, and gives up after several."""

    def __init__(self) -> None:
        self.deaths = 0
        self._last_death: float | None = None

    def after_death(self, now: float) -> float | None:
        """Seconds to wait before the next start; None to give up. `now` as of time.monotonic."""
        if self._last_death is not None and now - self._last_death > _WELL_AFTER_SECONDS:
            self.deaths = 0
        self._last_death = now
        self.deaths += 1
        if self.deaths >= _MOST_DEATHS:
            return None
        delay = _FIRST_DELAY_SECONDS * 2.0 ** (self.deaths - 1)
        return min(delay, _LONGEST_DELAY_SECONDS)
