"""What a training function may change of the process, and the agent can't work without."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wanllmdb._agent.signals import hear_again

_CLOCKS = ("time", "monotonic", "sleep")
"""gRPC makes deadlines of the first one: with a clock that stands still no call is in time."""


@contextmanager
def kept_surroundings() -> Iterator[None]:
    """Puts the recursion limit, the clocks and the agent's signals back at the end."""
    recursion_limit = sys.getrecursionlimit()
    clocks = {name: getattr(time, name) for name in _CLOCKS}
    try:
        yield
    finally:
        sys.setrecursionlimit(recursion_limit)
        vars(time).update(clocks)
        hear_again()
