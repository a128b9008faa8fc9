"""The run of a sweep that a training function reports to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
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
from wanllmdb._agent.run_sender import BringEnd, OnDisk, RunSender
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
from wanllmdb._types.enums import RunCommand, RunState
from wanllmdb._types.runs import BestRun, Failed, MetricRow, Outcome, Run, Succeeded
from wanllmdb._types.sweeps import Sweep

_CALL_TIMEOUT = 10.0
_LONGEST_SILENCE = 1.0
"""Seconds without a reply of the registry after which `log` waits for one, since the run may
have been stopped."""
_SILENCE_TIMEOUT = 2.0


class ActiveRun(SweepRun):
    """A sweep's run in progress, which `init()` returns to the training function.

    Thread-safe. As a context manager, the run finishes at the end of the block, as failed if an
    exception leaves the block. `finish` does not end the run on the registry: the run ends when
    its function or program ends, and until then `init` may open it again.

    Attributes:
        config: the parameters; see Config.
        summary: the value of each metric that counts; see Summary.
        resumed: whether the run continues from an earlier process of the agent. Then `step` is
            past the last reported step, and the program should look for a checkpoint.
        run: the run as it was assigned.
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
        lease_duration: timedelta | None = None,
        silent_rank: str | None = None,
        on_log: Callable[[ActiveRun], None] | None = None,
    ) -> None:
        """Take up a run.

        Args:
            client: reaches both services.
            sweep: the run's sweep.
            run: the run as it was assigned.
            schedule: when to check for early termination.
            warn: prints a warning once.
            waiter: waits for services that are unavailable when the run ends.
            spool: stores undelivered results.
            resumed: whether the agent held the run before it restarted.
            lease_duration: how long the run's lease lasts; None if a parent process renews the
                lease and finishes the run.
            silent_rank: the rank variable that makes this process report nothing, since it is
                not the first process of its program.
            on_log: called after each `log`.
        """
        is_lent = lease_duration is None
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
        # A later program of the same run counts its steps from 0, like the first one.
        self._segments = Segments(0 if reported is None else reported + 1, is_continued=resumed)
        self._failure: Failed | None = None
        """How the last segment failed, if no segment is open."""
        self._replied_at = time.monotonic()
        self._commands = RunCommands()
        if run.stop_requested:
            # The run was canceled before this agent got it back.
            self._commands.obey(RunCommand.STOP)
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
            OnDisk(self._sender, self._note_reply),
            last_step=reported or 0,
        )
        self._checks = StopChecks(client, run, schedule, self._reporter.flush, self._commands, warn)
        self._lease = (
            None
            if lease_duration is None
            else LeaseKeeper(
                client, run, lease_duration, self._commands.obey, self._commands.broken
            )
        )

    @property
    def client(self) -> Client:
        """The client of both services; the agent closes it."""
        return self._client

    @property
    def step(self) -> int:
        """The step of the next `log`, counted from 0 in each part of the run."""
        return self._segments.step

    @property
    def is_open(self) -> bool:
        """Whether the program may log: from its start, even before `init`, until `finish`."""
        return self._segments.reports and not self._is_over

    @property
    def has_begun(self) -> bool:
        return self.is_open and self._segments.has_begun

    @property
    def facing(self) -> BaseRun:
        """The result of the last `init`: this run, or a stand-in that reports nothing."""
        return self._segments.stand_in or self

    @property
    def stop_order(self) -> StopOrder | None:
        """The order to stop the run; None while the run continues."""
        return self._commands.order

    @property
    def is_over(self) -> bool:
        """Whether the run was finished or given back."""
        return self._is_over

    @property
    def spooled(self) -> Path | None:
        """The file that holds the run's end, if it could not be delivered."""
        return self._spool.end_path if self._is_over and self.ended is None else None

    @property
    def has_failed(self) -> bool:
        """Whether the run ended as FAILED."""
        return self.ended is not None and self.ended.state is RunState.FAILED

    def wait_for_stop(self, timeout: float) -> StopOrder | None:
        """Wait up to `timeout` seconds for a stop order; return None when none came."""
        return self._commands.wait(timeout)

    def stop(self, order: StopOrder) -> None:
        """Order the run's code to stop: its next `log` raises RunStopped."""
        self._commands.stop(order)

    def begin(
        self, *, nested: bool = False, make_stand_in: Callable[[], LocalRun] | None = None
    ) -> BaseRun:
        """Open the run, or a part of it, and return it to the program.

        An open run stays open, unless `nested` begins a part within it.

        Args:
            nested: begin a part that ends with its own `finish`.
            make_stand_in: creates the stand-in that the program gets to report nothing.

        Raises:
            NoRunError: the run has ended, or this process is a fork.
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
        """End the part whose stand-in the program has finished."""
        with self._lock:
            self._segments.end(run)

    def report_with_others(self) -> None:
        """Allow several processes to report for the run, as the program requested."""
        self._reporting.skip()

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Report metrics of one step.

        Args:
            data: numbers by name; nested dictionaries get dotted names. Values that are no
                numbers, and names that the registry rejects, are left out with a warning.
            step: at least 0, and becomes the current step; None means the current step.
            commit: whether the next `log` is for the next step; None means yes, unless `step`
                is given.
            sync: accepted for scripts written for W&B.

        Raises:
            RunStopped: the run must stop; do not catch this exception.
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
            self._flush_if_silent()
            if self._is_lent:
                self._description.record(self._config())
            if self._on_log is not None:
                self._on_log(self)
            self._must_go_on()

    def end(self) -> None:
        """End the run as this process ended; no effect in a fork."""
        if os.getpid() == self._process:
            self.complete(Succeeded())

    def complete(self, outcome: Outcome | None, bring: BringEnd | None = None) -> None:
        """End the run once, and send everything that was not sent yet.

        Waits for unavailable services; if that takes too long, or this process ends, the result
        is in the spool. The result is sent even after the lease expired: the registry accepts
        it unless the run was assigned again. Afterwards `ended` is the run as it ended, or None
        if the run belongs to another agent.

        Args:
            outcome: how the run ended; None if the run no longer belongs to this agent. A
                success counts as a failure if the program finished the run as failed.
            bring: sends the end with another call. Not used for a failure, after which the agent
                may give up.

        Raises:
            WanllmdbError: the services were unavailable for longer than the patience.
        """
        self._must_be_here("finish")
        with shielded(), self._lock:
            if self._is_over:
                return
            self._is_over = True
            if isinstance(outcome, Succeeded):
                outcome = self._failure or outcome
                self._warn_if_all_was_silent()
            self._segments.end_all()
            rows = self._reporter.close()
            try:
                self._send_end(outcome, rows, None if isinstance(outcome, Failed) else bring)
            except NotFoundError as error:
                self._commands.broken(error)
            except FailedPreconditionError as error:
                self._commands.broken(error)
                self.ended = self._sender.end_of_this_attempt()
            finally:
                self._close()

    def keep_end(self, outcome: Outcome) -> None:
        """Save the run's end to disk shortly before `complete`.

        An agent that is killed in between then loses nothing.
        """
        with self._lock:
            if not self._is_over and self._commands.order is None:
                self._sender.keep_end(outcome, [], {}, {})

    def release(self, reason: str) -> None:
        """Give the run back, so that any agent can get it."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._reporter.close()
            try:
                self._sender.release(reason)
                # The next attempt starts from the beginning.
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
                f"run {self.number} is finished and takes no more metrics"
                + ("" if self._is_over else " until init() opens it again")
            )

    def _follow_others(self) -> None:
        """Place the values of this process after those that other processes logged earlier."""
        reporting = self._reporting
        if not reporting.is_known:
            reporting.acquire()
        shared = reporting.shared_step
        if shared is not None and shared[0] > self._segments.free_step:
            self._segments.skip_to(shared[0])

    def _placed(self, step: int) -> int | None:
        """Return the position of a program's step in the run's history; None if it has none."""
        given = self._filter.step(step)
        if given is None:
            return None
        now = self._segments.placed(given)
        if now is None:
            self.warn(
                f"log leaves out step {given}: the earlier steps of run {self.number} reach the "
                f"largest step number"
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
                    f"a part of run {self.number} failed, and the run continues: {failure.message}"
                )
            self._settle()

    def _settle(self) -> None:
        """Send the logged values; a program, which may end at any moment, waits for that."""
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

    def _warn_if_all_was_silent(self) -> None:
        is_silent = self._segments.was_silent and not self._segments.has_reported
        if is_silent and self.silent_rank is None:
            what = (
                "this process reported nothing for" if self._is_lent else "nothing was reported of"
            )
            self.warn(
                f"{what} run {self.number}, because init was called with mode='disabled' or "
                f"WANDB_MODE is set to it"
            )

    def _report_summary(self, data: Mapping[str, Any]) -> None:
        self._must_be_here("summary")
        with shielded(), self._lock:
            if self._is_over or not self._segments.reports:
                raise NoRunError(f"run {self.number} is finished: its summary can no longer change")
            self._reporting.acquire()
            self._set_summary(self._filter.numbers(data))

    def _set_summary(self, values: dict[str, float]) -> None:
        self._reporter.set_summary(values)
        self.summary.take(values)

    def _flush_if_silent(self) -> None:
        """Send values at once if the registry's last reply is old.

        A function that seldom logs then stops at the first `log` after a stop command.
        """
        # Training waits once for an unavailable registry; afterwards the background retries.
        is_silent = time.monotonic() - self._replied_at >= _LONGEST_SILENCE
        if not is_silent or self._reporter.is_failing:
            return
        try:
            self._reporter.flush(_SILENCE_TIMEOUT)
        except WanllmdbError as error:
            if is_lost(error):
                self._commands.broken(error)

    def _send(self, rows: list[MetricRow], timeout: float | None = None) -> None:
        self._sender.send(rows, timeout)
        self._note_reply()

    def _note_reply(self) -> None:
        self._replied_at = time.monotonic()

    def _send_end(
        self, outcome: Outcome | None, rows: list[MetricRow], bring: BringEnd | None
    ) -> None:
        config = self._config()
        if outcome is None:
            self._spool.delivered()
            self.ended = self._sender.end_of_this_attempt()
        elif self._is_lent and isinstance(outcome, Succeeded):
            # The exit status decides, which only the parent sees.
            self._sender.send_all(
                rows, self._description.unrecorded(config), self._description.unsent
            )
        else:
            finished = self._sender.finish(outcome, rows, config, self._description.unsent, bring)
            self.ended, self.best_run = finished.run, finished.best_run

    def _close(self) -> None:
        self._checks.close()
        self._reporting.close()
        self._spool.close()
        if self._lease is not None:
            self._lease.close()
