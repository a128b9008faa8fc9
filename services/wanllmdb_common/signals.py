"""SIGINT and SIGTERM end a server, whatever its event loop is at.

Python runs handlers of signals, asyncio's too, in the main thread, which a defect or a C
library may block. But it writes each signal to a descriptor at once, in whichever thread the
signal came, and a thread of our own reads that.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import threading

import structlog

# After a stop that took longer than the grace time.
FORCED_EXIT_CODE = 1
_MIN_SECONDS_TO_LIVE = 1.0
_NUMBERS = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger(__name__)


def stop_signal(grace: float) -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; call it in the main thread.

    From then on the process has `grace` seconds to end, and is ended by force after that,
    or by a second signal.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    for number in _NUMBERS:
        signal.signal(number, _nothing)

    def watch() -> None:
        _next_signal(receiver, None)
        loop.call_soon_threadsafe(stop.set)
        second = _next_signal(receiver, max(grace, _MIN_SECONDS_TO_LIVE))
        if second is None:
            log.warning("the grace time is over: ended by force")
            os._exit(FORCED_EXIT_CODE)
        os._exit(128 + second)

    threading.Thread(target=watch, name="signals", daemon=True).start()
    return stop


def _next_signal(receiver: int, seconds: float | None) -> int | None:
    """The number of the next of our signals; None when there is none in time."""
    while select.select([receiver], [], [], seconds)[0]:
        (number,) = os.read(receiver, 1)
        if number in _NUMBERS:
            return number
    return None


def _nothing(_number: int, _frame: object) -> None:
    """The descriptor tells."""
