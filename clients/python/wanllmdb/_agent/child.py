"""The run of a program that an agent started, or of a process that a function started."""

from __future__ import annotations

import atexit
import os
import sys
import threading

from wanllmdb import _env
from wanllmdb._agent import current
from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.console import Console
from wanllmdb._agent.outage import OutageWaiter, is_passing
from wanllmdb._agent.patience import Patience
from wanllmdb._agent.ranks import silent_rank
from wanllmdb._agent.resuming import schedule_of
from wanllmdb._client import Client
from wanllmdb._errors import NoRunError, WanllmdbError
from wanllmdb._spool import Spool
from wanllmdb._types.enums import RunState

_lock = threading.Lock()


def lent_run() -> ActiveRun | None:
    """The run that the environment names, taken up once a process; None when it names none.

    The parent keeps its lease and finishes it by the exit status; this process reports
    metrics and asks whether to stop.

    Raises:
        NoRunError: the parent works on several runs, or the run is no longer the parent's.
    """
    with _lock:
        taken = current.current_run()
        if taken is not None:
            return taken
        named = _env.RunEnvironment.read()
        if named is None:
            return None
        run = _take_up(named)
        current.adopt(run)
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
    waiter = OutageWaiter(console.line, Patience.of().seconds)
    sweep = waiter.ride_out(lambda: client.get_sweep(named.sweep_id))
    run = waiter.ride_out(lambda: client.get_run(named.sweep_id, named.number))
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
    schedule = waiter.ride_out(
        lambda: schedule_of(client, sweep, run, next_check, resumed=named.resumed)
    )
    return ActiveRun(
        client,
        sweep,
        run,
        schedule=schedule,
        say=console.line,
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
