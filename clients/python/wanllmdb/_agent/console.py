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
    """Prints lines for people. Thread-safe.

    Texts about runs and errors may come from other users, so terminal control characters are
    escaped. The redrawn line ends with a carriage return, so that output of the training
    function starts at the margin and overwrites the line.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()
        self._shown = 0
        self._drawn_at = 0.0
        self.is_live = _is_terminal(self._stream)
        """Whether the stream is a terminal, on which a line can be redrawn."""

    def line(self, text: str) -> None:
        """Print a permanent line."""
        with self._lock:
            self._write(self._erasure() + fitting(shown_lines(text), self._stream) + "\n")

    @property
    def is_due(self) -> bool:
        """Whether `live` would redraw now; otherwise its text need not be built."""
        return self.is_live and time.monotonic() - self._drawn_at >= _REDRAW_INTERVAL

    def live(self, text: str, *, at_once: bool = False) -> None:
        """Redraw the live line, at most ten times a second unless `at_once`."""
        now = time.monotonic()
        if not self.is_live or (not at_once and now - self._drawn_at < _REDRAW_INTERVAL):
            return
        text = fitting(shown(text), self._stream)
        with self._lock:
            text = text[: shutil.get_terminal_size().columns - 1]
            self._write(self._erasure() + text + "\r")
            self._shown, self._drawn_at = len(text), now

    def clear(self) -> None:
        """Erase the live line."""
        with self._lock:
            self._write(self._erasure())

    def _write(self, text: str) -> None:
        # A program may close or replace stderr. Then the line is lost, but the run must not
        # fail.
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
        """Print a line unless it, or another line with the same key, was printed before."""
        key = key or text
        if key not in self._printed:
            self._printed.add(key)
            self._say(text)


SAY_EVERY = 60.0
"""Seconds between two lines of `PrintAtIntervals`."""


class PrintAtIntervals:
    """Prints the first line at once, then at most one line a minute. Thread-safe."""

    def __init__(self, say: Callable[[str], None], every: float = SAY_EVERY) -> None:
        self._say = say
        self._every = every
        self._lock = threading.Lock()
        self._said_at: float | None = None

    def __call__(self, text: str) -> None:
        """Print the text unless another line was printed less than `every` seconds ago."""
        with self._lock:
            now = time.monotonic()
            if self._said_at is not None and now - self._said_at < self._every:
                return
            self._said_at = now
        self._say(text)
