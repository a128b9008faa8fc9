"""The run of the calling code, and of the processes that the code starts."""

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
from wanllmdb._agent.early_stopping import CheckSchedule
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
"""The open runs outside of agents; the last one is the current one."""
_outlived: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that began during a run that has ended."""
_working: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that execute, or executed, runs for an agent."""
_lock = threading.Lock()


@contextmanager
def working_on(run: ActiveRun) -> Iterator[None]:
    """Make `run` the current run of the code in the block, and of the threads it starts.

    Child processes started in the block find the run by the environment.
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
            # A thread that continues must not report for the next run.
            _outlived.update(set(threading.enumerate()) - before - set(_working))


def adopt(run: ActiveRun) -> None:
    """Make `run` a run of this process until the process ends."""
    with _lock:
        _active.append(run)


def keep_local(run: LocalRun) -> None:
    """Make a run that records nothing the current one outside of agents, until it ends."""
    with _lock:
        _local.append(run)


def drop_local(run: LocalRun) -> None:
    """Remove a local run that has ended."""
    with _lock:
        if run in _local:
            _local.remove(run)


def has_runs() -> bool:
    """Return whether this process, or the process it was forked from, executes a run."""
    return bool(_active)


def has_own_run() -> bool:
    """Return whether this process itself, and not the one it was forked from, executes a run."""
    return any(run.is_here for run in _active)


def leave_runs() -> None:
    """Forget the runs of the process that this one was forked from."""
    _current.set(None)
    with _lock:
        _active.clear()
        _local[:] = [run for run in _local if run.is_here]


def current_run() -> ActiveRun | None:
    """Return the sweep's run that the calling code belongs to, or None.

    This is the run of the code's context. A thread that the training function started has no
    such run, and belongs to the only run of the process.

    Raises:
        NoRunError: the thread could belong to several runs, or to a run that has ended.
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
                f"them: pass the thread the run that init() returned, and use run.log and "
                f"run.config"
            )
        if threading.current_thread() in _outlived:
            raise NoRunError(
                f"this thread was started by an earlier run, which has ended, so it does not "
                f"report for run {_active[0].number}: end a run's threads before its function "
                f"returns, or pass the thread the run that init() returned"
            )
        return _active[0]


def open_run() -> BaseRun | None:
    """Return the run that `log` and `config` use: the last one that `init` returned, or None.

    Raises:
        NoRunError: see `current_run`.
    """
    run = current_run()
    if run is not None:
        return run.facing
    with _lock:
        return _local[-1] if _local else None


def required_run(what: str) -> BaseRun:
    """Return the run that `log` and `config` use.

    Raises:
        NoRunError: there is none; the message names `what` was called.
    """
    run = open_run()
    if run is None:
        raise NoRunError(
            f"{what} needs a run, and there is none here: call init() first. Values are recorded "
            f"in the function that is passed to wanllmdb.agent(sweep_id, function=...), and in "
            f"a program that `wanllmdb agent SWEEP -- ...` starts"
        )
    return run


_environment_lock = threading.Lock()
_runs: list[ActiveRun] = []
"""The runs of agents in threads of this process."""
_before: dict[str, str | None] = {}
"""The earlier values of the variables that are set now."""


@contextmanager
def lent_to_children(run: ActiveRun, *, is_nested: bool) -> Iterator[None]:
    """Name the run in this process's environment, as a command agent does for its program.

    With several agents in one process, the environment can't name the run of a child process,
    and states that instead.

    Args:
        run: the run.
        is_nested: whether this run began within the code of another run.
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
    """Return the run that the environment names, taken up once per process; None without one.

    The parent process keeps the lease and finishes the run by the exit status. This process
    reports metrics and checks whether to stop.

    Raises:
        NoRunError: the parent executes several runs, or the run no longer belongs to the parent.
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
        # Some processes of multiprocessing end without Python's exit handlers. A process that got
        # the run as an argument clears earlier finalizers before its function begins.
        util.Finalize(None, run.end, exitpriority=0)
        util.register_after_fork(run, _finalize)
    # Forks of this process must not end the run.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: atexit.unregister(run.end))


def _finalize(run: ActiveRun) -> None:
    sys.modules["multiprocessing.util"].Finalize(None, run.end, exitpriority=0)


def _take_up(named: _env.RunEnvironment) -> ActiveRun:
    client = Client()
    console = Console()
    # The agent got the run from these services, so an outage is temporary.
    waiter = OutageWaiter(console.line, WaitPolicy.of().seconds)
    sweep = waiter.retry(lambda: client.get_sweep(named.sweep_id))
    run = waiter.retry(lambda: client.get_run(named.sweep_id, named.number))
    if run.attempt == named.attempt and run.state.is_final:
        raise NoRunError(
            f"run {named.number} of sweep {named.sweep_id}, which this process was started for, "
            f"has ended ({run.state}): start processes within each run's function, and wait for "
            f"them there; a pool that outlives its run can't be used for the next run"
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
    return ActiveRun(
        client,
        sweep,
        run,
        schedule=CheckSchedule.of(sweep, run, next_check),
        warn=PrintOnce(console.line),
        waiter=waiter,
        spool=Spool.of_environment(),
        resumed=named.resumed,
        silent_rank=rank,
    )


def _next_check(client: Client, named: _env.RunEnvironment) -> int | None:
    try:
        return client.should_stop(named.sweep_id, named.number).next_check_iteration
    except WanllmdbError as error:
        if not is_passing(error):
            raise
        # Training does not wait: the check is repeated at the first value.
        return 1
