"""Runs a training function for one run, and tells how it ended."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.current import working_on
from wanllmdb._agent.failures import failed_by
from wanllmdb._agent.loop import Ended
from wanllmdb._agent.orders import StopOrder
from wanllmdb._agent.signals import Terminated, exposed
from wanllmdb._errors import RunStopped
from wanllmdb._tracing import current_trace, in_trace
from wanllmdb._types.run import Succeeded

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
                with exposed():
                    self._function()
            except Terminated as stop:
                # The agent hears of it in another thread, perhaps later.
                run.stop(StopOrder(stop.reason, None, gives_back=True))
                return Ended(None)
            except RunStopped as stop:
                return Ended(None, reason=stop.reason)
            except KeyboardInterrupt:
                run.stop(StopOrder("the agent was interrupted", None, gives_back=True))
                return Ended(None)
            except SystemExit as error:
                if error.code in (None, 0):
                    return Ended(Succeeded())
                return Ended(failed_by(error), error)
            except Exception as error:
                return Ended(failed_by(error), error)
        return Ended(Succeeded())
