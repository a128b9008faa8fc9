"""Whether a computation is still wanted, for code on threads that can't be canceled.

A thread can't be stopped from outside. So code whose loops may be long asks here, once a
turn, and ends by an exception when its callers have gone or when it took too long.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds after which a computation lets other threads go first.
YIELD_AFTER = 0.0002

_current_computation: contextvars.ContextVar[Computation | None] = contextvars.ContextVar(
    "computation", default=None
)


class CallersGoneError(Exception):
    """Every caller that waited for the computation has gone; no answer is needed."""


class TookTooLongError(Exception):
    """A computation took longer than any may.

    Attributes:
        seconds: How long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the computation took longer than {seconds:g} s")


class Computation:
    """How long one computation may go on.

    Args:
        seconds: Of processor time of its thread. Time spent waiting for a processor does
            not count, so that a busy machine fails nothing.
        is_wanted: Whether a caller still waits; asked from the computing thread.
    """

    def __init__(self, seconds: float, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self._seconds = seconds
        self._is_wanted = is_wanted
        self._cancelled = False
        self._began = 0.0
        self._yielded = 0.0
        # Processor time that `run` took.
        self.used = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether to go on."""
        return not self._cancelled and self._is_wanted()

    def cancel(self) -> None:
        """Nothing waits for the computation any more."""
        self._cancelled = True

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns; `check_cancelled` within it heeds this computation.

        Raises:
            CallersGoneError: it was not wanted when it was to begin, or no longer.
            TookTooLongError: it took too long.
        """
        token = _current_computation.set(self)
        self._began = time.thread_time()
        try:
            if not self.is_wanted:
                raise CallersGoneError
            return work()
        finally:
            self.used = time.thread_time() - self._began
            _current_computation.reset(token)

    def check(self) -> None:
        """See `check_cancelled`."""
        if not self.is_wanted:
            raise CallersGoneError
        now = time.thread_time()
        if now - self._began > self._seconds:
            raise TookTooLongError(self._seconds)
        if now - self._yielded > YIELD_AFTER:
            self._yielded = now
            # Gives up the interpreter: a thread that waits for it, such as the event loop's,
            # need not wait until it is taken away.
            time.sleep(0)


def check_cancelled() -> None:
    """Passes as long as the computation that calls it may go on; takes a microsecond.

    Raises:
        CallersGoneError: its callers have gone.
        TookTooLongError: it took too long.
    """
    computation = _current_computation.get()
    if computation is not None:
        computation.check()


_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


def set_deadline(seconds: float | None) -> None:
    """For the interceptor: the caller of this context waits so long, None for ever."""
    now = asyncio.get_running_loop().time()
    _deadline.set(None if seconds is None else now + seconds)


def current_deadline() -> float | None:
    """The time of the event loop's clock at which the caller gives up; None for never."""
    return _deadline.get()


class WorkBudget:
    """A number of units, each about a microsecond's work, that a search spends as it goes.

    How many a step takes follows from the space alone, never from a clock: a search that
    gives up does so at the same point in every process.

    Attributes:
        left: Units; negative when the last step took more than there were.
        looks: How many points were looked at.
    """

    def __init__(self, units: int) -> None:
        self.left = units
        self.looks = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def spend(self, units: int, looks: int = 0) -> None:
        """Takes the units of a step that was done.

        Raises:
            CallersGoneError, TookTooLongError: see `check_cancelled`.
        """
        self.left -= units
        self.looks += looks
        check_cancelled()
