"""Runs work that would block the event loop on a few threads.

Threads share one interpreter lock: each computing thread makes the event loop wait for it. So
there are few threads, and work of seconds has threads of its own, apart from work of
milliseconds.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

# Up to this number of rows, converting them inline is faster than a switch to a thread.
INLINE = 64
# The number of bytes that takes as long as a usual row.
BYTES_A_ROW = 500

# Seconds after which a thread releases the interpreter lock when the event loop waits for it.
# A call waits this long at each hop that meets a computing thread: with Python's default of 5 ms,
# for longer than all else takes. Changing threads takes some microseconds.
SWITCH_INTERVAL = 0.0002

_conversions = ThreadPoolExecutor(1, "conversions")
_computations = ThreadPoolExecutor(2, "computations")


async def converted(work: Callable[[], T], size: int) -> T:
    """Return the result of `work`, which takes some milliseconds for a `size` of thousands."""
    if size <= INLINE:
        return work()
    return await _on(_conversions, work)


async def converted_each(convert: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """Return `convert` of each item."""
    return await converted(lambda: _each(convert, items), len(items))


async def computed(work: Callable[[], T]) -> T:
    """Return the result of `work`, which may take seconds."""
    return await _on(_computations, work)


def _each(convert: Callable[[S], T], items: Iterable[S]) -> list[T]:
    return [convert(item) for item in items]


async def _on(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, context.run, work)
