"""An agent for frameworks that run the trials themselves: takes runs, keeps leases, ends runs."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from wanllmdb._agent.console import Console
from wanllmdb._agent.wait_policy import OutageWaiter, WaitPolicy
from wanllmdb._client import Client
from wanllmdb._errors import (
    CommError,
    FailedPreconditionError,
    NotFoundError,
    WanllmdbError,
)
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import FinishedRun, MetricRow, Outcome, Run, RunLease
from wanllmdb._types.suggestions import Suggestion

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_LEASE = timedelta(seconds=60)


class Worker:
    """Works on the runs of one sweep. Thread-safe; a thread of its own renews the leases.

    Args:
        client: a client that the worker may use from its thread, too.
        sweep_id: the sweep.
        agent_id: the agent's name; by default one of the process.
    """

    def __init__(self, client: Client, sweep_id: str, agent_id: str = "") -> None:
        self.sweep_id = sweep_id
        self.agent_id = agent_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._client = client
        self._lock = threading.Lock()
        self._held: dict[int, RunLease] = {}
        self._commands: dict[int, RunCommand] = {}
        self._duration = _LEASE
        self._closed = threading.Event()
        # As an agent, it waits for services that can't be reached, and says so.
        self._waiter = OutageWaiter(Console().line, WaitPolicy.of().seconds, self._closed.wait)
        self._wake = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="wanllmdb leases", daemon=True)
        self._renewing.start()

    def take(self, count: int = 1) -> Suggestion:
        """Up to `count` runs to work on; none if the sweep has no more. Waits while it is paused.

        Raises:
            FailedPreconditionError: the sweep has ended.
        """
        pause = _FIRST_PAUSE
        while True:
            suggestion = self.offered(count)
            if suggestion is not None:
                return suggestion
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def offered(self, count: int = 1) -> Suggestion | None:
        """Up to `count` runs to work on; None if there may be some later. Does not wait for them.

        Raises:
            FailedPreconditionError: the sweep has ended.
        """
        suggest = partial(
            self._client.suggest,
            self.sweep_id,
            agent_id=self.agent_id,
            count=count,
            request_id=str(uuid4()),
        )
        try:
            suggestion = self._waiter.retry(suggest)
        except FailedPreconditionError as error:
            if error.state != "paused":
                raise
            return None
        self._hold(suggestion.runs, suggestion.lease_duration)
        return suggestion if suggestion.runs or suggestion.exhausted is not None else None

    def resume(self, run: Run) -> None:
        """Renew the lease of a run that an earlier process took under this agent's name."""
        self._hold([run], None)

    def report(self, run: Run, rows: Iterable[MetricRow]) -> RunCommand:
        """Report metrics of a run; return what its agent must do."""
        request_id = str(uuid4())
        reported = list(rows)
        command = self._waiter.retry(
            lambda: self._client.report_metrics(
                self.sweep_id, run.number, run.attempt, reported, request_id=request_id
            )
        )
        with self._lock:
            self._commands[run.number] = command
        return command

    def command(self, run: Run) -> RunCommand:
        """What the services last asked of a run: to continue, to stop, or to abandon it."""
        with self._lock:
            return self._commands.get(run.number, RunCommand.CONTINUE)

    def end(
        self,
        run: Run,
        outcome: Outcome,
        rows: Iterable[MetricRow] = (),
        config: Mapping[str, Any] | None = None,
    ) -> FinishedRun | None:
        """End a run; None if another agent has it by now, or it was ended otherwise."""
        request_id = str(uuid4())
        reported = list(rows)
        try:
            return self._waiter.retry(
                lambda: self._client.finish_run(
                    self.sweep_id,
                    run.number,
                    run.attempt,
                    outcome,
                    rows=reported,
                    config=config or {},
                    request_id=request_id,
                )
            )
        except (FailedPreconditionError, NotFoundError):
            return None
        finally:
            self.drop(run)

    def drop(self, run: Run) -> None:
        """Renew a run's lease no longer."""
        with self._lock:
            self._held.pop(run.number, None)
            self._commands.pop(run.number, None)

    def give_back(self, run: Run) -> None:
        """Queue a run again, for any agent."""
        self.drop(run)
        try:
            self._client.release_run(self.sweep_id, run.number, run.attempt)
        except WanllmdbError:
            # Its lease runs out, and the sweep queues it again.
            return

    def close(self) -> None:
        """Stop renewing leases."""
        self._closed.set()
        self._wake.set()
        self._renewing.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _hold(self, runs: Iterable[Run], duration: timedelta | None) -> None:
        with self._lock:
            for run in runs:
                self._held[run.number] = RunLease(self.sweep_id, run.number, run.attempt)
            if duration is not None:
                self._duration = duration
        # The pause until the next renewal may be shorter now.
        self._wake.set()

    def _renew(self) -> None:
        """Renew all leases, three times in the duration of one."""
        last = time.monotonic()
        while not self._closed.is_set():
            with self._lock:
                leases = list(self._held.values())
                interval = self._duration.total_seconds() / 3
            now = time.monotonic()
            if not leases:
                last = now
            elif now >= last + interval:
                last = now
                self._heartbeat(leases)
            self._wake.wait(max(0.0, last + interval - time.monotonic()))
            self._wake.clear()

    def _heartbeat(self, leases: list[RunLease]) -> None:
        try:
            statuses = self._client.heartbeat(leases)
        except CommError:
            # The next one renews them, and a lease is renewed also after its end.
            return
        with self._lock:
            for status in statuses:
                if status.lease.number in self._held:
                    self._commands[status.lease.number] = status.command
