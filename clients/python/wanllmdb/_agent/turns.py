"""Lets training run while a thread of the agent works.

A thread keeps Python's interpreter until it waits, or for the switch interval of 5 ms. Training
would wait that long in the middle of a `log`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

ROWS_A_TURN = 32
"""The number of rows that are handled at once: about 0.2 ms."""

# A pause of 0 s would often end before the waiting thread wakes up.
_PAUSE_SECONDS = 0.00002

T = TypeVar("T")


def give_way() -> None:
    """Return after another thread, if one waits, got the interpreter."""
    time.sleep(_PAUSE_SECONDS)


def in_turns(rows: Iterable[T]) -> Iterator[T]:
    """Yield the rows, and give way to other threads between turns."""
    for count, row in enumerate(rows, start=1):
        yield row
        if count % ROWS_A_TURN == 0:
            give_way()
