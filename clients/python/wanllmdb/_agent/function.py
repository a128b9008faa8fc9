"""Runs a training function for one run, and tells how it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.current import working_on
from wanllmdb._agent.failures import carried, failed_by
from wanllmdb._agent.forks import call_in_this_process
from wanllmdb._agent.loop import Ended
from wanllmdb._agent.orders import StopOrder
from wanllmdb._agent.signals import Terminated, exposed
from wanllmdb._agent.surroundings import kept_surroundings
from wanllmdb._errors import RunStopped
from wanllmdb._tracing import current_trace, in_trace
from wanllmdb._types.runs import Succeeded

_LOOK_SECONDS = 0.2


class FunctionRunner:
    """Has a function called without arguments, in the thread that called the agent.

    The agent's own work goes on in another thread: signals, which Python handles in the main
    thread, meet the function or nothing.

    Args:
        function: the training function.
        in_caller: has something done by the thread that called the agent.
    """

    def __init__(
        self, function: Callable[[], Any], in_caller: Callable[[Callable[[], None]], None]
    ) -> None:
        self._function = function
        self._in_caller = in_caller

    def __call__(self, run: ActiveRun) -> Ended:
        """Has the function run to its end, or until the run is to be given back."""
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
                    # A function takes its time to end; another agent may begin at once.
                    return Ended(None)

    def kill(self) -> None:
        """Nothing outlives this process."""

    def close(self) -> None:
        """Nothing is left to wait for."""

    def _call(self, run: ActiveRun) -> Ended:
        if run.stop_order is not None:
            return Ended(None)
        with working_on(run):
            try:
                with kept_surroundings(), exposed():
                    call_in_this_process(self._function)
            except BaseException as error:
                return _ended_by(error, run)
        return Ended(Succeeded())


def _ended_by(error: BaseException, run: ActiveRun) -> Ended:
    """How the run ends whose function raised: an exception fails it, whatever its class.

    A group of exceptions counts as the signal that is in it.
    """
    if (terminated := carried(error, Terminated)) is not None:
        # The agent hears of it in another thread, perhaps later.
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
        # Any object may be an exit code, also one that can't be compared.
        return False
