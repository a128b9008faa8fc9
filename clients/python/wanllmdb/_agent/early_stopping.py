"""Early termination: when a run's agent asks whether to stop the run, and the requests."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from wanllmdb._agent.commands import RunCommands, StopOrder, is_lost
from wanllmdb._agent.wait_policy import is_passing
from wanllmdb._client import Client
from wanllmdb._errors import WanllmdbError
from wanllmdb._types.runs import Pruned, Run
from wanllmdb._types.suggestions import StopDecision
from wanllmdb._types.sweeps import Sweep


class CheckSchedule:
    """Counts finite values of the sweep's metric like the service, one per step.

    A value that is not finite makes a check due, since some pruners stop such a run. Repeated
    or unordered steps are not counted; the service keeps its own count, so the agent only asks
    a little later.
    """

    def __init__(
        self, metric: str | None, next_check: int | None, *, count: int = 0, last_step: int = -1
    ) -> None:
        self._metric = metric
        self._next_check = next_check
        self._count = count
        self._last_step = last_step
        self._is_odd = False

    @classmethod
    def of(cls, sweep: Sweep, run: Run, next_check: int | None) -> CheckSchedule:
        """Return a run's schedule, which continues the count of what its attempt reported."""
        metric = sweep.spec.metric
        return cls(
            None if metric is None else metric.name,
            next_check,
            count=run.metric_values or 0,
            last_step=-1 if run.last_step is None else run.last_step,
        )

    def observe(self, step: int, values: dict[str, float]) -> None:
        """Count logged values."""
        value = values.get(self._metric) if self._metric is not None else None
        if value is None:
            return
        if not math.isfinite(value):
            self._is_odd = True
        elif step > self._last_step:
            self._count += 1
            self._last_step = step

    @property
    def is_due(self) -> bool:
        """Whether a check is due now."""
        if self._next_check is None:
            return False
        return self._is_odd or self._count >= self._next_check

    def postpone(self, next_check: int | None) -> None:
        """Make the next check due at this number of values; never for None."""
        self._is_odd = False
        if next_check is not None and next_check <= self._count:
            next_check = self._count + 1
        self._next_check = next_check


_TIMEOUT = 5.0
"""Seconds that training waits for the reply of a slow service."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


class StopChecks:
    """The early-termination checks of one run. Thread-safe.

    Training waits for the reply, so that a run stops at the value that decides it. Without a
    reply in time, training continues and a thread repeats the check; its reply takes effect at
    the next value. If there is no next value, the run has reached its end.

    Args:
        client: reaches the suggestion service.
        run: the run.
        schedule: when to ask.
        flush: sends the logged values, which the decision depends on, within some seconds.
        commands: receive the decision.
        warn: prints a line for people.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        schedule: CheckSchedule,
        flush: Callable[[float], None],
        commands: RunCommands,
        warn: Callable[[str], None],
    ) -> None:
        self._client = client.with_timeout(_TIMEOUT)
        self._run = run
        self._schedule = schedule
        self._flush = flush
        self._commands = commands
        self._warn = warn
        self._lock = threading.Lock()
        self._is_repeating = False
        self._late: StopDecision | None = None
        self._closed = threading.Event()

    def observe(self, step: int, values: dict[str, float]) -> None:
        """Count logged values."""
        with self._lock:
            self._schedule.observe(step, values)

    def ask_if_due(self) -> None:
        """Check whether to stop, if a check is due."""
        with self._lock:
            late, self._late = self._late, None
            is_due = self._schedule.is_due and not self._is_repeating
        if late is not None:
            self._obey(late)
        elif is_due and not self._ask(self._obey):
            self._is_repeating = True
            threading.Thread(target=self._repeat, name="wanllmdb-stopping", daemon=True).start()

    def close(self) -> None:
        """Stop checking, since the run is over."""
        self._closed.set()

    def _repeat(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.wait(pause) and not self._ask(self._take_late):
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._is_repeating = False

    def _ask(self, take: Callable[[StopDecision], None]) -> bool:
        """Check once; return whether there is a reply, or none will come."""
        run = self._run
        try:
            self._flush(_TIMEOUT)
            decision = self._client.should_stop(run.sweep_id, run.number)
        except WanllmdbError as error:
            if is_passing(error):
                return False
            if is_lost(error):
                self._commands.broken(error)
            elif not self._closed.is_set():
                self._postpone(None)
                self._warn(f"early termination is off for run {run.number}: {error}")
            return True
        take(decision)
        return True

    def _obey(self, decision: StopDecision) -> None:
        self._postpone(decision.next_check_iteration)
        if decision.should_stop:
            self._commands.stop(StopOrder(decision.reason, Pruned(decision.reason)))

    def _take_late(self, decision: StopDecision) -> None:
        with self._lock:
            self._late = decision

    def _postpone(self, next_check: int | None) -> None:
        with self._lock:
            self._schedule.postpone(next_check)
