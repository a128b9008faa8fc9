"""What a program prints: passed on as it comes, its last lines kept."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import IO

_KEPT_LINES = 200
# What a read of a pipe takes; a line longer than that is kept in pieces.
_READ_BYTES = 8192

PassOn = Callable[[bytes], None]


class OutputReader:
    """Reads a pipe in a thread until its end.

    Args:
        stream: the read end.
        pass_on: gets each line, its newline included.
    """

    def __init__(self, stream: IO[bytes], pass_on: PassOn) -> None:
        self._stream = stream
        self._pass_on = pass_on
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._thread = threading.Thread(target=self._read, name="wanllmdb-output", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits for the end of the pipe, for a moment."""
        # A grandchild may hold the pipe open for as long as it likes.
        self._thread.join(timeout=1.0)

    def last_lines(self) -> str:
        """The last lines."""
        return b"".join(list(self._lines)).decode(errors="replace").strip()

    def _read(self) -> None:
        with self._stream:
            while line := self._stream.readline(_READ_BYTES):
                self._lines.append(line)
                self._pass_on(line)
