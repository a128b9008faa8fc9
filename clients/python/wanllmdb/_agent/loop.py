"""One loop of an agent: takes runs from a sweep, has them worked on, and tells how they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.hints import hint_for
from wanllmdb._agent.orders import StopOrder
from wanllmdb._agent.outage import DEFAULT_PATIENCE, STRANGER_PATIENCE, OutageWaiter
from wanllmdb._agent.shutdown import Shutdown, Urgency
from wanllmdb._agent.tally import Tally
from wanllmdb._agent.view import View
from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._types.enums import ExhaustedReason
from wanllmdb._types.run import Canceled, Failed, Outcome, Pruned, Run, Succeeded, Suggestion
from wanllmdb._types.sweep import Sweep

_LONGEST_POLL = 2.0
_GIVE_BACK_TIMEOUT = 5.0

_EXHAUSTED = {
    ExhaustedReason.RUN_CAP: "its run_cap was reached",
    ExhaustedReason.SPACE_EXHAUSTED: "every point of its search space was handed out",
    ExhaustedReason.TARGET_REACHED: "its target was reached",
    ExhaustedReason.TERMINATED: "its terminator ended it",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work on a run ended, and the exception that broke it, if one did.

    The outcome is None when the work stopped before its end: because of
    `run.stop_order`, or by itself, and then `reason` may say why.
    """

    outcome: Outcome | None
    cause: BaseException | None = None
    reason: str = ""


class RunOne(Protocol):
    """Works on one run until it is done or `run.stop_order` says to stop.

    An exception that it lets pass gives the run back and ends the agent.
    """

    def __call__(self, run: ActiveRun) -> Ended:
        """Works on the run, in the loop's thread."""

    def close(self) -> None:
        """Waits for what it is still ending, from the thread that called the agent."""

    def kill(self) -> None:
        """Ends what it started at once, from that thread too."""


