"""How long a part that died waits before it is started again."""

from __future__ import annotations

_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 10.0


class RestartPolicy:
    """At once where it had been ready; else twice as long after each life that got nowhere."""

    def __init__(self) -> None:
        self._vain_lives = 0

    def after_death(self, *, had_been_ready: bool) -> float:
        """Seconds to wait before the next start."""
        if had_been_ready:
            self._vain_lives = 0
            return _FIRST_DELAY_SECONDS
        self._vain_lives += 1
        delay: float = _FIRST_DELAY_SECONDS * 2.0 ** min(self._vain_lives, 30)
        return min(delay, _LONGEST_DELAY_SECONDS)
