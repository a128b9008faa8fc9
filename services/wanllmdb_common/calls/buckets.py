"""Token buckets: how often something may happen."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

# Seconds that may be used at once, after a pause.
BURST = 2.0
# Those that have been full for longest are forgotten beyond this number.
MAX_BUCKETS = 10_000


class Buckets:
    """A bucket for each name, all with the same rate.

    Args:
        rate: Tokens a second; 0 for any number.
        clock: Seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Takes a token: 0, or in how many seconds there is one."""
        rate = self._rate
        if not rate:
            return 0.0
        now = self._clock()
        most = max(1.0, rate * BURST)
        tokens, since = self._buckets.get(name, (most, now))
        tokens = min(most, tokens + (now - since) * rate)
        self._buckets[name] = (max(tokens - 1, 0.0) if tokens >= 1 else tokens, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if tokens >= 1 else (1 - tokens) / rate
