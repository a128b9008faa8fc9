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
    """At once where it had been ready; else twice as long after each life that got nowhere."""

    def __init__(self) -> None:
        self._vain_lives = 0

    def after_death(self, *, had_been_ready: bool) -> float:
        """Seconds to wait before the next start."""
        if had_been_ready:
            self._vain_lives = 0
            return _FIRST_DELAY_SECONDS
        self._vain_lives += 1
        delay: float = _FIRST_DELAY_SECONDS * 2.0 ** min(self._vain_lives, 30)
        return min(delay, _LONGEST_DELAY_SECONDS)


SILENCE_SECONDS = 30.0
"""After which a part counts as hung: longer than a service that lives holds its event loop."""

_PAUSE_SECONDS = 2.0
# A look that comes later than that says that this process, or the whole machine, stood
# still: the part may have, too, and had no time to answer in.
_MOST_BETWEEN_LOOKS = 1.0


class Liveness:
    """Asks one part again and again, on the side, as long as the supervisor looks.

    Only time counts in which this process ran and looked: neither a laptop that slept nor a
    machine on which nothing goes on is a reason to kill what would answer next.

    Args:
        ask: Waits for the part's answer, so many seconds at most; says whether one came.
            Called in a thread.
        silence: Seconds without an answer after which it is silent.
        clock: Of these seconds.
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
        self._looked_at = clock()
        self._ask_at = self._looked_at
        self._asking: threading.Thread | None = None
        self._has_answered = False
        self._silent_for = 0.0

    def is_silent(self) -> bool:
        """Whether there was no answer for too long; call it at least once a second."""
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
            self._silent_for += min(now - self._looked_at, _MOST_BETWEEN_LOOKS)
        self._looked_at = now
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
        """Where it answers."""

    def is_running(self) -> bool:
        """Whether the process is there."""

    def is_ready(self) -> bool:
        """Whether it answers by now.

        Raises:
            LocalError: It ended, took too long, or one of its files can't be used.
        """

    def answers(self, seconds: float) -> bool:
        """Whether it says anything within the time; may be called in any thread."""

    def kill(self) -> None:
        """Ends it by force, with all its processes."""


class Supervised:
    """Started, asked until it is well, and started again whenever it dies or hangs.

    Args:
        name: What people know it by.
        part: The process.
        launch: Starts it, without waiting until it is ready.
        say: Takes a line for people about what happened.
        needs: What has to be well before it is started.
        silence: Seconds without an answer after which it hangs.
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
        # None while its process is there.
        self._launch_at: float | None = time.monotonic()
        self._was_ever_well = False
        self.is_well = False
        self.failure: str | None = None
        """Why it did not get ready the last time; None where it did, or was not tried."""

    def take_over(self) -> None:
        """It was started by somebody else, and is well."""
        self._launch_at = None
        self._is_ready()

    def tick(self) -> None:
        """Starts it when its time has come, and looks how it is."""
        if self._launch_at is not None:
            if time.monotonic() >= self._launch_at and (self._needs is None or self._needs.is_well):
                self._launch_at = None
                self._try(self._launch)
        elif not self.is_well:
            self._try(self._ask)
        elif not self._part.is_running():
            self._died("it ended")
        elif self._liveness is not None and self._liveness.is_silent():
            # A process that is stopped or stuck takes no notice of a request to end.
            self._part.kill()
            self._died(f"it did not answer for {self._silence:.0f} s and was killed")

    def tell(self, what: str) -> None:
        """A line for people about it."""
        self._say(f"{self._name:<{_NAME_WIDTH}} {what}")

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except LocalError as error:
            is_first = self.failure is None and not self._was_ever_well
            self.failure = str(error)
            # Whether there is a next time, after the first failure of all, is for
            # whoever started it to decide and to tell.
            self._died(self.failure.splitlines()[0], quietly=is_first)

    def _ask(self) -> None:
        if self._part.is_ready():
            again = " again" if self._was_ever_well else ""
            self._is_ready()
            self.tell(f"ready{again} at {self._part.address}")

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
            self.tell(f"died; starting it again in {delay:.1f} s ({why})")
