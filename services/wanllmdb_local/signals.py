"""Ctrl-C and SIGTERM as the launcher understands them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Someone wants to stop while the platform is on its way up.

    Like KeyboardInterrupt no Exception: nothing on the way takes it for an error.
    """


class StopSignals:
    """The first signal asks to stop, a second one to hurry."""

    def __init__(self) -> None:
        self._count = 0
        self._interrupts = False

    def requested(self) -> bool:
        return self._count > 0

    def hurried(self) -> bool:
        return self._count > 1

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Takes the signals over within the block. Main thread only."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Within the block the first signal raises StopRequested, wherever the program is."""
        self._interrupts = True
        try:
            yield
        finally:
            self._interrupts = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._interrupts:
            self._interrupts = False
            raise StopRequested
