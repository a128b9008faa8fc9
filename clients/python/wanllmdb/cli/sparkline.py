"""A series of numbers in one line of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values, the lowest as ▁ and the highest as █; not finite ones as a dot."""
    shown = values[-width:]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return "·" * len(shown)
    low, high = min(finite), max(finite)
    span = high - low
    return "".join(_bar((value - low) / span if span else 0.5) for value in shown)


def _bar(share: float) -> str:
    if not math.isfinite(share):
        return "·"
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
