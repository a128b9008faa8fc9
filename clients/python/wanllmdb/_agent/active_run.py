"""The run that a training function works on."""

from __future__ import annotations

import operator
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Self
from uuid import uuid4

from wanllmdb import _env
from wanllmdb._agent.batches import first_batch, last_batch
from wanllmdb._agent.config import Config
from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._agent.failures import failed_by
from wanllmdb._agent.lease import LeaseKeeper
from wanllmdb._agent.metrics import numeric_values
from wanllmdb._agent.outage import OutageWaiter, is_passing
from wanllmdb._agent.reporter import Reporter
from wanllmdb._client import Client
from wanllmdb._errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NoRunError,
    NotFoundError,
    RunStopped,
    WanllmdbError,
)
from wanllmdb._types.enums import RunCommand, RunState
from wanllmdb._types.run import (
    BestRun,
    Canceled,
    Failed,
    MetricRow,
    Outcome,
    Pruned,
    Run,
    Succeeded,
)
from wanllmdb._types.sweep import Sweep

_CALL_TIMEOUT = 10.0
_ASK_AGAIN_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class StopOrder:
    """That a run is to stop, why, and how it then ends; None when it is no longer ours."""

    reason: str
    outcome: Pruned | Canceled | None


class ActiveRun:
    """A run in progress: `init()` returns it to the training function.

    Safe to use from many threads. As a context manager it finishes the run at the
    end of the block, as failed when an exception leaves it.

    Attributes:
        config: the parameters; see Config.
        run: the run as it was handed out.
        sweep: the sweep as the agent found it.
    """

    def __init__(
        self,
        client: Client,
        sweep: Sweep,
        run: Run,
        *,
        next_check: int | None,
        say: Callable[[str], None],
        said: set[str] | None = None,
        patience: float,
        is_lent: bool = False,
        on_log: Callable[[ActiveRun], None] | None = None,
    ) -> None:
        """Takes a run up.

        Args:
            client: reaches both services.
            sweep: the run's sweep.
            run: the run, as handed out.
            next_check: after how many values of the metric early termination is asked.
            say: prints a line for people.
            said: warnings given before, which are not repeated.
            patience: seconds to wait for services that are away.
            is_lent: whether a parent process keeps the lease and finishes the run.
            on_log: called after each `log`.
        """
        metric = sweep.spec.metric
        self.sweep = sweep
        self.run = run
        self.config = Config(run.parameters, self._warn)
        self.ended: Run | None = None
        """The run after its end, once the server has confirmed it."""
        self.best_run: BestRun | None = None
        """The sweep's best run after this one ended."""
        self._client = client
        self._quick = client.with_timeout(_CALL_TIMEOUT)
        self._say = say
        self._said = said if said is not None else set()
        self._waiter = OutageWaiter(say, patience)
        self._is_lent = is_lent
        self._on_log = on_log
        self._summary: dict[str, float] = {}
        self._next_step = 0
        self._schedule = CheckSchedule(metric.name if metric else None, next_check)
        self._ask_not_before = 0.0
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._stop_order: StopOrder | None = None
        self._error: WanllmdbError | None = None
        self._is_over = False
        self._reporter = Reporter(self._send, self._broken)
        self._lease = None if is_lent else LeaseKeeper(client, run, self._obey, self._broken)

    @property
    def id(self) -> str:
        """The sweep's id and the run's number: unique on the registry."""
        return f"{self.run.sweep_id}-{self.run.number}"

    @property
    def name(self) -> str:
        """A name for people: the sweep's, and the run's number."""
        return f"{self.sweep.name}-{self.run.number}"

    @property
    def number(self) -> int:
        """The run's number in the sweep, from 0."""
        return self.run.number

    @property
    def sweep_id(self) -> str:
        """The sweep's id."""
        return self.run.sweep_id

    @property
    def project(self) -> str:
        """The sweep's project."""
        return self.sweep.project

    @property
    def summary(self) -> Mapping[str, float]:
        """The last value of each metric that was logged."""
        return MappingProxyType(self._summary)

    @property
    def stop_order(self) -> StopOrder | None:
        """Why and how the run is to stop; None while it is to go on."""
        return self._stop_order

    @property
    def is_over(self) -> bool:
        """Whether the run was finished or given back."""
        return self._is_over

    @property
    def has_failed(self) -> bool:
        """Whether the run ended, and that as FAILED."""
        return self.ended is not None and self.ended.state is RunState.FAILED

    def wait_for_stop(self, timeout: float) -> StopOrder | None:
        """Waits up to `timeout` seconds for an order to stop; None when none came."""
        self._stopped.wait(timeout)
        return self._stop_order

    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds this run and the services."""
        run = _env.RunEnvironment(self.run.sweep_id, self.run.number, self.run.attempt)
        return run.variables() | {
            _env.REGISTRY: self._client.registry_address,
            _env.SUGGESTION: self._client.suggestion_address,
        }

    def log(self, data: Mapping[str, Any], step: int | None = None) -> None:
        """Reports metrics of one step.

        Args:
            data: numbers by name; nested dictionaries get dotted names. What is no
                number is left out, with a warning.
            step: at least 0; where None, one more than the last.

        Raises:
            RunStopped: the run is to stop: let it pass.
            NoRunError: the run is over.
        """
        self._must_be_here("log")
        with self._lock:
            self._must_go_on()
            values = numeric_values(data, self._ignored)
            step = self._next_step if step is None else _checked_step(step)
            self._next_step = max(self._next_step, step + 1)
            self._reporter.add(step, values)
            self._summary.update(values)
            self._schedule.observe(step, values)
            if self._schedule.is_due and time.monotonic() >= self._ask_not_before:
                self._ask_whether_to_stop()
            if self._on_log is not None:
                self._on_log(self)
            self._must_go_on()

    def finish(self) -> None:
        """Ends the run; its objective is the last logged value of the sweep's metric."""
        self.complete(Succeeded())

    def complete(self, outcome: Outcome | None) -> None:
        """Ends the run in any way, once; sends what was not sent yet.

        Waits for services that are away. A result is told even when the lease ran out:
        the registry takes it unless the run was handed out again. Afterwards `ended` is what
        became of the run, None when it is somebody else's.

        Args:
            outcome: how it ended; None when it was stopped because it is no longer ours.

        Raises:
            WanllmdbError: the services stayed away for longer than the patience.
        """
        self._must_be_here("finish")
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            rows = self._reporter.close()
            try:
                self._tell(outcome, rows)
            except NotFoundError as error:
                self._broken(error)
            except FailedPreconditionError as error:
                self._broken(error)
                self.ended = self._end_of_this_attempt()
            finally:
                self._close_lease()

    def release(self, reason: str) -> None:
        """Gives the run back: it is handed out again, to anyone."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._reporter.close()
            run = self.run
            try:
                self._quick.release_run(run.sweep_id, run.number, run.attempt, reason=reason)
            finally:
                self._close_lease()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self.finish()
        elif isinstance(exc, Exception):
            self.complete(failed_by(exc))

    def __repr__(self) -> str:
        return f"<run {self.number} of sweep {self.sweep_id}>"

    def _must_be_here(self, what: str) -> None:
        # A fork has neither the threads nor the connections that it would need.
        if os.getpid() != self._process:
            raise NoRunError(
                f"{what} was called in a fork of the process that works on run {self.number}: "
                f"hand the values to that process, and call it there"
            )

    def _must_go_on(self) -> None:
        if self._stop_order is not None:
            if self._is_lent and self._stop_order.outcome is not None:
                # The exit status can't tell the parent; the registry can.
                self.complete(self._stop_order.outcome)
            raise RunStopped(self._stop_order.reason)
        if self._error is not None:
            raise self._error
        if self._is_over:
            raise NoRunError(f"run {self.number} is finished: it takes no more metrics")

    def _ask_whether_to_stop(self) -> None:
        try:
            self._reporter.flush()
            decision = self._quick.should_stop(self.sweep_id, self.number)
        except WanllmdbError as error:
            # Training does not wait for a service that is away.
            if is_passing(error):
                self._ask_not_before = time.monotonic() + _ASK_AGAIN_AFTER
            elif _is_lost(error):
                self._broken(error)
            else:
                self._schedule.postpone(None)
                self._warn(f"early termination is off for run {self.number}: {error}")
        else:
            self._schedule.postpone(decision.next_check_iteration)
            if decision.should_stop:
                self._stop(StopOrder(decision.reason, Pruned(decision.reason)))

    def _send(self, rows: list[MetricRow]) -> None:
        run = self.run
        self._obey(self._quick.report_metrics(run.sweep_id, run.number, run.attempt, rows))

    def _send_all(self, rows: list[MetricRow]) -> None:
        while rows:
            batch = first_batch(rows)
            self._waiter.ride_out(partial(self._send, batch))
            rows = rows[len(batch) :]

    def _tell(self, outcome: Outcome | None, rows: list[MetricRow]) -> None:
        if outcome is None:
            self.ended = self._end_of_this_attempt()
        elif self._is_lent and isinstance(outcome, Succeeded):
            # What counts is the exit status, which the parent sees.
            self._send_all(rows)
        else:
            self._finish(outcome, rows)

    def _finish(self, outcome: Outcome, rows: list[MetricRow]) -> None:
        last = last_batch(rows)
        try:
            self._send_all(rows[: len(rows) - len(last)])
            self._finish_with(outcome, last)
        except InvalidArgumentError as error:
            # The rows can't be stored: the run ends, and says why.
            self._finish_with(Failed(f"its metrics were refused: {error}"), [])

    def _finish_with(self, outcome: Outcome, rows: list[MetricRow]) -> None:
        run, request_id = self.run, str(uuid4())
        finished = self._waiter.ride_out(
            lambda: self._quick.finish_run(
                run.sweep_id, run.number, run.attempt, outcome, rows=rows, request_id=request_id
            )
        )
        self.ended, self.best_run = finished.run, finished.best_run

    def _end_of_this_attempt(self) -> Run | None:
        """How the run ended by other hands, e.g. a child process's; None if it goes on."""
        run = self._waiter.ride_out(lambda: self._quick.get_run(self.run.sweep_id, self.run.number))
        return run if run.attempt == self.run.attempt and run.state.is_final else None

    def _obey(self, command: RunCommand) -> None:
        if command is RunCommand.STOP:
            reason = "the sweep was canceled"
            self._stop(StopOrder(reason, Canceled(reason)))
        elif command is RunCommand.ABANDON:
            self._stop(StopOrder("its lease is no longer this agent's", None))

    def _broken(self, error: WanllmdbError) -> None:
        if _is_lost(error):
            self._stop(StopOrder(error.message, None))
        elif self._error is None:
            self._error = error

    def _stop(self, order: StopOrder) -> None:
        if self._stop_order is None or order.outcome is None:
            self._stop_order = order
        self._stopped.set()

    def _close_lease(self) -> None:
        if self._lease is not None:
            self._lease.close()

    def _ignored(self, name: str, value: Any) -> None:
        self._warn(f"log keeps numbers only: {name!r} is left out, it is a {type(value).__name__}")

    def _warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _is_lost(error: WanllmdbError) -> bool:
    """Whether the run is no longer this agent's to report to or finish."""
    return isinstance(error, NotFoundError) or error.reason in (
        "RUN_NOT_RUNNING",
        "RUN_LEASE_LOST",
    )


def _checked_step(step: int) -> int:
    number = operator.index(step)
    if not 0 <= number < 2**63 - 1:
        raise InvalidArgumentError(f"log: step must be 0 to 2**63 - 2, but is {number}")
    return number
