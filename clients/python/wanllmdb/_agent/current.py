"""Which run the calling code, and the processes that it starts, belong to."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from wanllmdb import _env
from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.console import Console, PrintOnce
from wanllmdb._agent.distributed import silent_rank
from wanllmdb._agent.early_stopping import schedule_of
from wanllmdb._agent.local_run import LocalRun
from wanllmdb._agent.wait_policy import OutageWaiter, WaitPolicy, is_passing
from wanllmdb._client import Client
from wanllmdb._errors import NoRunError, WanllmdbError
from wanllmdb._spool import Spool
from wanllmdb._types.enums import RunState

if TYPE_CHECKING:
    from wanllmdb._agent.active_run import ActiveRun


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
        with named_to_children(run, is_nested=outer is not None):
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


def open_run() -> BaseRun | None:
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
    run = open_run()
    if run is None:
        raise NoRunError(
            f"{what} needs a run, and there is none here: call init() first. Values are recorded "
            f"in the function that is given to wanllmdb.agent(sweep_id, function=...), and in a "
            f"program that `wanllmdb agent SWEEP -- ...` starts"
        )
    return run


_environment_lock = threading.Lock()
_runs: list[ActiveRun] = []
"""Those that agents work on side by side, in threads of this process."""
_before: dict[str, str | None] = {}
"""What the variables were that are set now, before any was."""


@contextmanager
def named_to_children(run: ActiveRun, *, is_nested: bool) -> Iterator[None]:
    """Names the run in this process's environment, as a command agent does for its program.

    Where several agents work in one process, its environment can't say which run a child is
    for: it says so instead.

    Args:
        run: the run.
        is_nested: whether the code works on another run, which this one is a part of.
    """
    if is_nested:
        with _set(_variables(run)):
            yield
        return
    with _environment_lock:
        _runs.append(run)
        _refresh()
    try:
        yield
    finally:
        with _environment_lock:
            _runs.remove(run)
            _refresh()


def _variables(run: ActiveRun) -> Mapping[str, str]:
    return {**run.environment(), _env.LENT_BY: str(os.getpid())}


def _refresh() -> None:
    _restore(_before)
    _before.clear()
    if len(_runs) == 1:
        _before.update(_put(_variables(_runs[0])))
    elif _runs:
        _before.update(_put({_env.SEVERAL_RUNS: str(len(_runs)), _env.SWEEP_ID: ""}))


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    before = _put(variables)
    try:
        yield
    finally:
        _restore(before)


def _put(variables: Mapping[str, str]) -> dict[str, str | None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    return before


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


_lent_lock = threading.Lock()


def lent_run() -> ActiveRun | None:
    """The run that the environment names, taken up once a process; None when it names none.

    The parent keeps its lease and finishes it by the exit status; this process reports
    metrics and asks whether to stop.

    Raises:
        NoRunError: the parent works on several runs, or the run is no longer the parent's.
    """
    with _lent_lock:
        taken = current_run()
        if taken is not None:
            return taken
        named = _env.RunEnvironment.read()
        if named is None:
            return None
        run = _take_up(named)
        adopt(run)
        _at_exit(run)
        return run


def _at_exit(run: ActiveRun) -> None:
    atexit.register(run.end)
    if (util := sys.modules.get("multiprocessing.util")) is not None:
        # Some of its processes end without Python's own exit handlers. One that got the run as
        # an argument forgets what was registered before its function begins.
        util.Finalize(None, run.end, exitpriority=0)
        util.register_after_fork(run, _finalize)
    # Forks of this process have no part in its end.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: atexit.unregister(run.end))


def _finalize(run: ActiveRun) -> None:
    sys.modules["multiprocessing.util"].Finalize(None, run.end, exitpriority=0)


def _take_up(named: _env.RunEnvironment) -> ActiveRun:
    client = Client()
    console = Console()
    # The agent got the run from these services: when they are away, they come back.
    waiter = OutageWaiter(console.line, WaitPolicy.of().seconds)
    sweep = waiter.retry(lambda: client.get_sweep(named.sweep_id))
    run = waiter.retry(lambda: client.get_run(named.sweep_id, named.number))
    if run.attempt == named.attempt and run.state.is_final:
        raise NoRunError(
            f"run {named.number} of sweep {named.sweep_id}, which this process was started for, "
            f"has ended ({run.state}): start processes within each run's function, and wait for "
            f"them there; a pool that outlives its run can't work on the next one"
        )
    if run.attempt != named.attempt or run.state is not RunState.RUNNING:
        raise NoRunError(
            f"run {named.number} of sweep {named.sweep_id} is {run.state} in its attempt "
            f"{run.attempt}, not running in attempt {named.attempt}: its lease was lost"
        )
    rank = silent_rank()
    next_check = None
    if sweep.spec.early_termination is not None and rank is None:
        next_check = _next_check(client, named)
    schedule = waiter.retry(
        lambda: schedule_of(client, sweep, run, next_check, resumed=named.resumed)
    )
    return ActiveRun(
        client,
        sweep,
        run,
        schedule=schedule,
        warn=PrintOnce(console.line),
        waiter=waiter,
        spool=Spool.of_environment(),
        resumed=named.resumed,
        is_lent=True,
        silent_rank=rank,
    )


def _next_check(client: Client, named: _env.RunEnvironment) -> int | None:
    try:
        return client.should_stop(named.sweep_id, named.number).next_check_iteration
    except WanllmdbError as error:
        if not is_passing(error):
            raise
        # Training does not wait for it: it is asked again at the first value.
        return 1
