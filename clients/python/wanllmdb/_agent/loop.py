"""One loop of an agent: takes runs from a sweep, executes them, and reports their results."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from signal import Signals
from typing import Protocol
from uuid import uuid4

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.commands import StopOrder
from wanllmdb._agent.console import PrintAtIntervals, PrintOnce
from wanllmdb._agent.counts import AgentCounts
from wanllmdb._agent.display import Display
from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._agent.hints import LastValueHint, hint_for
from wanllmdb._agent.signals import Shutdown, Urgency
from wanllmdb._agent.wait_policy import OutageWaiter, WaitPolicy
from wanllmdb._calls.suggestion_calls import suggest_after
from wanllmdb._client import Client
from wanllmdb._client.connection import invoke
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._spool import Spool, SpoolDelivery
from wanllmdb._tracing import trial_span
from wanllmdb._types.enums import ExhaustedReason
from wanllmdb._types.runs import Canceled, FinishedRun, Outcome, Pruned, Run, Succeeded
from wanllmdb._types.suggestions import Suggestion
from wanllmdb._types.sweeps import Sweep
from wanllmdb.api.registry.v1.registry_service_pb2 import FinishRunRequest

_FIRST_POLL = 0.25
_LONGEST_POLL = 2.0
_LONGEST_STAY_POLL = 5.0

_EXHAUSTED = {
    ExhaustedReason.RUN_CAP: "its run_cap was reached",
    ExhaustedReason.SPACE_EXHAUSTED: "every point of its search space was assigned to a run",
    ExhaustedReason.TARGET_REACHED: "its target was reached",
    ExhaustedReason.TERMINATED: "its terminator ended it",
}
_MOST_BROUGHT = 256 * 1024
"""Bytes of a run's end that a Suggest brings. A larger one takes the shorter way."""
_MAY_BE_QUEUED_AGAIN = (ExhaustedReason.RUN_CAP, ExhaustedReason.SPACE_EXHAUSTED)
"""Reasons after which a lost run is still queued again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run's code ended, and the exception that it raised, if any.

    The outcome is None when the code stopped before its end: because of `run.stop_order`, or on
    its own, possibly with a `reason`. `raised` is set when the code raised the exception of a
    signal: then the agent ends as after that signal.
    """

    outcome: Outcome | None
    cause: BaseException | None = None
    reason: str = ""
    raised: Signals | None = None


class RunOne(Protocol):
    """Executes one run until the run ends or `run.stop_order` is set.

    An exception that escapes gives the run back and ends the agent.
    """

    def __call__(self, run: ActiveRun) -> Ended:
        """Execute the run, in the loop's thread."""

    def close(self) -> None:
        """Wait for programs that are still ending, in the thread that called the agent."""

    def kill(self) -> None:
        """End all started programs at once, in the thread that called the agent."""


