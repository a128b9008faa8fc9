"""Bounds on processor time, which do not depend on how busy the machine is.

They guard against work that does not end, such as the search of a grid point by point. They are
far above what the work takes: what is fast is measured in `tests/benchmarks`.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator

# What is bounded takes below 2 s, and minutes or more without its bound.
SOON = 20.0


@contextlib.contextmanager
def soon(seconds: float = SOON) -> Iterator[None]:
    """Fail when the block takes more seconds of this thread's processor time."""
    began = time.thread_time()
    yield
    spent = time.thread_time() - began
    assert spent < seconds, f"{spent:.1f} s of processor time"


@contextlib.contextmanager
def without_garbage_of_other_tests() -> Iterator[None]:
    """Keep the collector from going through what earlier tests left: hundreds of milliseconds."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
