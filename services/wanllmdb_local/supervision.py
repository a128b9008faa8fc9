"""Keeps the parts of a platform alive: restarts those that die or hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from wanllmdb_local.errors import LocalError

_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 10.0


class RestartPolicy:
    """Restarts at once a part that had been ready; else doubles the delay after each failure."""

    def __init__(self) -> None:
        self._failed_starts = 0

    def after_death(self, *, had_been_ready: bool) -> float:
        """Return the seconds to wait before the next start."""
        if had_been_ready:
            self._failed_starts = 0
            return _FIRST_DELAY_SECONDS
        self._failed_starts += 1
        delay: float = _FIRST_DELAY_SECONDS * 2.0 ** min(self._failed_starts, 30)
        return min(delay, _LONGEST_DELAY_SECONDS)


SILENCE_SECONDS = 30.0
"""Seconds without an answer after which a part counts as hung: longer than a healthy service ever
blocks its event loop."""

_PAUSE_SECONDS = 5.0
# A longer time between two checks means that this process, or the whole machine, was suspended; the
# part may have been suspended too, and had no time to answer.
_MAX_BETWEEN_CHECKS = 1.0


class Liveness:
    """Probes one part repeatedly in a thread, as long as the supervisor calls `is_silent`.

    Only time in which this process ran and checked counts: after a laptop slept, or a machine
    was suspended, a part that would answer next must not be killed.

    Args:
        ask: Waits for the part's answer, at most the given number of seconds; returns whether
            it came. Called in a thread.
        silence: Seconds without an answer after which the part is silent.
        clock: Returns seconds.
    """

    def __init__(
        self,
        ask: Callable[[float], bool],
        *,
        silence: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._silence = silence
        self._clock = clock
        self._checked_at = clock()
        self._ask_at = self._checked_at
        self._asking: threading.Thread | None = None
        self._has_answered = False
        self._silent_for = 0.0

    def is_silent(self) -> bool:
        """Whether the part has not answered for too long; call this at least once a second."""
        now = self._clock()
        if self._asking is None:
            if now >= self._ask_at:
                self._begin()
        elif not self._asking.is_alive():
            self._asking = None
            self._ask_at = now + _PAUSE_SECONDS
        if self._has_answered:
            self._silent_for = 0.0
        else:
            self._silent_for += min(now - self._checked_at, _MAX_BETWEEN_CHECKS)
        self._checked_at = now
        return self._silent_for >= self._silence

    def _begin(self) -> None:
        self._has_answered = False
        self._asking = threading.Thread(target=self._wait, name="liveness", daemon=True)
        self._asking.start()

    def _wait(self) -> None:
        self._has_answered = self._ask(self._silence)


_NAME_WIDTH = 12


class Part(Protocol):
    """A process as its supervisor sees it."""

    @property
    def address(self) -> str:
        """The address at which the process answers."""

    def is_running(self) -> bool:
        """Whether the process runs."""

    def is_ready(self) -> bool:
        """Whether the process answers by now.

        Raises:
            LocalError: The process ended, took too long, or can't use one of its files.
        """

    def answers(self, seconds: float) -> bool:
        """Whether the process answers anything within the time; may be called in any thread."""

    def kill(self) -> None:
        """Kill the process and its children."""


class Supervised:
    """Starts a part, polls it until it is ready, and restarts it whenever it dies or hangs.

    Args:
        name: The name of the part in messages.
        part: The process.
        launch: Starts the process, without waiting until it is ready.
        say: Prints a line for the user about an event.
        needs: The part that must be ready before this one is started.
        silence: Seconds without an answer after which the part counts as hung.
    """

    def __init__(
        self,
        name: str,
        part: Part,
        launch: Callable[[], None],
        *,
        say: Callable[[str], None],
        needs: Supervised | None = None,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._name = name
        self._part = part
        self._launch = launch
        self._say = say
        self._needs = needs
        self._silence = silence
        self._liveness: Liveness | None = None
        self._restarts = RestartPolicy()
        # None while its process runs.
        self._launch_at: float | None = time.monotonic()
        self._was_ever_well = False
        self.is_well = False
        self.failure: str | None = None
        """The reason why the last start failed; None if it succeeded, or was not tried."""

    def take_over(self) -> None:
        """Take over a part that is already running and ready."""
        self._launch_at = None
        self._is_ready()

    def tick(self) -> None:
        """Start the part when it is due, and check its state."""
        if self._launch_at is not None:
            if time.monotonic() >= self._launch_at and (self._needs is None or self._needs.is_well):
                self._launch_at = None
                self._try(self._launch)
        elif not self.is_well:
            self._try(self._ask)
        elif not self._part.is_running():
            self._died("it ended")
        elif self._liveness is not None and self._liveness.is_silent():
            # A stopped or stuck process ignores a request to end.
            self._part.kill()
            self._died(f"it did not answer for {self._silence:.0f} s and was killed")

    def report(self, what: str) -> None:
        """Print a line about the part."""
        self._say(f"{self._name:<{_NAME_WIDTH}} {what}")

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except LocalError as error:
            is_first = self.failure is None and not self._was_ever_well
            self.failure = str(error)
            # After the very first failure, the caller decides whether to retry, and reports it.
            self._died(self.failure.splitlines()[0], quietly=is_first)

    def _ask(self) -> None:
        if self._part.is_ready():
            again = " again" if self._was_ever_well else ""
            self._is_ready()
            self.report(f"ready{again} at {self._part.address}")

    def _is_ready(self) -> None:
        self.is_well = self._was_ever_well = True
        self._liveness = Liveness(self._part.answers, silence=self._silence)
        self.failure = None

    def _died(self, why: str, *, quietly: bool = False) -> None:
        delay = self._restarts.after_death(had_been_ready=self.is_well)
        self.is_well = False
        self._liveness = None
        self._launch_at = time.monotonic() + delay
        if not quietly:
            self.report(f"died; starting it again in {delay:.1f} s ({why})")
