"""Limits of a computation: cancellation, time limits, deadlines and work budgets.

A thread can't be stopped from outside. So code with long loops calls `check_cancelled` once per
iteration, which raises when the callers are gone or when the computation took too long.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds after which a computation lets other threads run.
YIELD_AFTER = 0.0002

_current_computation: contextvars.ContextVar[Computation | None] = contextvars.ContextVar(
    "computation", default=None
)


class CallersGoneError(Exception):
    """Every caller that waited for the computation is gone, so no answer is needed."""


class TookTooLongError(Exception):
    """A computation exceeded its time limit.

    Attributes:
        seconds: The limit.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the computation took longer than {seconds:g} s")


class Computation:
    """One computation on a thread, with a time limit and cancellation.

    Args:
        seconds: The limit of the thread's processor time. Time spent waiting for a processor
            does not count, so that a busy machine fails no computation.
        is_wanted: Returns whether a caller still waits; called from the computing thread.
    """

    def __init__(self, seconds: float, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self._seconds = seconds
        self._is_wanted = is_wanted
        self._cancelled = False
        self._began = 0.0
        self._yielded = 0.0
        # The processor time that `run` took.
        self.used = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether the computation should go on."""
        return not self._cancelled and self._is_wanted()

    def cancel(self) -> None:
        """Make the computation end at its next `check_cancelled`."""
        self._cancelled = True

    def run(self, work: Callable[[], T]) -> T:
        """Return the result of `work`, in which `check_cancelled` checks this computation.

        Raises:
            CallersGoneError: no caller waits, before the start or later.
            TookTooLongError: the time limit is exceeded.
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
        """Do what `check_cancelled` does, for this computation."""
        if not self.is_wanted:
            raise CallersGoneError
        now = time.thread_time()
        if now - self._began > self._seconds:
            raise TookTooLongError(self._seconds)
        if now - self._yielded > YIELD_AFTER:
            self._yielded = now
            # Releases the interpreter lock, so that a waiting thread, such as the event loop's,
            # gets it at once.
            time.sleep(0)


def check_cancelled() -> None:
    """Return if the calling computation may go on, else raise; takes about a microsecond.

    Raises:
        CallersGoneError: no caller waits for the computation.
        TookTooLongError: the time limit is exceeded.
    """
    computation = _current_computation.get()
    if computation is not None:
        computation.check()


_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


def set_deadline(seconds: float | None) -> None:
    """Set in how many seconds the caller of this context gives up; None for never."""
    now = asyncio.get_running_loop().time()
    _deadline.set(None if seconds is None else now + seconds)


def current_deadline() -> float | None:
    """Return the time of the event loop's clock at which the caller gives up; None for never."""
    return _deadline.get()


class WorkBudget:
    """A number of units, each about a microsecond of work, that a search may spend.

    The cost of a step follows from the search space alone, never from a clock. So a search that
    gives up does so at the same point in every process, and its result is reproducible.

    Attributes:
        left: The remaining units; negative when the last step cost more than was left.
        looks: The number of points that were examined.
    """

    def __init__(self, units: int) -> None:
        self.left = units
        self.looks = 0

    @property
    def is_spent(self) -> bool:
        """Whether no units are left."""
        return self.left <= 0

    def spend(self, units: int, looks: int = 0) -> None:
        """Subtract the units of a finished step.

        Raises:
            CallersGoneError, TookTooLongError: see `check_cancelled`.
        """
        self.left -= units
        self.looks += looks
        check_cancelled()
