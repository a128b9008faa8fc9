"""Which of many points are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]


def thinned(total: int, limit: int, keep: Places) -> Places:
    """Places among `total` points, ascending: all of them, or at most `limit` >= 1.

    Args:
        total: How many points there are.
        limit: How many may be shown.
        keep: Ascending places that come first: the last of them that fit are
            shown, and, in the room left, every k-th point, k being the least that
            keeps within the limit.
    """
    places = np.arange(total)
    if total <= limit:
        return places
    kept = keep[-limit:]
    room = limit - len(kept)
    every_kth = places[:: -(-total // room)] if room else places[:0]
    return np.union1d(kept, every_kth)
