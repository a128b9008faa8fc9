"""The counts and results that the loops of one agent share."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.failure_policy import FailureCounter, FailurePolicy
from wanllmdb._errors import AgentGaveUpError
from wanllmdb._types.runs import RunError


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What an agent did.

    `runs` is how many it worked on, `failed` how many of these failed, `ended_by` why
    it took no more, in a sentence. `was_interrupted` says whether that was Ctrl-C,
    `was_terminated` whether it was SIGTERM.
    """

    runs: int
    failed: int
    ended_by: str
    was_interrupted: bool = False
    was_terminated: bool = False


class AgentCounts:
    """Counts for all loops. Safe to use from many threads.

    Args:
        count: at most so many runs; no limit where None.
        policy: when to give up.
    """

    def __init__(self, count: int | None, policy: FailurePolicy) -> None:
        self._lock = threading.Lock()
        self._count = count
        self._claimed = 0
        self._failures = FailureCounter(policy)
        self._active: dict[int, ActiveRun] = {}
        self.runs = 0
        self.failed = 0
        self.ended_by = ""
        self._signals: set[signal.Signals] = set()
        self.error: BaseException | None = None
        """What ended the agent; the first one that a loop met."""

    @property
    def active(self) -> list[ActiveRun]:
        """The runs in progress."""
        with self._lock:
            return list(self._active.values())

    def claim(self) -> bool:
        """Takes the right to one more run; False when there are to be no more."""
        with self._lock:
            if self._claimed == self._count:
                self._end_by("as many runs as it was asked for")
                return False
            self._claimed += 1
            return True

    def end_by(self, why: str) -> None:
        """Says why no more runs are taken; the first reason stands."""
        with self._lock:
            self._end_by(why)

    def fail(self, error: BaseException) -> None:
        """Takes what ends the agent; the first one stands."""
        with self._lock:
            self.error = self.error or error

    def end_by_signal(self, number: signal.Signals) -> None:
        """A signal, or a function that raised what one raises, ends the agent."""
        with self._lock:
            self._signals.add(number)

    def started(self, run: ActiveRun) -> None:
        """A run begins."""
        with self._lock:
            self._active[run.number] = run

    def ended(self, run: ActiveRun, cause: BaseException | None) -> None:
        """A run ended.

        Raises:
            AgentGaveUpError: too many failed.
        """
        with self._lock:
            del self._active[run.number]
            if run.ended is None:
                self.runs += 1
                return
            self.runs += 1
            if not run.has_failed:
                self._failures.succeeded()
                return
            self.failed += 1
            why = self._failures.failed()
        if why is not None:
            raise AgentGaveUpError(_message(why, run.ended.error, cause)) from cause

    def given_back(self, run: ActiveRun) -> None:
        """A run did not end here."""
        with self._lock:
            self._active.pop(run.number, None)

    def result(self) -> AgentResult:
        """What the agent did."""
        terminated = signal.SIGTERM in self._signals
        interrupted = signal.SIGINT in self._signals
        if terminated:
            self.ended_by = "terminated"
        elif interrupted:
            self.ended_by = "interrupted"
        return AgentResult(self.runs, self.failed, self.ended_by, interrupted, terminated)

    def _end_by(self, why: str) -> None:
        self.ended_by = self.ended_by or why


def _message(why: str, error: RunError | None, cause: BaseException | None) -> str:
    last = "no reason given" if error is None else error.message
    text = f"the agent gives up: {why}, the last one with: {last}"
    if error is not None and error.traceback and cause is None:
        text += f"\n{error.traceback.rstrip()}"
    # Where there is a cause, Python shows its traceback by itself.
    return (
        f"{text}\nTo go on whatever fails: never_give_up=True, --never-give-up or "
        f"WANLLMDB_AGENT_NEVER_GIVE_UP=1"
    )
