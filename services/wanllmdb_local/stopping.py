"""Stop signals of the launcher, and the stopping of its processes."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


def stop_process(
    process: subprocess.Popen[bytes],
    how: signal.Signals,
    *,
    seconds: float,
    hurried: Callable[[], bool] = lambda: False,
) -> bool:
    """Stop one process as `stop_processes` does; return whether it ended by itself."""
    return stop_processes([process], how, seconds=seconds, hurried=hurried)


def stop_processes(
    processes: Sequence[subprocess.Popen[bytes]],
    how: signal.Signals,
    *,
    seconds: float,
    hurried: Callable[[], bool] = lambda: False,
) -> bool:
    """Send a signal to all processes and wait; kill them after `seconds` or once hurried.

    Return whether all ended by themselves.
    """
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.send_signal(how)
    deadline = time.monotonic() + seconds
    while running := [process for process in running if process.poll() is None]:
        if time.monotonic() > deadline or hurried():
            for process in running:
                process.kill()
            for process in running:
                process.wait()
            return False
        time.sleep(0.02)
    return True


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """The user wants to stop while the platform starts.

    Like KeyboardInterrupt, the class is not an Exception, so that no handler takes it for an error.
    """


class StopSignals:
    """Counts stop signals: the first one requests a stop, a second one hurries it."""

    def __init__(self) -> None:
        self._count = 0
        self._interrupts = False

    def requested(self) -> bool:
        return self._count > 0

    def hurried(self) -> bool:
        return self._count > 1

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Handle the signals within the block. Main thread only."""
        before = {number: signal.signal(number, self._on_signal) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let the first signal within the block raise StopRequested, wherever the program is."""
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
