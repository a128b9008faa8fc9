"""Runs a training function for one run, and returns how it ended.

A fork of a process that works on a run must never return into the agent's code. A fork has a
single thread, locks that other threads held, and gRPC connections that no thread serves, so a
call would wait forever. The run stays with the process that it was assigned to.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NoReturn, TypeVar

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.commands import StopOrder
from wanllmdb._agent.current import has_runs, working_on
from wanllmdb._agent.loop import Ended
from wanllmdb._agent.signals import Terminated, exposed, take_over_again
from wanllmdb._agent.text import failed_by, formatted, text_of
from wanllmdb._errors import RunStopped
from wanllmdb._tracing import current_trace, in_trace
from wanllmdb._types.runs import Succeeded

_LOOK_SECONDS = 0.2


class FunctionRunner:
    """Calls a function without arguments, in the thread that called the agent.

    The agent's own work runs in another thread, so a signal, which Python handles in the main
    thread, can only interrupt the function.

    Args:
        function: the training function.
        in_caller: runs a task in the thread that called the agent.
    """

    def __init__(
        self, function: Callable[[], Any], in_caller: Callable[[Callable[[], None]], None]
    ) -> None:
        self._function = function
        self._in_caller = in_caller

    def __call__(self, run: ActiveRun) -> Ended:
        """Run the function to its end, or until the run must be given back."""
        answer: SimpleQueue[Ended] = SimpleQueue()
        trace = current_trace()

        def call() -> None:
            with in_trace(trace):
                answer.put(self._call(run))

        self._in_caller(call)
        while True:
            try:
                return answer.get(timeout=_LOOK_SECONDS)
            except Empty:
                order = run.stop_order
                if order is not None and order.gives_back:
                    # The function may take long to end, but another agent can begin at once.
                    return Ended(None)

    def kill(self) -> None:
        """Do nothing: the function ends with this process."""

    def close(self) -> None:
        """Do nothing: there are no programs to wait for."""

    def _call(self, run: ActiveRun) -> Ended:
        if run.stop_order is not None:
            return Ended(None)
        with working_on(run):
            try:
                with restored_process_state(), exposed():
                    call_in_this_process(self._function)
            except BaseException as error:
                return _ended_by(error, run)
        return Ended(Succeeded())


def _ended_by(error: BaseException, run: ActiveRun) -> Ended:
    """Return how a run ends whose function raised; an exception of any class fails the run.

    An exception group that contains a signal's exception counts as that signal.
    """
    if (terminated := carried(error, Terminated)) is not None:
        # The agent's signal thread may handle SIGTERM later than this.
        run.stop(StopOrder(terminated.reason, None, gives_back=True))
        return Ended(None, raised=signal.SIGTERM)
    if (stopped := carried(error, RunStopped)) is not None:
        return Ended(None, reason=stopped.reason)
    if carried(error, KeyboardInterrupt) is not None:
        run.stop(StopOrder("the agent was interrupted", None, gives_back=True))
        return Ended(None, raised=signal.SIGINT)
    if isinstance(error, SystemExit) and _is_success(error):
        return Ended(Succeeded())
    return Ended(failed_by(error), error)


def _is_success(error: SystemExit) -> bool:
    try:
        return error.code in (None, 0)
    except Exception:
        # Any object may be an exit code, even one that can't be compared.
        return False


def call_in_this_process(function: Callable[[], Any]) -> None:
    """Call the function; a fork of this process that leaves the function ends at once."""
    process = os.getpid()
    try:
        _refuse_unrun(function())
    except BaseException as error:
        if os.getpid() != process:
            _end(error)
        raise
    if os.getpid() != process:
        _end(None)


def _refuse_unrun(result: Any) -> None:
    """Raise if the result is a coroutine or a generator, whose code has not run yet."""
    kinds = CoroutineType, GeneratorType, AsyncGeneratorType
    if not isinstance(result, kinds):
        return
    what = type(result).__name__
    if isinstance(result, CoroutineType):
        result.close()
    raise TypeError(
        f"the function returned a {what}, whose code has not run: run it inside the function, for "
        f"example with asyncio.run or a loop"
    )


def _end(error: BaseException | None) -> NoReturn:
    """End a fork with the exit code that Python would use.

    The parent's exit handlers do not run, and there are no threads to wait for.
    """
    code = 1
    try:
        code, text = _verdict(error)
        if text:
            sys.stderr.write(text)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _verdict(error: BaseException | None) -> tuple[int, str]:
    if error is None:
        return 0, ""
    if not isinstance(error, SystemExit):
        return 1, formatted(error)
    code = error.code
    if code is None:
        return 0, ""
    return (code & 0xFF, "") if isinstance(code, int) else (1, f"{text_of(code)}\n")


class _EndOfThread:
    """Ends the process when the thread that holds it in its local data ends."""

    def __del__(self) -> None:
        os._exit(0)


class _Forking(threading.local):
    """Thread-local state about a fork by the thread."""

    is_main = True
    end: _EndOfThread | None = None


_forking = _Forking()


def _note_the_thread() -> None:
    _forking.is_main = threading.current_thread() is threading.main_thread()


def _end_with_the_thread() -> None:
    # The fork has only the Python thread that forked, but gRPC restarts its own threads, which
    # would keep the process alive.
    if not _forking.is_main and has_runs():
        _forking.end = _EndOfThread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note_the_thread, after_in_child=_end_with_the_thread)


_CLOCKS = ("time", "monotonic", "sleep")
"""gRPC computes deadlines with `time.time`: if that clock stops, every call times out."""


@contextmanager
def restored_process_state() -> Iterator[None]:
    """Restore the recursion limit, the clocks and the agent's signal handlers at the end."""
    recursion_limit = sys.getrecursionlimit()
    clocks = {name: getattr(time, name) for name in _CLOCKS}
    try:
        yield
    finally:
        sys.setrecursionlimit(recursion_limit)
        vars(time).update(clocks)
        take_over_again()


E = TypeVar("E", bound=BaseException)


def carried(error: BaseException, kind: type[E]) -> E | None:
    """Return the exception, or the first one of that kind within its groups."""
    return next((each for each in _within(error) if isinstance(each, kind)), None)


def _within(error: BaseException) -> Iterator[BaseException]:
    groups = [error]
    while groups:
        each = groups.pop()
        yield each
        if isinstance(each, BaseExceptionGroup):
            groups.extend(reversed(each.exceptions))
