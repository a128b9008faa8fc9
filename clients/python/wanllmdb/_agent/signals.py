"""Ctrl-C and SIGTERM for an agent in the main thread.

Python runs signal handlers in the main thread between any two instructions. So the
handler here takes no lock and talks to no service: it hands the signal to a thread, and
raises in the main thread only while the training function runs there, outside of the
client's own code.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from wanllmdb._errors import RunStopped

SHUTDOWN_SIGNALS = (signal.SIGINT, signal.SIGTERM)

INTERRUPTS_TO_STOP = 2
"""So many Ctrl-C stop the run, one more ends the agent where it stands."""


class Terminated(RunStopped):
    """Raised in the exposed code by SIGTERM."""


class _MainThread:
    """What the main thread does: only its own code and its signal handlers write here."""

    exposed = False
    due: BaseException | None = None


@contextmanager
def exposed() -> Iterator[None]:
    """Code that an exception may end at any instruction, when a signal says so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _MainThread.exposed = True
    _raise_what_is_due()
    try:
        yield
    finally:
        _MainThread.exposed = False


@contextmanager
def shielded() -> Iterator[None]:
    """Code within `exposed` that must not be torn apart; what is due is raised after it."""
    if not _MainThread.exposed or threading.current_thread() is not threading.main_thread():
        yield
        return
    _MainThread.exposed = False
    try:
        yield
    finally:
        _MainThread.exposed = True
    _raise_what_is_due()


def _raise_what_is_due() -> None:
    due = _MainThread.due
    if due is not None:
        _MainThread.exposed, _MainThread.due = False, None
        raise due


class Signals:
    """Hears signals within a `with` block in the main thread; elsewhere there are none.

    A second Ctrl-C ends the exposed code with a KeyboardInterrupt, SIGTERM with
    Terminated. A third Ctrl-C raises KeyboardInterrupt wherever the main thread is.
    A signal that the process ignored before, as under nohup, stays ignored.

    Args:
        heard: called in a thread, with the signal and how often it came.
        more: signals to hear beside Ctrl-C and SIGTERM.
    """

    def __init__(
        self, heard: Callable[[signal.Signals, int], None], more: Sequence[signal.Signals] = ()
    ) -> None:
        self._heard = heard
        self._numbers = (*SHUTDOWN_SIGNALS, *more)
        self._counts: dict[int, int] = {}
        self._previous: dict[int, Any] = {}
        self._inbox: SimpleQueue[tuple[signal.Signals, int] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            _MainThread.exposed, _MainThread.due = False, None
            threading.Thread(target=self._listen, name="wanllmdb-signals", daemon=True).start()
            for number in self._numbers:
                # None: a handler that isn't Python's, which could not be put back.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)
        self._inbox.put(None)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        count = self._counts[number] = self._counts.get(number, 0) + 1
        self._inbox.put((signal.Signals(number), count))
        if number == signal.SIGINT and count > INTERRUPTS_TO_STOP:
            raise KeyboardInterrupt
        if number == signal.SIGINT and count == INTERRUPTS_TO_STOP:
            _MainThread.due = KeyboardInterrupt()
        elif number == signal.SIGTERM and count == 1:
            _MainThread.due = Terminated("the agent was told to end by SIGTERM")
        if _MainThread.exposed:
            _raise_what_is_due()

    def _listen(self) -> None:
        while (signal_and_count := self._inbox.get()) is not None:
            self._heard(*signal_and_count)
