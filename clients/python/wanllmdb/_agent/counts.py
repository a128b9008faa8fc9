"""The counts and results that the loops of one agent share."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.failure_policy import FailureCounter, FailurePolicy
from wanllmdb._errors import AgentGaveUpError
from wanllmdb._html import fields
from wanllmdb._types.runs import RunError


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What an agent did.

    `runs` is the number of runs that the agent executed, `failed` the number of failed runs,
    and `ended_by` the reason why the agent took no more. `was_interrupted` is True after
    Ctrl-C, `was_terminated` after SIGTERM.
    """

    runs: int
    failed: int
    ended_by: str
    was_interrupted: bool = False
    was_terminated: bool = False

    def _repr_html_(self) -> str:
        rows = [("runs", self.runs), ("failed", self.failed), ("ended by", self.ended_by)]
        return fields("Agent", rows)


class AgentCounts:
    """Counts of all loops of an agent. Thread-safe.

    Args:
        count: the largest number of runs; None means no limit.
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
        """The first error that ended a loop, and so the agent."""

    @property
    def active(self) -> list[ActiveRun]:
        """The runs in progress."""
        with self._lock:
            return list(self._active.values())

    def claim(self) -> bool:
        """Claim one more run; return False when the agent has reached its count."""
        with self._lock:
            if self._claimed == self._count:
                self._end_by("it has done as many runs as requested")
                return False
            self._claimed += 1
            return True

    def end_by(self, why: str) -> None:
        """Record why the agent takes no more runs; the first reason is kept."""
        with self._lock:
            self._end_by(why)

    def fail(self, error: BaseException) -> None:
        """Record the error that ends the agent; the first one is kept."""
        with self._lock:
            self.error = self.error or error

    def end_by_signal(self, number: signal.Signals) -> None:
        """Record that a signal, or the exception for a signal, ends the agent."""
        with self._lock:
            self._signals.add(number)

    def started(self, run: ActiveRun) -> None:
        """Record that a run began."""
        with self._lock:
            self._active[run.number] = run

    def ended(self, run: ActiveRun, cause: BaseException | None) -> None:
        """Record that a run ended.

        Raises:
            AgentGaveUpError: too many runs failed.
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
        """Record that a run was given back."""
        with self._lock:
            self._active.pop(run.number, None)

    def result(self) -> AgentResult:
        """Return what the agent did."""
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
    # Python itself prints the traceback of a cause.
    return (
        f"{text}\nTo continue despite failures: never_give_up=True, --never-give-up or "
        f"WANLLMDB_AGENT_NEVER_GIVE_UP=1"
    )
