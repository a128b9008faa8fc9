"""What an agent prints on stderr: lines, and on a terminal one line that is redrawn."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from wanllmdb._shown import fitting, shown, shown_lines

_REDRAW_INTERVAL = 0.1


class Console:
    """Lines for people. Safe to use from many threads.

    What is said of runs and errors may come from other people: what a terminal would obey is
    escaped. The redrawn line ends with a carriage return, so that what the training
    function prints starts at the margin and overwrites it.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()
        self._shown = 0
        self._drawn_at = 0.0
        self.is_live = _is_terminal(self._stream)
        """Whether there is a terminal to redraw a line on."""

    def line(self, text: str) -> None:
        """Prints a line that stays."""
        with self._lock:
            self._write(self._erasure() + fitting(shown_lines(text), self._stream) + "\n")

    @property
    def is_due(self) -> bool:
        """Whether a redrawn line would be seen now: what it says need not be made otherwise."""
        return self.is_live and time.monotonic() - self._drawn_at >= _REDRAW_INTERVAL

    def live(self, text: str, *, at_once: bool = False) -> None:
        """Redraws the live line, at most ten times a second unless `at_once`; else nothing."""
        now = time.monotonic()
        if not self.is_live or (not at_once and now - self._drawn_at < _REDRAW_INTERVAL):
            return
        text = fitting(shown(text), self._stream)
        with self._lock:
            text = text[: shutil.get_terminal_size().columns - 1]
            self._write(self._erasure() + text + "\r")
            self._shown, self._drawn_at = len(text), now

    def clear(self) -> None:
        """Takes the live line away."""
        with self._lock:
            self._write(self._erasure())

    def _write(self, text: str) -> None:
        # A program may close stderr, or put anything in its place: no line can be
        # printed then, and that is no reason to lose a run.
        with contextlib.suppress(Exception):
            self._stream.write(text)
            self._stream.flush()

    def _erasure(self) -> str:
        erasure = "\r" + " " * self._shown + "\r" if self._shown else ""
        self._shown = 0
        return erasure


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except Exception:
        return False


class PrintOnce:
    """Prints each line once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._printed: set[str] = set()

    def __call__(self, text: str, *, key: str = "") -> None:
        """Prints a line unless it, or another line with the same key, was printed before."""
        key = key or text
        if key not in self._printed:
            self._printed.add(key)
            self._say(text)


SAY_EVERY = 60.0
"""Seconds between two lines."""


class PrintAtIntervals:
    """A line at once, then one a minute, whoever asks for it. Safe to use from many threads."""

    def __init__(self, say: Callable[[str], None], every: float = SAY_EVERY) -> None:
        self._say = say
        self._every = every
        self._lock = threading.Lock()
        self._said_at: float | None = None

    def __call__(self, text: str) -> None:
        """Says it, if it is time."""
        with self._lock:
            now = time.monotonic()
            if self._said_at is not None and now - self._said_at < self._every:
                return
            self._said_at = now
        self._say(text)
