"""Work that would keep the event loop from everybody else, on threads, little of it at once.

Threads share one interpreter: each that computes makes the loop wait for its turn. So there
are few of them, and what takes seconds does not stand before what takes milliseconds.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

# So many rows take less than a thread's turn does.
INLINE = 64
# So many bytes take as long as a usual row.
BYTES_A_ROW = 500

# Seconds after which a thread gives the interpreter up when the loop wants it; with the
# default of 5 ms every call that meets a computing thread waits so long, at each hop.
SWITCH_INTERVAL = 0.001

_conversions = ThreadPoolExecutor(1, "conversions")
_computations = ThreadPoolExecutor(2, "computations")


async def converted(work: Callable[[], T], size: int) -> T:
    """What `work` gives, which takes some milliseconds for a `size` of thousands."""
    if size <= INLINE:
        return work()
    return await _on(_conversions, work)


async def converted_each(convert: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """`convert` of each item."""
    return await converted(lambda: _each(convert, items), len(items))


async def computed(work: Callable[[], T]) -> T:
    """What `work` gives, which may take seconds."""
    return await _on(_computations, work)


def _each(convert: Callable[[S], T], items: Iterable[S]) -> list[T]:
    return [convert(item) for item in items]


async def _on(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, context.run, work)
