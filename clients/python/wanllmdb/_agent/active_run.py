"""The run that a training function works on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.commands import LeaseKeeper, RunCommands, StopOrder, is_lost
from wanllmdb._agent.console import PrintOnce
from wanllmdb._agent.distributed import ReportingLock
from wanllmdb._agent.early_stopping import CheckSchedule, StopChecks
from wanllmdb._agent.local_run import LocalRun
from wanllmdb._agent.metrics import MetricFilter
from wanllmdb._agent.reporter import Reporter, passes
from wanllmdb._agent.run_sender import OnDisk, RunSender
from wanllmdb._agent.segments import Segments
from wanllmdb._agent.signals import shielded
from wanllmdb._agent.summary import Summary
from wanllmdb._agent.sweep_run import SweepRun
from wanllmdb._agent.text import shown
from wanllmdb._agent.wait_policy import OutageWaiter, is_passing
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
from wanllmdb._types.runs import BestRun, Failed, MetricRow, Outcome, Run, Succeeded
from wanllmdb._types.sweeps import Sweep

_CALL_TIMEOUT = 10.0
_LONGEST_SILENCE = 1.0
"""Seconds without an answer of the registry after which `log` waits for one: it may be
that the run is to stop."""
_SILENCE_TIMEOUT = 2.0


class ActiveRun(SweepRun):
    """A run of a sweep in progress: `init()` returns it to the training function.

    Safe to use from many threads. As a context manager it finishes at the end of the block, as
    failed when an exception leaves it. `finish` ends nothing on the registry: the run itself
    ends when its function or program does, and `init` may open it again before.

    Attributes:
        config: the parameters; see Config.
        summary: the value of each metric that counts; see Summary.
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
        warn: PrintOnce,
        waiter: OutageWaiter,
        spool: Spool,
        resumed: bool = False,
        is_lent: bool = False,
        silent_rank: str | None = None,
        on_log: Callable[[ActiveRun], None] | None = None,
    ) -> None:
        """Takes a run up.

        Args:
            client: reaches both services.
            sweep: the run's sweep.
            run: the run, as handed out.
            schedule: when early termination is asked.
            warn: prints a warning once.
            waiter: waits for services that are away when the run ends.
            spool: keeps what they have not got.
            resumed: whether the agent held it before and comes back.
            is_lent: whether a parent process keeps the lease and finishes the run.
            silent_rank: why this process is to report nothing: it is not the first one of
                its program.
            on_log: called after each `log`.
        """
        super().__init__(
            client,
            sweep,
            run,
            warn,
            waiter.patience,
            spool.path,
            resumed=resumed,
            is_lent=is_lent,
        )
        self.summary = Summary(self._report_summary, run.summary if resumed else None)
        self.silent_rank = silent_rank
        self.ended: Run | None = None
        """The run after its end, once the server has confirmed it."""
        self.best_run: BestRun | None = None
        """The sweep's best run after this one ended."""
        self._quick = client.with_timeout(_CALL_TIMEOUT)
        self._filter = MetricFilter(warn)
        self._on_log = on_log
        reported = run.last_step if resumed or is_lent else None
        # A program that comes after another one of the same run counts from 0, as that one did.
        self._segments = Segments(0 if reported is None else reported + 1, is_continued=resumed)
        self._failure: Failed | None = None
        """How the last segment ended, where none is open."""
        self._heard_at = time.monotonic()
        self._commands = RunCommands()
        self._is_over = False
        self._waiter = waiter
        self._reporting = ReportingLock(
            spool.path, run, warn, is_owner=not is_lent, is_resumed=resumed
        )
        self._spool = RunSpool(spool, client.registry_address, run, warn)
        metrics = frozenset(metric.name for metric in sweep.spec.metrics)
        if sweep.spec.metric is not None:
            metrics |= {sweep.spec.metric.name}
        self._sender = RunSender(
            self._quick, run, metrics, waiter, self._spool, self._commands.obey, warn
        )
        self._reporter = Reporter(
            self._send,
            self._commands.broken,
            self._sender.keep,
            OnDisk(self._sender, self._hear),
            last_step=reported or 0,
        )
        self._checks = StopChecks(client, run, schedule, self._reporter.flush, self._commands, warn)
        self._lease = (
            None
            if is_lent
            else LeaseKeeper(client, run, self._commands.obey, self._commands.broken)
        )

    @property
    def client(self) -> Client:
        """What it reaches the services through; its agent closes it."""
        return self._client

    @property
    def step(self) -> int:
        """The step that the next `log` belongs to, counted from 0 in each part of the run."""
        return self._segments.step

    @property
    def is_open(self) -> bool:
        """Whether the program may log: from its start, before any `init`, to `finish`."""
        return self._segments.reports and not self._is_over

    @property
    def has_begun(self) -> bool:
        return self.is_open and self._segments.has_begun

    @property
    def facing(self) -> BaseRun:
        """What the last `init` returned: this run, or what stands in for it and reports nothing."""
        return self._segments.stand_in or self

    @property
    def stop_order(self) -> StopOrder | None:
        """Why and how the run is to stop; None while it is to go on."""
        return self._commands.order

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
        return self._commands.wait(timeout)

    def stop(self, order: StopOrder) -> None:
        """Tells the code that works on it to stop: its next `log` raises RunStopped."""
        self._commands.stop(order)

    def begin(
        self, *, nested: bool = False, make_stand_in: Callable[[], LocalRun] | None = None
    ) -> BaseRun:
        """Opens the run for the program, or a part of it; returns what the program gets.

        Where it is open already it stays so, unless a part within it is asked for by `nested`.

        Args:
            nested: begins a part that ends by a `finish` of its own.
            make_stand_in: makes what the program gets where it is to report nothing.

        Raises:
            NoRunError: the run itself has ended, or this is a fork of its process.
        """
        self._must_be_here("init")
        with self._lock:
            if self._is_over:
                raise NoRunError(f"init: run {self.number} has ended and can't be opened again")
            if self._segments.begins(nested=nested):
                self._segments.begin(None if make_stand_in is None else make_stand_in())
                self._failure = None
            return self.facing

    def end_stand_in(self, run: LocalRun) -> None:
        """The program has finished what `begin` gave it in the place of this run."""
        with self._lock:
            self._segments.end(run)

    def report_with_others(self) -> None:
        """Several processes report for the run, and the program says so."""
        self._reporting.is_meant()

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Reports metrics of one step.

        Args:
            data: numbers by name; nested dictionaries get dotted names. What is no
                number, or has a name that can't be kept, is left out, with a warning.
            step: at least 0; where None, the present one. It becomes the present one.
            commit: whether the next `log` is of the next step. Where None: unless `step`
                is given.
            sync: accepted for scripts written for W&B.

        Raises:
            RunStopped: the run is to stop: let it pass.
            NoRunError: the run is finished.
        """
        del sync
        if type(data) is not dict and not isinstance(data, Mapping):
            raise InvalidArgumentError(
                f"log takes a dictionary, such as log({{'loss': 0.5}}), not {shown(data)}"
            )
        self._must_be_here("log")
        with shielded(), self._lock:
            self._must_go_on()
            values = self._filter.numbers(data)
            if values:
                self._follow_others()
            now = self._segments.next_step if step is None else self._placed(step)
            if now is not None:
                self._take(values, now)
            if commit or (commit is None and step is None):
                self._segments.advance()
            self._checks.ask_if_due()
            self._hear_if_silent()
            if self._is_lent:
                self._description.record(self._config())
            if self._on_log is not None:
                self._on_log(self)
            self._must_go_on()

    def end(self) -> None:
        """Ends the run as its program did, as far as this process knows; nothing in a fork."""
        if os.getpid() == self._process:
            self.complete(Succeeded())

    def complete(self, outcome: Outcome | None) -> None:
        """Ends the run in any way, once; sends what was not sent yet.

        Waits for services that are away; when that takes too long, or this process ends, the
        result is in the spool. It is told even when the lease ran out: the registry takes it
        unless the run was handed out again. Afterwards `ended` is what became of the run,
        None when it is somebody else's.

        Args:
            outcome: how it ended; None when it was stopped because it is no longer ours. What
                succeeded failed all the same where its program finished it so.

        Raises:
            WanllmdbError: the services stayed away for longer than the patience.
        """
        self._must_be_here("finish")
        with shielded(), self._lock:
            if self._is_over:
                return
            self._is_over = True
            if isinstance(outcome, Succeeded):
                outcome = self._failure or outcome
                self._say_if_all_was_silent()
            self._segments.end_all()
            rows = self._reporter.close()
            try:
                self._tell(outcome, rows)
            except NotFoundError as error:
                self._commands.broken(error)
            except FailedPreconditionError as error:
                self._commands.broken(error)
                self.ended = self._sender.end_of_this_attempt()
            finally:
                self._close()

    def keep_end(self, outcome: Outcome) -> None:
        """Keeps how the run ended on disk, for a `complete` that comes a moment later.

        So an agent that is killed in between loses nothing.
        """
        with self._lock:
            if not self._is_over and self._commands.order is None:
                self._sender.keep_end(outcome, [], {}, {})

    def release(self, reason: str) -> None:
        """Gives the run back: it is handed out again, to anyone."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._reporter.close()
            try:
                self._sender.release(reason)
                # The next one begins anew.
                self._spool.delivered()
            finally:
                self._close()

    def _must_go_on(self) -> None:
        order = self._commands.order
        if order is not None:
            if self._is_lent and order.outcome is not None:
                # The exit status can't tell the parent; the registry can.
                self.complete(order.outcome)
            raise RunStopped(order.reason)
        if self._commands.error is not None:
            raise self._commands.error
        if self._is_over or not self._segments.reports:
            raise NoRunError(
                f"run {self.number} is finished: it takes no more metrics"
                + ("" if self._is_over else " until init() opens it again")
            )

    def _follow_others(self) -> None:
        """Has what is logged now come after what other processes have logged before."""
        reporting = self._reporting
        if not reporting.is_known:
            reporting.reports()
        shared = reporting.shared_step
        if shared is not None and shared[0] > self._segments.free_step:
            self._segments.skip_to(shared[0])

    def _placed(self, step: int) -> int | None:
        """A step that the program gave, in the run's history; None where it can't be kept."""
        given = self._filter.step(step)
        if given is None:
            return None
        now = self._segments.placed(given)
        if now is None:
            self.warn(
                f"log leaves out step {given}: the steps of run {self.number} before it go on to "
                f"the last one that there is"
            )
        return now

    def _take(self, values: dict[str, float], step: int) -> None:
        self._segments.take(step, reports=bool(values))
        if not values:
            return
        shared, free = self._reporting.shared_step, self._segments.free_step
        if shared is not None and shared[0] < free:
            shared[0] = free
        self._reporter.add(step, values)
        counted = self._definitions.observe(values, self.summary)
        self.summary.take(values)
        if counted:
            self._set_summary(counted)
        self._checks.observe(step, values)

    def _end_segment(self, failure: Failed | None) -> None:
        self._must_be_here("finish")
        with shielded(), self._lock:
            if self._is_over or not self._segments.end():
                return
            if not self._segments.is_open:
                self._failure = failure
            elif failure is not None:
                self.warn(
                    f"a part of run {self.number} failed, and the run goes on: {failure.message}"
                )
            self._settle()

    def _settle(self) -> None:
        """Sends what was logged. In a program that may end without a word, waits until it is."""
        try:
            if self._is_lent:
                self._waiter.retry(lambda: self._reporter.flush(_CALL_TIMEOUT))
                self._description.record(self._config())
            elif not self._reporter.is_failing:
                self._reporter.flush(_SILENCE_TIMEOUT)
        except WanllmdbError as error:
            if not passes(error):
                self._commands.broken(error)
            elif self._is_lent and is_passing(error):
                raise

    def _say_if_all_was_silent(self) -> None:
        is_silent = self._segments.was_silent and not self._segments.has_reported
        if is_silent and self.silent_rank is None:
            what = (
                "this process reported nothing for" if self._is_lent else "nothing was reported of"
            )
            self.warn(
                f"{what} run {self.number}, since init was called with mode='disabled', or "
                f"WANDB_MODE says so"
            )

    def _report_summary(self, data: Mapping[str, Any]) -> None:
        self._must_be_here("summary")
        with shielded(), self._lock:
            if self._is_over or not self._segments.reports:
                raise NoRunError(f"run {self.number} is finished: its summary stays as it is")
            self._reporting.reports()
            self._set_summary(self._filter.numbers(data))

    def _set_summary(self, values: dict[str, float]) -> None:
        self._reporter.set_summary(values)
        self.summary.take(values)

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
                self._commands.broken(error)

    def _send(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        self._sender.send(rows, timeout)
        self._hear()

    def _hear(self) -> None:
        self._heard_at = time.monotonic()

    def _tell(self, outcome: Outcome | None, rows: list[MetricRow]) -> None:
        config = self._config()
        if outcome is None:
            self._spool.delivered()
            self.ended = self._sender.end_of_this_attempt()
        elif self._is_lent and isinstance(outcome, Succeeded):
            # What counts is the exit status, which the parent sees.
            self._sender.send_all(
                rows, self._description.unrecorded(config), self._description.untold
            )
        else:
            finished = self._sender.finish(outcome, rows, config, self._description.untold)
            self.ended, self.best_run = finished.run, finished.best_run

    def _close(self) -> None:
        self._checks.close()
        self._reporting.close()
        self._spool.close()
        if self._lease is not None:
            self._lease.close()
