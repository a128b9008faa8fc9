"""The runs that wait to be handed out."""

from __future__ import annotations

from bisect import bisect_left, insort


class RunQueue:
    """Numbers of queued runs, ascending: the oldest is handed out first."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def put(self, number: int, *, queued: bool) -> None:
        """Notes whether a run is queued."""
        at = bisect_left(self._numbers, number)
        present = at < len(self._numbers) and self._numbers[at] == number
        if queued and not present:
            insort(self._numbers, number)
        elif present and not queued:
            del self._numbers[at]

    def numbers(self) -> list[int]:
        """A copy."""
        return list(self._numbers)