class Loop:
    """Works on one run at a time, in a thread of its own.

    Args:
        client: reaches both services.
        sweep: the sweep.
        run_one: works on one run; see RunOne.
        agent_id: the agent's name.
        tally: what the agent's loops share.
        shutdown: when to end.
        view: shows what happens.
        said: what was said before, and is not repeated.
        slot: which of the agent's loops it is.
        patience: seconds to wait for services that are away in mid-sweep.
    """

    def __init__(
        self,
        client: Client,
        sweep: Sweep,
        run_one: RunOne,
        *,
        agent_id: str,
        tally: Tally,
        shutdown: Shutdown,
        view: View,
        said: set[str],
        slot: int = 0,
        patience: float = DEFAULT_PATIENCE,
    ) -> None:
        self._client = client
        self._sweep = sweep
        self._run_one = run_one
        self._agent_id = agent_id
        self._tally = tally
        self._shutdown = shutdown
        self._view = view
        self._said = said
        self._slot = slot
        # A run that is done is worth waiting for, whatever Ctrl-C says once.
        self._waiter = OutageWaiter(view.line, patience, self._pause_until(Urgency.GIVE_BACK))
        self._known = OutageWaiter(view.line, patience, self._pause_until(Urgency.DRAIN))
        self._stranger = OutageWaiter(
            view.line, min(patience, STRANGER_PATIENCE), self._pause_until(Urgency.DRAIN)
        )
        self._has_suggested = False

    def work(self) -> None:
        """Works until there are no more runs, or none are to be taken."""
        while self._goes_on and self._tally.claim():
            suggestion = self._next()
            if suggestion is None:
                return
            self._has_suggested = True
            for run in suggestion.runs:
                self._work_on(run, suggestion.next_check_iteration)

    @property
    def _goes_on(self) -> bool:
        return self._shutdown.urgency < Urgency.DRAIN

    def _work_on(self, run: Run, next_check: int | None) -> None:
        active = ActiveRun(
            self._client,
            self._sweep,
            run,
            next_check=next_check,
            say=self._view.line,
            said=self._said,
            waiter=self._waiter,
            on_log=self._view.logged,
        )
        active.slot = self._slot
        self._tally.started(active)
        if not self._goes_on:
            # It was handed out after the agent was told to take no more.
            self._give_back(active, "the agent was interrupted")
            return
        self._view.started(active)
        try:
            ended = self._run_one(active)
            order = active.stop_order
            if order is not None and order.gives_back:
                self._give_back(active, order.reason)
                return
            self._say_what_is_ignored(active, ended)
            active.complete(_outcome(ended, order))
        except BaseException:
            self._give_back(active, "the agent was ended by an error")
            raise
        self._view.ended(active)
        self._hint(active, ended)
        self._tally.ended(active, ended.cause)

    def _say_what_is_ignored(self, active: ActiveRun, ended: Ended) -> None:
        was_finished = active.is_over and active.ended is not None
        if was_finished and isinstance(ended.outcome, Failed) and not active.has_failed:
            self._view.line(
                f"run {active.number} was finished before this went wrong, which is not kept: "
                f"{ended.outcome.message}"
            )

    def _hint(self, active: ActiveRun, ended: Ended) -> None:
        if active.ended is None:
            return
        hint = hint_for(self._sweep, ended.outcome, active.ended)
        if hint is not None:
            self._say_once(hint)

    def _give_back(self, active: ActiveRun, reason: str) -> None:
        self._tally.given_back(active)
        if active.is_over:
            if active.ended is None:
                self._view.line(
                    f"run {active.number} was done, but its end could not be told; it is handed "
                    f"out again when its lease ends"
                )
            return
        try:
            active.release(reason)
        except WanllmdbError as error:
            self._view.line(
                f"run {active.number} could not be given back; it is handed out again when its "
                f"lease ends: {error}"
            )
        else:
            self._view.line(f"run {active.number} was given back")

    def _next(self) -> Suggestion | None:
        """The next run; None, with the reason in the tally, when there is none to come."""
        request_id = str(uuid4())
        pause = 0.25
        while True:
            try:
                suggestion = self._suggest(request_id)
            except NotFoundError:
                self._tally.end_by(self._why_not_found())
                return None
            except FailedPreconditionError as error:
                if error.reason != "SWEEP_NOT_RUNNING":
                    raise
                if error.state != "paused":
                    self._tally.end_by(f"the sweep is {error.state}")
                    return None
                self._say_once(
                    f"sweep {self._sweep.sweep_id} is paused: waiting until it is resumed"
                )
            except WanllmdbError:
                if self._goes_on:
                    raise
                return None
            else:
                if suggestion.runs:
                    return suggestion
                if suggestion.exhausted is not None:
                    why = _EXHAUSTED.get(suggestion.exhausted, "it has no more runs")
                    if suggestion.message:
                        why += f": {suggestion.message}"
                    self._tally.end_by(f"the sweep hands out no more runs: {why}")
                    return None
            if self._shutdown.wait(pause):
                return None
            pause = min(pause * 2, _LONGEST_POLL)
            request_id = str(uuid4())

    def _suggest(self, request_id: str) -> Suggestion:
        # One that was never there may be a wrong address: that is told soon.
        waiter = self._known if self._has_suggested else self._stranger
        return waiter.ride_out(
            lambda: self._client.suggest(
                self._sweep.sweep_id, agent_id=self._agent_id, request_id=request_id
            )
        )

    def _why_not_found(self) -> str:
        """The suggestion service does not know the sweep: whether it is gone.

        Raises:
            NotFoundError: it is there, for the registry that this agent talks to.
        """
        try:
            self._client.get_sweep(self._sweep.sweep_id)
        except NotFoundError:
            return "the sweep was deleted"
        raise NotFoundError(
            f"the suggestion service at {self._client.suggestion_address} does not know sweep "
            f"{self._sweep.sweep_id}, which the registry at {self._client.registry_address} has: "
            f"it was started for another registry"
        )

    def _pause_until(self, urgency: Urgency) -> Callable[[float], bool]:
        return lambda seconds: self._shutdown.wait(seconds, urgency)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._view.line(text)


def _outcome(ended: Ended, order: StopOrder | None) -> Outcome | None:
    """How to finish a run: as ordered, unless it was done before it saw the order.

    A run that early termination stopped is pruned whatever its function did then. None for
    one that was stopped since it is no longer ours.
    """
    if order is None:
        return ended.outcome or Canceled(ended.reason or "stopped by the training function")
    if isinstance(order.outcome, Pruned):
        return order.outcome
    if order.outcome is None or isinstance(ended.outcome, Succeeded):
        return ended.outcome
    return order.outcome
