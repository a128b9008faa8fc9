"""The run that a training function works on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wanllmdb import _env
from wanllmdb._agent.config import Config
from wanllmdb._agent.description import Description
from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._agent.ending import OnDisk, RunTeller
from wanllmdb._agent.failures import failed_by
from wanllmdb._agent.lease import LeaseKeeper
from wanllmdb._agent.metrics import MetricFilter
from wanllmdb._agent.orders import Orders, StopOrder, is_lost
from wanllmdb._agent.outage import OutageWaiter
from wanllmdb._agent.reporter import Reporter
from wanllmdb._agent.signals import shielded
from wanllmdb._agent.stop_questions import StopQuestions
from wanllmdb._agent.summary import Summary
from wanllmdb._agent.text import shown
from wanllmdb._agent.warnings import Warnings
from wanllmdb._client import Client
from wanllmdb._errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NoRunError,
    NotFoundError,
    RunStopped,
    WanllmdbError,
)
from wanllmdb._spool import RunSpool, Spool
from wanllmdb._types.enums import RunState
from wanllmdb._types.run import BestRun, Failed, MetricRow, Outcome, Run, Succeeded
from wanllmdb._types.sweep import Sweep
from wanllmdb._wandb.run_calls import AcceptedCalls

_CALL_TIMEOUT = 10.0
_LONGEST_SILENCE = 1.0
"""Seconds without an answer of the registry after which `log` waits for one: it may be
that the run is to stop."""
_SILENCE_TIMEOUT = 2.0
_MOST_CONFIG_WARNINGS = 20


class ActiveRun(AcceptedCalls):
    """A run in progress: `init()` returns it to the training function.

    Safe to use from many threads. As a context manager it finishes the run at the
    end of the block, as failed when an exception leaves it.

    Attributes:
        config: the parameters; see Config.
        summary: the last value of each metric; see Summary.
        resumed: whether it goes on where the agent's last life left it: then `step` is past
            the last one that it reported, and a checkpoint is worth looking for.
        run: the run as it was handed out.
        sweep: the sweep as the agent found it.
    """

    def __init__(
        self,
        client: Client,
        sweep: Sweep,
        run: Run,
        *,
        schedule: CheckSchedule,
        say: Callable[[str], None],
        said: set[str] | None = None,
        waiter: OutageWaiter,
        spool: Spool,
        resumed: bool = False,
        is_lent: bool = False,
        on_log: Callable[[ActiveRun], None] | None = None,
    ) -> None:
        """Takes a run up.

        Args:
            client: reaches both services.
            sweep: the run's sweep.
            run: the run, as handed out.
            schedule: when early termination is asked.
            say: prints a line for people.
            said: warnings given before, which are not repeated.
            waiter: waits for services that are away when the run ends.
            spool: keeps what they have not got.
            resumed: whether the agent held it before and comes back.
            is_lent: whether a parent process keeps the lease and finishes the run.
            on_log: called after each `log`.
        """
        self.sweep = sweep
        self.run = run
        self.config = Config(run.parameters)
        self.summary = Summary(self._report_summary)
        self.resumed = resumed
        self.ended: Run | None = None
        """The run after its end, once the server has confirmed it."""
        self.best_run: BestRun | None = None
        """The sweep's best run after this one ended."""
        self.slot = 0
        """Which of the agent's places works on it."""
        self._client = client
        self._quick = client.with_timeout(_CALL_TIMEOUT)
        self._warn = warn = Warnings(say, said)
        self._config_warned: set[str] = set()
        self._filter = MetricFilter(warn)
        self._is_lent = is_lent
        self._on_log = on_log
        self._step = 0
        if resumed:
            self._step = 0 if run.last_step is None else run.last_step + 1
            self.summary.take(run.summary)
        self._heard_at = time.monotonic()
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._orders = Orders()
        self._is_over = False
        self._description = Description(client, run, warn)
        self._patience, self._spool_path = waiter.patience, spool.path
        self._spool = RunSpool(spool, client.registry_address, run, warn)
        metrics = frozenset(metric.name for metric in sweep.spec.metrics)
        if sweep.spec.metric is not None:
            metrics |= {sweep.spec.metric.name}
        self._teller = RunTeller(
            self._quick, run, metrics, waiter, self._spool, self._orders.obey, warn
        )
        self._reporter = Reporter(
            self._send, self._orders.broken, self._teller.keep, OnDisk(self._teller, self._hear)
        )
        self._questions = StopQuestions(
            client, run, schedule, self._reporter.flush, self._orders, warn
        )
        self._lease = (
            None if is_lent else LeaseKeeper(client, run, self._orders.obey, self._orders.broken)
        )

    @property
    def id(self) -> str:
        """The sweep's id and the run's number: unique on the registry."""
        return f"{self.run.sweep_id}-{self.run.number}"

    @property
    def name(self) -> str:
        """A name for people: as given, else the sweep's and the run's number. May be set."""
        return self._description.name or f"{self.sweep.name}-{self.run.number}"

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    def client(self) -> Client:
        """What it reaches the services through; its agent closes it."""
        return self._client

    @property
    def labels(self) -> Mapping[str, str]:
        """The run's labels."""
        return dict(self._description.labels)

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
    def step(self) -> int:
        """The step that the next `log` belongs to."""
        return self._step

    @property
    def stop_order(self) -> StopOrder | None:
        """Why and how the run is to stop; None while it is to go on."""
        return self._orders.order

    @property
    def is_over(self) -> bool:
        """Whether the run was finished or given back."""
        return self._is_over

    @property
    def spooled(self) -> Path | None:
        """The file that holds its end, where it could not be told."""
        return self._spool.end_path if self._is_over and self.ended is None else None

    @property
    def has_failed(self) -> bool:
        """Whether the run ended, and that as FAILED."""
        return self.ended is not None and self.ended.state is RunState.FAILED

    def wait_for_stop(self, timeout: float) -> StopOrder | None:
        """Waits up to `timeout` seconds for an order to stop; None when none came."""
        return self._orders.wait(timeout)

    def stop(self, order: StopOrder) -> None:
        """Tells the code that works on it to stop: its next `log` raises RunStopped."""
        self._orders.stop(order)

    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds this run and the services.

        They hold the API key.
        """
        run = _env.RunEnvironment(
            self.run.sweep_id, self.run.number, self.run.attempt, self.resumed
        )
        return {
            **self._client.environment,
            **run.variables(),
            _env.SLOT: str(self.slot),
            _env.PATIENCE: f"{self._patience:g}",
            _env.SPOOL_DIR: str(self._spool_path),
        }

    def describe(
        self,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Gives the run a name, and labels beside those that it has.

        A registry that is away, or refuses, is no reason to stop training: it warns.
        """
        self._must_be_here("init")
        with self._lock:
            self._description.describe(name, labels)

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        """Reports metrics of one step.

        Args:
            data: numbers by name; nested dictionaries get dotted names. What is no
                number, or has a name that can't be kept, is left out, with a warning.
            step: at least 0; where None, the present one. It becomes the present one.
            commit: whether the next `log` is of the next step. Where None: unless `step`
                is given.

        Raises:
            RunStopped: the run is to stop: let it pass.
            NoRunError: the run is over.
        """
        if not isinstance(data, Mapping):
            raise InvalidArgumentError(
                f"log takes a dictionary, such as log({{'loss': 0.5}}), not {shown(data)}"
            )
        self._must_be_here("log")
        with shielded(), self._lock:
            self._must_go_on()
            now = self._step if step is None else self._filter.step(step)
            if now is not None:
                self._take(self._filter.numbers(data), now)
            if commit or (commit is None and step is None):
                self._step += 1
            self._questions.ask_if_due()
            self._hear_if_silent()
            if self._is_lent:
                self._description.record(self._config())
            if self._on_log is not None:
                self._on_log(self)
            self._must_go_on()

    def finish(self, exit_code: int | None = None) -> None:
        """Ends the run; its objective is what the sweep makes of the logged values.

        Args:
            exit_code: any other than 0 makes it a failed run.
        """
        if exit_code:
            self.complete(Failed(f"the program called finish(exit_code={exit_code})"))
        else:
            self.complete(Succeeded())

    def complete(self, outcome: Outcome | None) -> None:
        """Ends the run in any way, once; sends what was not sent yet.

        Waits for services that are away; when that takes too long, or this process ends, the
        result is in the spool. It is told even when the lease ran out: the registry takes it
        unless the run was handed out again. Afterwards `ended` is what became of the run,
        None when it is somebody else's.

        Args:
            outcome: how it ended; None when it was stopped because it is no longer ours.

        Raises:
            WanllmdbError: the services stayed away for longer than the patience.
        """
        self._must_be_here("finish")
        with shielded(), self._lock:
            if self._is_over:
                return
            self._is_over = True
            rows = self._reporter.close()
            try:
                self._tell(outcome, rows)
            except NotFoundError as error:
                self._orders.broken(error)
            except FailedPreconditionError as error:
                self._orders.broken(error)
                self.ended = self._teller.end_of_this_attempt()
            finally:
                self._close()

    def release(self, reason: str) -> None:
        """Gives the run back: it is handed out again, to anyone."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._reporter.close()
            try:
                self._teller.release(reason)
                # The next one begins anew.
                self._spool.told()
            finally:
                self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if os.getpid() != self._process:
            # A fork leaves the block: the run is still its parent's.
            return
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
        order = self._orders.order
        if order is not None:
            if self._is_lent and order.outcome is not None:
                # The exit status can't tell the parent; the registry can.
                self.complete(order.outcome)
            raise RunStopped(order.reason)
        if self._orders.error is not None:
            raise self._orders.error
        if self._is_over:
            raise NoRunError(f"run {self.number} is finished: it takes no more metrics")

    def _take(self, values: dict[str, float], step: int) -> None:
        self._step = max(self._step, step)
        self._reporter.add(step, values)
        self.summary.take(values)
        self._questions.observe(step, values)

    def _report_summary(self, data: Mapping[str, Any]) -> None:
        self._must_be_here("summary")
        with shielded(), self._lock:
            if self._is_over:
                raise NoRunError(f"run {self.number} is finished: its summary stays as it is")
            # Of the last step, as if it had been logged there.
            self._take(self._filter.numbers(data), max(self._step - 1, 0))

    def _hear_if_silent(self) -> None:
        """Sends at once what would go in the background, where the registry's last word is old.

        So a function that seldom logs stops at the first `log` after it was told to.
        """
        # Training waits once for a registry that is away; then the background finds it.
        is_silent = time.monotonic() - self._heard_at >= _LONGEST_SILENCE
        if not is_silent or self._reporter.is_failing:
            return
        try:
            self._reporter.flush(_SILENCE_TIMEOUT)
        except WanllmdbError as error:
            if is_lost(error):
                self._orders.broken(error)

    def _send(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        self._teller.send(rows, timeout)
        self._hear()

    def _hear(self) -> None:
        self._heard_at = time.monotonic()

    def _tell(self, outcome: Outcome | None, rows: list[MetricRow]) -> None:
        config = self._config()
        if outcome is None:
            self._spool.told()
            self.ended = self._teller.end_of_this_attempt()
        elif self._is_lent and isinstance(outcome, Succeeded):
            # What counts is the exit status, which the parent sees.
            self._teller.send_all(rows, self._description.unrecorded(config))
        else:
            finished = self._teller.finish(outcome, rows, config)
            self.ended, self.best_run = finished.run, finished.best_run

    def _config(self) -> dict[str, Any]:
        return self.config.changes(self._left_out_of_config)

    def _left_out_of_config(self, name: str, why: str) -> None:
        if len(self._config_warned) < _MOST_CONFIG_WARNINGS and name not in self._config_warned:
            self._config_warned.add(name)
            self._warn(f"the config of run {self.number} is kept without {shown(name[:40])}: {why}")

    def _close(self) -> None:
        self._questions.close()
        self._spool.close()
        if self._lease is not None:
            self._lease.close()
