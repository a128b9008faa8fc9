"""Whether what a server needs is there, found out about each second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

# Raises whatever it likes when what it looks for is away.
Probe = Callable[[], Awaitable[None]]
Listener = Callable[[bool], None]

INTERVAL = 1.0
# After a failure, and while it is away: it is told soon, and soon that it is back.
INTERVAL_WHILE_AWAY = 0.25
# Seconds without an answer that are a failure.
TIMEOUT = 1.5
# So many failures in a row, so that one slow moment does not count.
FAILURES = 3
# Seconds by which a time-out may be late. One that is later says that this process was
# held up, which is no sign of the other's death.
LATENESS = 0.5

log = structlog.get_logger(__name__)


class Readiness:
    """Asks a probe again and again: three failures in a row mean away, one success there.

    Args:
        what: What is looked for, for the log.
        probe: Looks for it. Must use nothing that is busy when the server is.
    """

    def __init__(self, what: str, probe: Probe) -> None:
        self._what = what
        self._probe = probe
        self._listeners: list[Listener] = []
        self._failures = 0
        self.is_ready = True

    def tell(self, listener: Listener) -> None:
        """Calls the listener with every change, in the event loop of `watch`."""
        self._listeners.append(listener)

    async def watch(self) -> None:
        """Until it is canceled."""
        while True:
            await self._look()
            await asyncio.sleep(INTERVAL_WHILE_AWAY if self._failures else INTERVAL)

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._probe()
        except Exception as error:
            if clock() - began > TIMEOUT + LATENESS:
                return
            self._failures += 1
            if self._failures >= FAILURES:
                self._change(False, type(error).__name__)
        else:
            self._failures = 0
            self._change(True, "")

    def _change(self, is_ready: bool, error: str) -> None:
        if is_ready == self.is_ready:
            return
        self.is_ready = is_ready
        if is_ready:
            log.info("ready again", needed=self._what)
        else:
            log.warning("not ready", needed=self._what, error=error)
        for listener in self._listeners:
            try:
                listener(is_ready)
            except Exception:
                # Else nobody would ever look again.
                log.exception("somebody could not be told of it", needed=self._what)
