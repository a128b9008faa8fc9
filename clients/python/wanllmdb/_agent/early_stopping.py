"""When to ask whether a run should stop early."""

from __future__ import annotations

import math


class CheckSchedule:
    """Counts finite values of the sweep's metric, as the service does, one a step.

    A value that is not finite makes a check due by itself: some rules stop such a run.
    Steps that come again or out of order are not counted; the service, which counts for
    itself, then merely is asked a little later.
    """

    def __init__(
        self, metric: str | None, next_check: int | None, *, count: int = 0, last_step: int = -1
    ) -> None:
        self._metric = metric
        self._next_check = next_check
        self._count = count
        self._last_step = last_step
        self._is_odd = False

    def observe(self, step: int, values: dict[str, float]) -> None:
        """Takes note of what was logged."""
        value = values.get(self._metric) if self._metric is not None else None
        if value is None:
            return
        if not math.isfinite(value):
            self._is_odd = True
        elif step > self._last_step:
            self._count += 1
            self._last_step = step

    @property
    def is_due(self) -> bool:
        """Whether the service is to be asked now."""
        if self._next_check is None:
            return False
        return self._is_odd or self._count >= self._next_check

    def postpone(self, next_check: int | None) -> None:
        """Asks again once there are so many values; never for None."""
        self._is_odd = False
        if next_check is not None and next_check <= self._count:
            next_check = self._count + 1
        self._next_check = next_check
