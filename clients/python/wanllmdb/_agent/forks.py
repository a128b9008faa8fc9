"""Forks of a process that works on a run: the run stays with the process that it was given to.

A fork has one thread, the locks of others as they stood, and connections that no thread of
gRPC serves any more: in one, a call waits for ever. So it must not come out of the function
into the agent's code.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NoReturn

from wanllmdb._agent.current import has_runs
from wanllmdb._agent.failures import formatted
from wanllmdb._agent.text import text_of


def call_in_this_process(function: Callable[[], Any]) -> None:
    """Calls the function; a fork of this process that leaves it ends there, at once."""
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
    """Nothing of a coroutine or a generator has run when its function has returned."""
    kinds = CoroutineType, GeneratorType, AsyncGeneratorType
    if not isinstance(result, kinds):
        return
    what = type(result).__name__
    if isinstance(result, CoroutineType):
        result.close()
    raise TypeError(
        f"the function returned a {what}, of which nothing has run: have it run that itself, by "
        f"asyncio.run or a loop for example"
    )


def _end(error: BaseException | None) -> NoReturn:
    """Ends a fork with the exit code that Python would give it.

    Without the parent's exit handlers, and without waiting for its threads, which are not
    there.
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
    """Ends the process when the thread ends that has it in its local data."""

    def __del__(self) -> None:
        os._exit(0)


class _Forking(threading.local):
    """What each thread knows of its own fork."""

    is_main = True
    end: _EndOfThread | None = None


_forking = _Forking()


def _note_the_thread() -> None:
    _forking.is_main = threading.current_thread() is threading.main_thread()


def _end_with_the_thread() -> None:
    # The thread that forked is all that there is of Python in the fork, but gRPC has started
    # threads of its own again, which would keep the process.
    if not _forking.is_main and has_runs():
        _forking.end = _EndOfThread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note_the_thread, after_in_child=_end_with_the_thread)
