"""Ctrl-C and SIGTERM of an agent.

The first Ctrl-C lets the running runs end, the second one stops them and gives them back, the
third one ends the agent. SIGTERM does what the second Ctrl-C does. See `SignalActions`.

Python runs signal handlers in the main thread between any two instructions, and not at all
while that thread is in a long call into C. So the handler here takes no lock and calls no
service: it raises, and only while the training function runs there, outside of the client's
own code. Everything else is done by a thread that reads Python's wakeup pipe, which the signal
reaches at once.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from io import RawIOBase
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from wanllmdb._agent.commands import StopOrder
from wanllmdb._errors import RunStopped

if TYPE_CHECKING:
    from wanllmdb._agent.counts import AgentCounts


class Urgency(IntEnum):
    """How an agent ends; each level includes the lower ones."""

    GO_ON = 0
    """Continue as usual."""
    DRAIN = 1
    """Let the running runs end, and take no more runs."""
    GIVE_BACK = 2
    """Stop the running runs and give them back."""
    LEAVE = 3
    """End at once."""


class Shutdown:
    """The urgency shared by all threads of an agent. It only increases."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgency = Urgency.GO_ON

    @property
    def urgency(self) -> Urgency:
        """The current urgency."""
        return self._urgency

    def demand(self, urgency: Urgency) -> None:
        """Raise the urgency at least to this level. Not for signal handlers: it takes a lock."""
        with self._changed:
            self._urgency = max(self._urgency, urgency)
            self._changed.notify_all()

    def wait(self, seconds: float, urgency: Urgency = Urgency.DRAIN) -> bool:
        """Wait up to `seconds` for this urgency; return whether it was reached."""
        with self._changed:
            return self._changed.wait_for(lambda: self._urgency >= urgency, seconds)


SHUTDOWN_SIGNALS = (signal.SIGINT, signal.SIGTERM)