class Loop:
    """Executes one run at a time, in its own thread.

    The Suggest for the next run brings the end of the run before, which saves a call. The end is
    in the spool until an answer confirms it, as for FinishRun.

    Args:
        client: reaches both services.
        sweep: the sweep.
        run_one: executes one run; see RunOne.
        agent_id: the name under which the loop takes runs.
        counts: the counts that the agent's loops share.
        shutdown: when to end.
        display: shows the progress.
        warn: prints a line once for all loops of the agent.
        patience: how long to wait for unavailable services.
        spool: stores undelivered results.
        delivery: sends the undelivered results of other agents when the services are back.
        remind: prints what the loop waits for, at intervals.
        slot: the loop's index in the agent.
        resume: whether to begin with the runs that this name holds.
        stay: whether to wait while runs of other agents may be queued again.
    """

    def __init__(
        self,
        client: Client,
        sweep: Sweep,
        run_one: RunOne,
        *,
        agent_id: str,
        counts: AgentCounts,
        shutdown: Shutdown,
        display: Display,
        warn: PrintOnce,
        patience: WaitPolicy,
        spool: Spool,
        delivery: SpoolDelivery,
        remind: PrintAtIntervals,
        slot: int = 0,
        resume: bool = False,
        stay: bool = False,
    ) -> None:
        self._client = client
        self._sweep = sweep
        self._run_one = run_one
        self._agent_id = agent_id
        self._counts = counts
        self._shutdown = shutdown
        self._display = display
        self._warn = warn
        self._slot = slot
        self._resume = resume
        self._stay = stay
        self._spool = spool
        self._remind = remind
        self._on_back = delivery.deliver_in_background
        # One Ctrl-C does not end the wait for a finished run's delivery.
        self._waiter = self._waiter_until(Urgency.GIVE_BACK, patience.seconds)
        self._known = self._waiter_until(Urgency.DRAIN, patience.seconds)
        self._stranger = self._waiter_until(Urgency.DRAIN, patience.at_first)
        self._value_loss = LastValueHint(client, sweep)
        self._has_suggested = False
        self._has_claim = False
        # The answer to the Suggest that brought the last run's end, and the agent's other runs.
        self._ahead: tuple[Suggestion, int] | None = None
        # The request id of such a Suggest that got no answer.
        self._unanswered = ""

    def work(self) -> None:
        """Execute runs until the sweep has no more, or the loop may take no more."""
        try:
            self._work()
        except BaseException:
            if self._ahead is not None:
                self._release(self._ahead[0])
            raise

    def _work(self) -> None:
        while self._ahead is not None or (self._goes_on and self._claims()):
            self._has_claim = False
            with trial_span(self._sweep.sweep_id) as set_number:
                suggestion = self._next()
                if suggestion is None:
                    return
                for run in suggestion.runs:
                    set_number(run.number)
                    self._work_on(run, suggestion)

    def _claims(self) -> bool:
        """Return whether the agent may do one more run; the claim is kept until a run begins."""
        self._has_claim = self._has_claim or self._counts.claim()
        return self._has_claim

    @property
    def _goes_on(self) -> bool:
        return self._shutdown.urgency < Urgency.DRAIN

    @property
    def _is_to_leave(self) -> bool:
        return self._shutdown.urgency >= Urgency.GIVE_BACK

    def _work_on(self, run: Run, suggestion: Suggestion) -> None:
        resumed = suggestion.resumed
        active = ActiveRun(
            self._client,
            self._sweep,
            run,
            schedule=CheckSchedule.of(self._sweep, run, suggestion.next_check_iteration),
            warn=self._warn,
            waiter=self._waiter,
            spool=self._spool,
            resumed=resumed,
            lease_duration=suggestion.lease_duration,
            on_log=self._display.logged,
        )
        active.slot = self._slot
        self._counts.started(active)
        if not self._goes_on:
            # The run was assigned after the agent stopped taking runs.
            self._give_back(active, "the agent was interrupted")
            return
        self._display.started(active)
        if resumed:
            self._display.line(f"run {run.number} is resumed: step {active.step} is next")
        try:
            ended = self._run_one(active)
            if ended.raised is not None:
                self._counts.end_by_signal(ended.raised)
                self._shutdown.demand(Urgency.GIVE_BACK)
            order = active.stop_order
            if order is not None and order.gives_back and active.ended is None:
                self._give_back(active, order.reason)
                return
            active.complete(_outcome(ended, order), self._bring)
        except BaseException:
            self._give_back(active, "the agent was ended by an error")
            if self._is_to_leave and active.spooled is not None:
                return
            raise
        self._display.ended(active)
        self._hint(active, ended)
        self._counts.ended(active, ended.cause)

    def _hint(self, active: ActiveRun, ended: Ended) -> None:
        if active.ended is None:
            return
        hint = hint_for(self._sweep, ended.outcome, active.ended)
        if hint is not None:
            self._warn(hint)
        try:
            warning = self._value_loss.warning(active.ended)
        except WanllmdbError as error:
            self._display.line(f"the history of run {active.number} could not be read: {error}")
        else:
            if warning is not None:
                self._warn(warning, key="last value far worse than the best")

    def _give_back(self, active: ActiveRun, reason: str) -> None:
        self._counts.given_back(active)
        if active.is_over:
            if active.ended is None:
                self._display.line(_undelivered(active))
            return
        try:
            active.release(reason)
        except WanllmdbError as error:
            self._display.line(
                f"run {active.number} could not be given back; it is queued again when its "
                f"lease expires: {error}"
            )
        else:
            self._display.line(f"run {active.number} was given back")

    def _bring(self, end: FinishRunRequest) -> FinishedRun | None:
        """Send a run's end with the Suggest for the next run; see BringEnd.

        Without an answer FinishRun sends the end, and the next Suggest repeats this one without
        the end: it gets the same run.
        """
        if self._resume or end.ByteSize() > _MOST_BROUGHT:
            return None
        if not (self._goes_on and self._claims()):
            return None
        request_id = str(uuid4())
        others = len(self._counts.active) - 1
        try:
            suggestion = invoke(self._client, suggest_after(end, self._agent_id, request_id))
        except WanllmdbError:
            self._unanswered = request_id
            return None
        self._ahead = suggestion, others
        # FinishRun sends a rejected end again, which raises the error, and one without a result.
        (result,) = suggestion.ended_runs
        return result if isinstance(result, FinishedRun) else None

    def _release(self, suggestion: Suggestion) -> None:
        """Give back runs that the loop has not begun."""
        for run in suggestion.runs:
            with contextlib.suppress(WanllmdbError):
                self._client.release_run(
                    run.sweep_id, run.number, run.attempt, reason="the agent was ended by an error"
                )

    def _next(self) -> Suggestion | None:
        """Return the next runs; None, with the reason in `counts`, when there are no more."""
        request_id, self._unanswered = self._unanswered or str(uuid4()), ""
        pause = _FIRST_POLL
        while True:
            longest = _LONGEST_POLL
            own = len(self._counts.active)
            try:
                if self._ahead is None:
                    suggestion = self._suggest(request_id)
                else:
                    (suggestion, own), self._ahead = self._ahead, None
            except NotFoundError:
                self._counts.end_by(self._why_not_found())
                return None
            except FailedPreconditionError as error:
                if error.reason != "SWEEP_NOT_RUNNING":
                    raise
                if error.state != "paused":
                    self._counts.end_by(f"the sweep is {error.state}")
                    return None
                self._warn(f"sweep {self._sweep.sweep_id} is paused: waiting until it is resumed")
            except WanllmdbError:
                if self._goes_on:
                    raise
                return None
            else:
                if suggestion.runs:
                    return suggestion
                if suggestion.exhausted is not None:
                    if not self._stays_for(suggestion):
                        self._counts.end_by(self._why_exhausted(suggestion, own))
                        return None
                    longest = _LONGEST_STAY_POLL
            if self._shutdown.wait(pause):
                return None
            pause = min(pause * 2, longest)
            request_id = str(uuid4())

    def _suggest(self, request_id: str) -> Suggestion:
        # A service that never answered may have a wrong address, which is reported soon.
        waiter = self._known if self._has_suggested else self._stranger
        suggestion = waiter.retry(
            lambda: self._client.suggest(
                self._sweep.sweep_id,
                agent_id=self._agent_id,
                resume=self._resume,
                request_id=request_id,
            )
        )
        self._has_suggested = True
        # The agent may hold several runs: the next one is requested after this one.
        self._resume = self._resume and suggestion.resumed
        return suggestion

    def _stays_for(self, suggestion: Suggestion) -> bool:
        """Return whether to wait for runs that may be lost and queued again; print the wait."""
        if not (self._stay and suggestion.running_runs):
            return False
        if suggestion.exhausted not in _MAY_BE_QUEUED_AGAIN:
            return False
        runs = suggestion.running_runs
        self._remind(
            f"staying: 1 run of sweep {self._sweep.sweep_id} is still running, and may be queued "
            f"again"
            if runs == 1
            else f"staying: {runs} runs of sweep {self._sweep.sweep_id} are still running, and may "
            f"be queued again"
        )
        return True

    def _why_exhausted(self, suggestion: Suggestion, own: int) -> str:
        """Return the reason as text. `own` is the agent's number of runs before its request.

        One of these runs may have ended since the reply, which counts it as running.
        """
        assert suggestion.exhausted is not None
        why = _EXHAUSTED.get(suggestion.exhausted, "none are left")
        if suggestion.message:
            why += f": {suggestion.message}"
        others = suggestion.running_runs - max(own, len(self._counts.active))
        if others > 0:
            why += f"; other agents still work on {others} run{'' if others == 1 else 's'}"
        return f"the sweep has no more runs: {why}"

    def _why_not_found(self) -> str:
        """Return why the suggestion service does not find the sweep.

        Raises:
            NotFoundError: the registry of this agent still has the sweep.
        """
        try:
            self._client.get_sweep(self._sweep.sweep_id)
        except NotFoundError:
            return "the sweep was deleted"
        raise NotFoundError(
            f"the suggestion service at {self._client.suggestion_address} does not know sweep "
            f"{self._sweep.sweep_id}, which the registry at {self._client.registry_address} has: "
            f"that service was started for another registry"
        )

    def _waiter_until(self, urgency: Urgency, patience: float) -> OutageWaiter:
        return OutageWaiter(
            self._display.line,
            patience,
            lambda seconds: self._shutdown.wait(seconds, urgency),
            self._on_back,
        )


def _outcome(ended: Ended, order: StopOrder | None) -> Outcome | None:
    """Return a run's outcome: as ordered, unless the run was done before it saw the order.

    A run that early termination stopped is pruned, whatever its function did afterwards. The
    outcome is None for a run that no longer belongs to this agent.
    """
    if order is None:
        return ended.outcome or Canceled(ended.reason or "stopped by the training function")
    if isinstance(order.outcome, Pruned):
        return order.outcome
    if order.outcome is None or isinstance(ended.outcome, Succeeded):
        return ended.outcome
    return order.outcome


def _undelivered(active: ActiveRun) -> str:
    if active.spooled is None:
        return (
            f"run {active.number} is done, but its result could not be delivered; the run is "
            f"queued again when its lease expires"
        )
    return (
        f"run {active.number} is done, but its result could not be delivered: it is saved in "
        f"{active.spooled}; the next agent on this machine or `wanllmdb spool send` sends it"
    )
