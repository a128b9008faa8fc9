"""Whether a computation is still wanted, for code on threads that can't be canceled.

A thread can't be stopped from outside. So code whose loops may be long asks here, once a
turn, and ends by an exception when its callers have gone or when it took too long.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds after which a computation lets other threads go first.
YIELD_AFTER = 0.0002

_patience: contextvars.ContextVar[Patience | None] = contextvars.ContextVar(
    "patience", default=None
)


class UnwantedError(Exception):
    """Every caller that waited for the computation has gone; no answer is needed."""


class TookTooLongError(Exception):
    """A computation took longer than any may.

    Attributes:
        seconds: How long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the computation took longer than {seconds:g} s")


class Patience:
    """How long one computation may go on.

    Args:
        seconds: Of processor time of its thread. Time spent waiting for a processor does
            not count, so that a busy machine fails nothing.
        is_wanted: Whether a caller still waits; asked from the computing thread.
    """

    def __init__(self, seconds: float, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self._seconds = seconds
        self._is_wanted = is_wanted
        self._ended = False
        self._began = 0.0
        self._yielded = 0.0
        # Processor time that `run` took.
        self.used = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether to go on."""
        return not self._ended and self._is_wanted()

    def end(self) -> None:
        """Nothing waits for the computation any more."""
        self._ended = True

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns; `still_wanted` within it heeds this patience.

        Raises:
            UnwantedError: it was not wanted when it was to begin, or no longer.
            TookTooLongError: it took too long.
        """
        token = _patience.set(self)
        self._began = time.thread_time()
        try:
            if not self.is_wanted:
                raise UnwantedError
            return work()
        finally:
            self.used = time.thread_time() - self._began
            _patience.reset(token)

    def check(self) -> None:
        """See `still_wanted`."""
        if not self.is_wanted:
            raise UnwantedError
        now = time.thread_time()
        if now - self._began > self._seconds:
            raise TookTooLongError(self._seconds)
        if now - self._yielded > YIELD_AFTER:
            self._yielded = now
            # Gives up the interpreter: a thread that waits for it, such as the event loop's,
            # need not wait until it is taken away.
            time.sleep(0)


def still_wanted() -> None:
    """Passes as long as the computation that calls it may go on; takes a microsecond.

    Raises:
        UnwantedError: its callers have gone.
        TookTooLongError: it took too long.
    """
    patience = _patience.get()
    if patience is not None:
        patience.check()