FORWARDED = tuple(
    signal.Signals(getattr(signal, name))
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
"""The signals that an agent forwards to programs on request."""

INTERRUPTS_TO_STOP = 2
"""This many Ctrl-C stop the runs; one more ends the agent at once."""

_REPEAT_SECONDS = 0.5


class Terminated(RunStopped):
    """SIGTERM arrived while exposed code ran."""


class _MainThread:
    """State of the main thread, written only by its own code and its signal handlers."""

    exposed = False
    due: BaseException | None = None


@contextmanager
def exposed() -> Iterator[None]:
    """Mark code that a signal's exception may end at any instruction."""
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
    """Protect code within `exposed`; an exception that is due is raised after the block."""
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


def take_over_again() -> None:
    """Restore the handlers that code within `exposed` replaced; no effect in other threads."""
    if _in_charge and threading.current_thread() is threading.main_thread():
        _in_charge[-1].take_over()


class Signals:
    """Receives signals within a `with` block in the main thread; no effect in other threads.

    A second Ctrl-C ends the exposed code with KeyboardInterrupt, SIGTERM with Terminated. A
    third Ctrl-C raises KeyboardInterrupt anywhere in the main thread. A signal that the process
    ignored before, for example under nohup, stays ignored. A fork of the process gets the
    previous handlers back, since its signals are not meant for the agent.

    Args:
        received: called in a thread, with the signal and how often it has come.
        more: further signals to receive, besides Ctrl-C and SIGTERM.
    """

    def __init__(
        self, received: Callable[[signal.Signals, int], None], more: Sequence[signal.Signals] = ()
    ) -> None:
        self._received = received
        self.numbers = (*SHUTDOWN_SIGNALS, *more)
        self._counts: Counter[int] = Counter()
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            _MainThread.exposed, _MainThread.due = False, None
            self._read_end, self._write_end = os.pipe()
            os.set_blocking(self._write_end, False)
            self._previous_wakeup = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
            for number in self.numbers:
                # None means a handler of C code, which Python could not restore.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._previous[number] = signal.signal(number, self._handle)
            _in_charge.append(self)
            threading.Thread(
                target=self._listen,
                args=(frozenset(self._previous), self._previous_wakeup),
                name="wanllmdb-signals",
                daemon=True,
            ).start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            self.put_back()
            _in_charge.remove(self)

    def take_over(self) -> None:
        """Install the handlers again, in case other code replaced them."""
        for number in self._previous:
            signal.signal(number, self._handle)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)

    def put_back(self) -> None:
        """Restore the previous handlers."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)
        signal.set_wakeup_fd(self._previous_wakeup)
        os.close(self._write_end)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._counts[number] += 1
        count = self._counts[number]
        if number == signal.SIGINT and count > INTERRUPTS_TO_STOP:
            raise KeyboardInterrupt
        if number == signal.SIGINT and count == INTERRUPTS_TO_STOP:
            _MainThread.due = KeyboardInterrupt()
        elif number == signal.SIGTERM and count == 1:
            _MainThread.due = Terminated("SIGTERM stopped the agent")
        if _MainThread.exposed:
            _raise_what_is_due()

    def _listen(self, numbers: frozenset[int], previous_wakeup: int) -> None:
        counts: Counter[int] = Counter()
        with os.fdopen(self._read_end, "rb", buffering=0) as pipe:
            while read := self._next(pipe, is_terminated=counts[signal.SIGTERM] > 0):
                if previous_wakeup != -1:
                    # An event loop of the main thread waits for its own signals on this descriptor.
                    os.write(previous_wakeup, read)
                # Signals that arrive together count once, as for Python's handlers.
                for number in numbers.intersection(read):
                    counts[number] += 1
                    self._received(signal.Signals(number), counts[number])

    def _next(self, pipe: RawIOBase, *, is_terminated: bool) -> bytes | None:
        """Return the numbers of the next signals; nothing when the block has ended."""
        if is_terminated:
            with selectors.DefaultSelector() as selector:
                selector.register(pipe, selectors.EVENT_READ)
                # Python runs no handler while the main thread waits in a system call that
                # began just after the signal, or that another thread's signal interrupted.
                while self._is_termination_pending() and not selector.select(_REPEAT_SECONDS):
                    signal.pthread_kill(_main_thread_id(), signal.SIGTERM)
        return pipe.read(64)

    def _is_termination_pending(self) -> bool:
        is_ours = signal.getsignal(signal.SIGTERM) == self._handle
        return is_ours and self._counts[signal.SIGTERM] == 0 and hasattr(signal, "pthread_kill")


class SignalActions:
    """What an agent does when a signal arrives.

    Args:
        shutdown: how urgently the agent ends.
        counts: the agent's runs in progress.
        say: prints a line for people.
        forwarded: signals that go to `forward`, with or without Ctrl-C and SIGTERM.
        forward: receives the forwarded signals.
    """

    def __init__(
        self,
        shutdown: Shutdown,
        counts: AgentCounts,
        say: Callable[[str], None],
        forwarded: Sequence[signal.Signals],
        forward: Callable[[signal.Signals], None] | None,
    ) -> None:
        self._shutdown = shutdown
        self._counts = counts
        self._say = say
        self._forwarded = forwarded
        self._forward = forward

    def __call__(self, number: signal.Signals, count: int) -> None:
        """Acts on a signal that has now come `count` times, in the thread that reads signals."""
        if number in self._forwarded and self._forward is not None:
            self._forward(number)
        if number == signal.SIGTERM:
            self._counts.end_by_signal(signal.SIGTERM)
            self._stop_all("SIGTERM stopped the agent")
        elif number == signal.SIGINT:
            self._counts.end_by_signal(signal.SIGINT)
            if count == 1:
                self._drain()
            elif count == INTERRUPTS_TO_STOP:
                self._stop_all("the agent was interrupted")

    def _drain(self) -> None:
        self._shutdown.demand(Urgency.DRAIN)
        active = self._counts.active
        if active:
            runs = "run " if len(active) == 1 else "runs "
            runs += ", ".join(str(run.number) for run in active)
            it = "it" if len(active) == 1 else "them"
            self._say(
                f"interrupted: waiting for {runs} to end; Ctrl-C again stops {it} and gives {it} "
                f"back, a third Ctrl-C ends the agent at once"
            )

    def _stop_all(self, reason: str) -> None:
        self._shutdown.demand(Urgency.GIVE_BACK)
        for run in self._counts.active:
            run.stop(StopOrder(reason, None, gives_back=True))


def _main_thread_id() -> int:
    identifier = threading.main_thread().ident
    assert identifier is not None
    return identifier


_in_charge: list[Signals] = []
_mask_before_fork: list[set[int]] = []


def _hold_signals() -> None:
    # A signal to a fork that still has these handlers would reach the parent's pipe.
    numbers = [number for signals in _in_charge for number in signals.numbers]
    _mask_before_fork.append(signal.pthread_sigmask(signal.SIG_BLOCK, numbers))


def _let_signals_pass() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask_before_fork.pop())


def _leave_to_the_parent() -> None:
    _MainThread.exposed, _MainThread.due = False, None
    while _in_charge:
        _in_charge.pop().put_back()
    _let_signals_pass()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_hold_signals,
        after_in_parent=_let_signals_pass,
        after_in_child=_leave_to_the_parent,
    )
