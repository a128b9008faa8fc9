"""Stops processes: asks first, waits, then kills."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence


def stop_process(
    process: subprocess.Popen[bytes],
    how: signal.Signals,
    *,
    seconds: float,
    hurried: Callable[[], bool] = lambda: False,
) -> bool:
    """As `stop_processes`, for one. True if it ended itself."""
    return stop_processes([process], how, seconds=seconds, hurried=hurried)


def stop_processes(
    processes: Sequence[subprocess.Popen[bytes]],
    how: signal.Signals,
    *,
    seconds: float,
    hurried: Callable[[], bool] = lambda: False,
) -> bool:
    """Sends a signal to all and waits; kills after `seconds` or once hurried.

    True if all ended themselves.
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
