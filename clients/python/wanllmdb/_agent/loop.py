"""The agent: takes runs from a sweep, has them worked on, and tells how they ended."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from wanllmdb._agent.active_run import ActiveRun, StopOrder
from wanllmdb._agent.console import Console
from wanllmdb._agent.outage import DEFAULT_PATIENCE, OutageWaiter
from wanllmdb._agent.progress import Progress, parameters_text
from wanllmdb._client import Client
from wanllmdb._errors import (
    AgentGaveUpError,
    FailedPreconditionError,
    NotFoundError,
    WanllmdbError,
)
from wanllmdb._types.enums import ExhaustedReason
from wanllmdb._types.run import (
    Canceled,
    Failed,
    Outcome,
    Pruned,
    Run,
    RunError,
    Succeeded,
    Suggestion,
)

FAILURES_TO_GIVE_UP = 3
"""So many failures of the first runs, without a success, and the agent gives up."""

_LONGEST_POLL = 5.0

_EXHAUSTED = {
    ExhaustedReason.RUN_CAP: "its run_cap was reached",
    ExhaustedReason.SPACE_EXHAUSTED: "every point of its search space was handed out",
    ExhaustedReason.TARGET_REACHED: "its target was reached",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work on a run ended, and the exception that broke it, if one did.

    The outcome is None when the work stopped because of `run.stop_order`.
    """

    outcome: Outcome | None
    cause: BaseException | None = None


