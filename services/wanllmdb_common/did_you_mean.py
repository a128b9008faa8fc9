"""Hints such as "did you mean lr?"; their number is limited, since each is costly to find."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterator
from contextvars import ContextVar

from wanllmdb_common.computing.time_slices import checkpoint

# The maximum number of hints in one answer, which has little room for more.
MOST = 20
# Longer words are rarely typing errors, and comparing them is slow.
MAX_LENGTH = 100
MAX_KNOWN = 1_000

_left: ContextVar[list[None] | None] = ContextVar("hints", default=None)


@contextlib.contextmanager
def few_hints(most: int = MOST) -> Iterator[None]:
    """Limit the hints of `did_you_mean` within the block to `most`."""
    token = _left.set([None] * most)
    try:
        yield
    finally:
        _left.reset(token)


def may_hint() -> bool:
    """Whether another hint is allowed; the hint counts as given."""
    left = _left.get()
    if left is None:
        return True
    if not left:
        return False
    left.pop()
    return True


def did_you_mean(word: object, known: Collection[str]) -> str:
    """Return a hint at the nearest known word; empty if none is near."""
    close = nearest(word, known)
    return "" if close is None else f", did you mean {close}?"


def nearest(word: object, known: Collection[str]) -> str | None:
    """Return the nearest known word; None if none is near or no more hints are allowed."""
    text = str(word)
    if len(text) > MAX_LENGTH or len(known) > MAX_KNOWN or not may_hint():
        return None
    checkpoint()
    short = [each for each in known if len(each) <= MAX_LENGTH]
    return next(iter(difflib.get_close_matches(text, short, n=1)), None)


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the nearest known name, ignoring case; None if none is near."""
    by_folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    found = nearest(name.casefold(), by_folded)
    return None if found is None else by_folded[found]
