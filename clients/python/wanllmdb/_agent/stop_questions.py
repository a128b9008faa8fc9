"""Asks whether a run should stop early, without holding up training."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._agent.orders import Orders, StopOrder, is_lost
from wanllmdb._agent.outage import is_passing
from wanllmdb._client import Client
from wanllmdb._errors import WanllmdbError
from wanllmdb._types.runs import Pruned, Run
from wanllmdb._types.suggestions import StopDecision

_TIMEOUT = 5.0
"""Seconds that training waits for an answer from a service that is there but slow."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


class StopQuestions:
    """The questions of one run. Safe to use from many threads.

    Training waits for the answer, so that a run stops at the very value that decides it. When
    there is none in time the question is repeated from a thread, and training goes on; the
    answer counts at the next value then, and not at all where there is none: such a run has
    reached its end.

    Args:
        client: reaches the suggestion service.
        run: the run.
        schedule: when to ask.
        flush: sends what was logged, within so many seconds: the answer goes by it.
        orders: get the answer.
        warn: prints a line for people.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        schedule: CheckSchedule,
        flush: Callable[[float], None],
        orders: Orders,
        warn: Callable[[str], None],
    ) -> None:
        self._client = client.with_timeout(_TIMEOUT)
        self._run = run
        self._schedule = schedule
        self._flush = flush
        self._orders = orders
        self._warn = warn
        self._lock = threading.Lock()
        self._is_repeated = False
        self._late: StopDecision | None = None
        self._closed = threading.Event()

    def observe(self, step: int, values: dict[str, float]) -> None:
        """Takes note of what was logged."""
        with self._lock:
            self._schedule.observe(step, values)

    def ask_if_due(self) -> None:
        """Asks when there are as many values as the service waits for."""
        with self._lock:
            late, self._late = self._late, None
            is_due = self._schedule.is_due and not self._is_repeated
        if late is not None:
            self._obey(late)
        elif is_due and not self._ask(self._obey):
            self._is_repeated = True
            threading.Thread(target=self._repeat, name="wanllmdb-stopping", daemon=True).start()

    def close(self) -> None:
        """The run is over: asks no more."""
        self._closed.set()

    def _repeat(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.wait(pause) and not self._ask(self._take_late):
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._is_repeated = False

    def _ask(self, take: Callable[[StopDecision], None]) -> bool:
        """Whether there is an answer, or is none to come."""
        run = self._run
        try:
            self._flush(_TIMEOUT)
            decision = self._client.should_stop(run.sweep_id, run.number)
        except WanllmdbError as error:
            if is_passing(error):
                return False
            if is_lost(error):
                self._orders.broken(error)
            elif not self._closed.is_set():
                self._postpone(None)
                self._warn(f"early termination is off for run {run.number}: {error}")
            return True
        take(decision)
        return True

    def _obey(self, decision: StopDecision) -> None:
        self._postpone(decision.next_check_iteration)
        if decision.should_stop:
            self._orders.stop(StopOrder(decision.reason, Pruned(decision.reason)))

    def _take_late(self, decision: StopDecision) -> None:
        with self._lock:
            self._late = decision

    def _postpone(self, next_check: int | None) -> None:
        with self._lock:
            self._schedule.postpone(next_check)