RunOne = Callable[[ActiveRun], Ended]
"""Works on one run until it is done or `run.stop_order` says to stop.

An exception that it lets pass, KeyboardInterrupt first of all, gives the run back and
ends the agent.
"""


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What an agent did.

    `runs` is how many it worked on, `failed` how many of these failed, `ended_by` why
    it took no more, in a sentence, `was_interrupted` whether that was Ctrl-C.
    """

    runs: int
    failed: int
    ended_by: str
    was_interrupted: bool = False


class AgentLoop:
    """One agent of one sweep, working on a run at a time in the calling thread.

    Args:
        client: reaches both services.
        sweep_id: the sweep.
        run_one: works on one run; see RunOne.
        count: at most so many runs; no limit where None.
        agent_id: the agent's name; made from host and process where None.
        console: where it tells what happens; stderr where None.
        patience: seconds to wait for services that are away in mid-sweep.
    """

    def __init__(
        self,
        client: Client,
        sweep_id: str,
        run_one: RunOne,
        *,
        count: int | None = None,
        agent_id: str | None = None,
        console: Console | None = None,
        patience: float = DEFAULT_PATIENCE,
    ) -> None:
        self._client = client
        self._sweep_id = sweep_id
        self._run_one = run_one
        self._count = count
        self._agent_id = agent_id or _default_agent_id()
        self._console = console or Console()
        self._patience = patience
        self._waiter = OutageWaiter(self._console.line, patience)
        self._said: set[str] = set()
        self._runs = 0
        self._failed = 0
        self._ended_by = ""

    def run(self) -> AgentResult:
        """Works until the sweep has no more runs, `count` is reached, or Ctrl-C.

        Raises:
            AgentGaveUpError: the first runs all failed.
            UnavailableError: the services are not there, or stayed away too long.
            NotFoundError: there is no such sweep.
        """
        try:
            self._sweep = self._client.get_sweep(self._sweep_id)
        except KeyboardInterrupt:
            return AgentResult(0, 0, "interrupted", was_interrupted=True)
        self._progress = Progress(self._console, self._sweep, self._count)
        try:
            self._work()
        except KeyboardInterrupt:
            self._ended_by = "interrupted"
            self._console.line(f"agent interrupted: {self._summary()}")
            return AgentResult(self._runs, self._failed, self._ended_by, was_interrupted=True)
        finally:
            self._console.clear()
        self._console.line(f"agent done ({self._ended_by}): {self._summary()}")
        return AgentResult(self._runs, self._failed, self._ended_by)

    def _work(self) -> None:
        while self._count is None or self._runs < self._count:
            suggestion = self._next()
            if suggestion is None:
                return
            for run in suggestion.runs:
                self._work_on(run, suggestion.next_check_iteration)
        self._ended_by = "as many runs as it was asked for"

    def _work_on(self, run: Run, next_check: int | None) -> None:
        active = ActiveRun(
            self._client,
            self._sweep,
            run,
            next_check=next_check,
            say=self._console.line,
            said=self._said,
            patience=self._patience,
            on_log=self._progress.logged,
        )
        self._progress.started(active)
        try:
            ended = self._run_one(active)
            self._say_what_is_ignored(active, ended)
            active.complete(_outcome(ended, active.stop_order))
        except BaseException:
            self._give_back(active)
            raise
        self._runs += 1
        self._progress.ended(active)
        self._count_failure(active, ended)

    def _say_what_is_ignored(self, active: ActiveRun, ended: Ended) -> None:
        was_finished = active.is_over and active.ended is not None
        if was_finished and isinstance(ended.outcome, Failed) and not active.has_failed:
            self._console.line(
                f"run {active.number} was finished before this went wrong, which is not kept: "
                f"{ended.outcome.message}"
            )

    def _count_failure(self, active: ActiveRun, ended: Ended) -> None:
        if active.ended is None or not active.has_failed:
            return
        self._failed += 1
        if self._failed < self._runs or self._failed < FAILURES_TO_GIVE_UP:
            return
        raise AgentGaveUpError(_why_it_gave_up(active.ended.error, ended.cause)) from ended.cause

    def _give_back(self, active: ActiveRun) -> None:
        if active.is_over:
            if active.ended is None:
                self._console.line(
                    f"run {active.number} was done, but its end could not be told; it is handed "
                    f"out again when its lease ends"
                )
            return
        try:
            active.release("the agent was interrupted")
        except WanllmdbError as error:
            self._console.line(
                f"run {active.number} could not be given back; it is handed out again when its "
                f"lease ends: {error}"
            )
        else:
            self._console.line(f"run {active.number} was given back")

    def _next(self) -> Suggestion | None:
        """The next run; None, with `_ended_by` set, when there is none to come."""
        request_id = str(uuid4())
        pause = 0.25
        while True:
            try:
                suggestion = self._suggest(request_id)
            except NotFoundError:
                self._ended_by = "the sweep was deleted"
                return None
            except FailedPreconditionError as error:
                if error.reason != "SWEEP_NOT_RUNNING":
                    raise
                if error.state != "paused":
                    self._ended_by = f"the sweep is {error.state}"
                    return None
                self._say_once(f"sweep {self._sweep_id} is paused: waiting until it is resumed")
            else:
                if suggestion.runs:
                    return suggestion
                if suggestion.exhausted is not None:
                    why = _EXHAUSTED.get(suggestion.exhausted, "it has no more runs")
                    self._ended_by = f"the sweep hands out no more runs: {why}"
                    return None
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_POLL)
            request_id = str(uuid4())

    def _suggest(self, request_id: str) -> Suggestion:
        def ask(client: Client) -> Suggestion:
            return client.suggest(self._sweep_id, agent_id=self._agent_id, request_id=request_id)

        try:
            return self._waiter.ride_out(lambda: ask(self._client))
        except KeyboardInterrupt:
            # The run may have been handed out already: fetch it by the same id, and give it back.
            try:
                for run in ask(self._client.with_timeout(2.0)).runs:
                    self._client.with_timeout(2.0).release_run(
                        run.sweep_id, run.number, run.attempt, reason="the agent was interrupted"
                    )
            except WanllmdbError as error:
                self._say_once(f"what was being handed out was not given back: {error}")
            raise

    def _summary(self) -> str:
        text = f"{self._runs} run{'' if self._runs == 1 else 's'}"
        if self._failed:
            text += f", {self._failed} failed"
        best, metric = self._progress.best, self._sweep.spec.metric
        if best is not None and metric is not None:
            text += f"; best {metric.name} {best.objective:.6g} in run {best.number}"
            text += f" ({parameters_text(best.parameters)})"
        return text

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._console.line(text)


def _outcome(ended: Ended, order: StopOrder | None) -> Outcome | None:
    """How to finish a run: as ordered, unless it was done before it saw the order.

    A run that early termination stopped is pruned whatever its function did then. None for
    one that was stopped since it is no longer ours.
    """
    if order is None:
        return ended.outcome or Canceled("stopped by the training function")
    if isinstance(order.outcome, Pruned):
        return order.outcome
    if order.outcome is None or isinstance(ended.outcome, Succeeded):
        return ended.outcome
    return order.outcome


def _why_it_gave_up(error: RunError | None, cause: BaseException | None) -> str:
    text = f"the first {FAILURES_TO_GIVE_UP} runs all failed, the last one with: "
    if error is None:
        return text + "no reason given"
    if cause is not None or not error.traceback:
        # Python shows the cause's traceback by itself.
        return text + error.message
    return f"{text}{error.message}\n{error.traceback.rstrip()}"


def _default_agent_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
