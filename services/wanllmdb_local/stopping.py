"""Stops a process: asks first, waits, then kills."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable


def stop_process(
    process: subprocess.Popen[bytes],
    how: signal.Signals,
    *,
    seconds: float,
    hurried: Callable[[], bool] = lambda: False,
) -> bool:
    """Sends a signal and waits; kills after `seconds` or once hurried. True if it ended itself."""
    if process.poll() is not None:
        return True
    process.send_signal(how)
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > deadline or hurried():
            process.kill()
            process.wait()
            return False
        time.sleep(0.02)
    return True
