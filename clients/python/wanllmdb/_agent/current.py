"""Which run the calling code belongs to."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.exported import lent_to_children
from wanllmdb._agent.local_run import LocalRun
from wanllmdb._errors import NoRunError

_current: ContextVar[ActiveRun | None] = ContextVar("wanllmdb_run", default=None)
_active: list[ActiveRun] = []
_local: list[LocalRun] = []
"""The runs outside of an agent that are open: the last one is the current one."""
_outlived: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that began while the process worked on a run that has ended."""
_working: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that work, or worked, on runs for an agent."""
_lock = threading.Lock()


@contextmanager
def working_on(run: ActiveRun) -> Iterator[None]:
    """Makes `run` the current one for the code within, and the threads that it starts.

    Child processes that are started meanwhile find it by the environment.
    """
    outer = _current.get()
    before = set(threading.enumerate())
    _working.add(threading.current_thread())
    token = _current.set(run)
    adopt(run)
    try:
        with lent_to_children(run, is_nested=outer is not None):
            yield
    finally:
        _current.reset(token)
        with _lock:
            _active.remove(run)
            # One that goes on must not report for whatever run comes next.
            _outlived.update(set(threading.enumerate()) - before - set(_working))


def adopt(run: ActiveRun) -> None:
    """Makes `run` one of this process's, for as long as it lives."""
    with _lock:
        _active.append(run)


def keep_local(run: LocalRun) -> None:
    """Makes a run that records nothing the current one outside of agents, until it ends."""
    with _lock:
        _local.append(run)


def drop_local(run: LocalRun) -> None:
    """The run has ended."""
    with _lock:
        if run in _local:
            _local.remove(run)


def has_runs() -> bool:
    """Whether this process works on a run, or the process did that it is a fork of."""
    return bool(_active)


def has_own_run() -> bool:
    """Whether this very process works on a run, rather than the one that it is a fork of."""
    return any(run.is_here for run in _active)


def leave_runs() -> None:
    """The runs of the process that this one is a fork of are none of the calling code's."""
    _current.set(None)
    with _lock:
        _active.clear()
        _local[:] = [run for run in _local if run.is_here]


def current_run() -> ActiveRun | None:
    """The run of a sweep that the calling code works on, or None.

    That of its context; a thread which the training function started has none of its
    own and belongs to the only run of the process.

    Raises:
        NoRunError: the thread could belong to several runs, or to one that has ended.
    """
    run = _current.get()
    if run is not None:
        return run
    with _lock:
        if not _active:
            return None
        if len(_active) > 1:
            raise NoRunError(
                f"{len(_active)} agents work in this process, and this thread belongs to none of "
                f"them: pass it the run that init() returned, and use run.log and run.config"
            )
        if threading.current_thread() in _outlived:
            raise NoRunError(
                f"this thread was started while another run was worked on, which has ended, so it "
                f"does not report for run {_active[0].number}: end a run's threads before its "
                f"function returns, or pass the thread the run that init() returned"
            )
        return _active[0]


def facing_run() -> BaseRun | None:
    """What `log`, `config` and their like act on: what the last `init` returned; or None.

    Raises:
        NoRunError: see `current_run`.
    """
    run = current_run()
    if run is not None:
        return run.facing
    with _lock:
        return _local[-1] if _local else None


def required_run(what: str) -> BaseRun:
    """What `log`, `config` and their like act on.

    Raises:
        NoRunError: there is none; `what` says what was tried.
    """
    run = facing_run()
    if run is None:
        raise NoRunError(
            f"{what} needs a run, and there is none here: call init() first. Values are recorded "
            f"in the function that is given to wanllmdb.agent(sweep_id, function=...), and in a "
            f"program that `wanllmdb agent SWEEP -- ...` starts"
        )
    return run
