"""Which run the calling code belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._errors import NoRunError

_current: ContextVar[ActiveRun | None] = ContextVar("wanllmdb_run", default=None)
_active: list[ActiveRun] = []
_lock = threading.Lock()


@contextmanager
def working_on(run: ActiveRun) -> Iterator[None]:
    """Makes `run` the current one for the code within, and the threads that it starts."""
    token = _current.set(run)
    adopt(run)
    try:
        yield
    finally:
        _current.reset(token)
        with _lock:
            _active.remove(run)


def adopt(run: ActiveRun) -> None:
    """Makes `run` one of this process's, for as long as it lives."""
    with _lock:
        _active.append(run)


def has_runs() -> bool:
    """Whether this process works on a run, or the process did that it is a fork of."""
    return bool(_active)


def current_run() -> ActiveRun | None:
    """The run of the calling code, or None.

    That of its context; a thread which the training function started has none of its
    own and belongs to the only run of the process.

    Raises:
        NoRunError: the thread could belong to several runs.
    """
    run = _current.get()
    if run is not None:
        return run
    with _lock:
        if len(_active) > 1:
            raise NoRunError(
                f"{len(_active)} agents work in this process, and this thread belongs to none of "
                f"them: pass it the run that init() returned, and use run.log and run.config"
            )
        return _active[0] if _active else None


def required_run(what: str) -> ActiveRun:
    """The run of the calling code.

    Raises:
        NoRunError: there is none; `what` says what was tried.
    """
    run = current_run()
    if run is None:
        raise NoRunError(
            f"{what} needs a run, and there is none here: call it in the function that is given to "
            f"wanllmdb.agent(sweep_id, function=...), or in a program that `wanllmdb agent SWEEP "
            f"-- ...` starts, after init()"
        )
    return run
