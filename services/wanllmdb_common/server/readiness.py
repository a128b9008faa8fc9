"""Whether a server's dependency is available, checked every two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

# Raises any exception when the dependency is unavailable.
Probe = Callable[[], Awaitable[None]]
Listener = Callable[[bool], None]

# Each probe costs about a millisecond on both sides, also on an idle platform.
INTERVAL = 2.0
# Seconds between probes after a failure and during an outage, so that both the outage and its end
# are noticed soon.
INTERVAL_WHILE_UNAVAILABLE = 0.25
# Seconds without an answer after which a probe has failed.
TIMEOUT = 1.5
# Consecutive failures that mean unavailable, so that one slow moment does not count.
FAILURES = 3
# Seconds by which a timeout may be late. A later timeout means that this process was held up, and
# allows no conclusion about the dependency.
LATENESS = 0.5

log = structlog.get_logger(__name__)


class Readiness:
    """Repeats a probe: three consecutive failures mean unavailable, one success available.

    Args:
        what: The dependency's name in the log.
        probe: Checks the dependency. Must use no resource that is busy when the server is.
    """

    def __init__(self, what: str, probe: Probe) -> None:
        self._what = what
        self._probe = probe
        self._listeners: list[Listener] = []
        self._failures = 0
        self.is_ready = True

    def add_listener(self, listener: Listener) -> None:
        """Call the listener with every change, in the event loop of `watch`."""
        self._listeners.append(listener)

    async def watch(self) -> None:
        """Repeat the probe until this task is canceled."""
        while True:
            await self._look()
            await asyncio.sleep(INTERVAL_WHILE_UNAVAILABLE if self._failures else INTERVAL)

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
                # An exception here would end the watch.
                log.exception("a readiness listener failed", needed=self._what)
