"""Hints at what a word may have been meant to be: few of them, since each takes long to find."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterator
from contextvars import ContextVar

from wanllmdb_common.computing.time_slices import checkpoint

# Of one answer, which has room for hardly more.
MOST = 20
# Longer words are no slips of the pen, and comparing them takes long.
MAX_LENGTH = 100
MAX_KNOWN = 1_000

_left: ContextVar[list[None] | None] = ContextVar("hints", default=None)


@contextlib.contextmanager
def few_hints(most: int = MOST) -> Iterator[None]:
    """Within the block `did_you_mean` gives so many hints at most, then none."""
    token = _left.set([None] * most)
    try:
        yield
    finally:
        _left.reset(token)


def may_hint() -> bool:
    """Whether there is room for another hint, which counts as given."""
    left = _left.get()
    if left is None:
        return True
    if not left:
        return False
    left.pop()
    return True


def did_you_mean(word: object, known: Collection[str]) -> str:
    """A hint at the nearest of the known words; empty where none is near."""
    close = nearest(word, known)
    return "" if close is None else f", did you mean {close}?"


def nearest(word: object, known: Collection[str]) -> str | None:
    """The nearest of the known words; None where none is near, or no more are looked for."""
    text = str(word)
    if len(text) > MAX_LENGTH or len(known) > MAX_KNOWN or not may_hint():
        return None
    checkpoint()
    short = [each for each in known if len(each) <= MAX_LENGTH]
    return next(iter(difflib.get_close_matches(text, short, n=1)), None)


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """The nearest of the known names, whatever its case; None where none is near."""
    by_folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    found = nearest(name.casefold(), by_folded)
    return None if found is None else by_folded[found]
