"""The lease of a run, and the commands and errors that stop it from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import Canceled, Pruned, Run, RunLease


@dataclass(frozen=True, slots=True)
class StopOrder:
    """An order to stop a run: the reason, and the run's outcome.

    `outcome` is None when this agent reports none: the run is no longer the agent's, or, with
    `gives_back`, the run is queued again.
    """

    reason: str
    outcome: Pruned | Canceled | None
    gives_back: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether the run no longer belongs to this agent."""
        return self.outcome is None and not self.gives_back


class RunCommands:
    """Collects the commands and errors that stop a run. Thread-safe."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.order: StopOrder | None = None
        """The first stop order, or a later one that says that the run was lost."""
        self.error: WanllmdbError | None = None
        """The error that keeps the run's values from being reported."""

    def wait(self, seconds: float) -> StopOrder | None:
        """Wait for a stop order; return None when none came."""
        self._stopped.wait(seconds)
        return self.order

    def obey(self, command: RunCommand) -> None:
        """Handle the command in a reply to a heartbeat or a report."""
        if command is RunCommand.STOP:
            reason = "it was canceled"
            self.stop(StopOrder(reason, Canceled(reason)))
        elif command is RunCommand.ABANDON:
            self.stop(StopOrder("its lease is no longer this agent's", None))

    def stop(self, order: StopOrder) -> None:
        """Order the run to stop."""
        if self.order is None or order.is_lost:
            self.order = order
        self._stopped.set()

    def broken(self, error: WanllmdbError) -> None:
        """Handle an error that waiting does not resolve."""
        if is_lost(error):
            self.stop(StopOrder(error.message, None))
        elif self.error is None:
            self.error = error


def is_lost(error: WanllmdbError) -> bool:
    """Return whether an error means that the run no longer belongs to this agent."""
    return isinstance(error, NotFoundError) or error.reason in (
        "RUN_NOT_RUNNING",
        "RUN_LEASE_LOST",
    )


_HEARTBEATS_A_LEASE = 3
_SHORTEST_INTERVAL = 0.2
_LONGEST_INTERVAL = 5.0
"""A run that logs nothing receives its stop order by heartbeats only."""
_HEARTBEAT_TIMEOUT = 10.0
_PAUSE_AFTER_FAILURE = 1.0


class LeaseKeeper:
    """Renews a lease in its own thread, after every third of the lease or every 5 s.

    `duration` is how long the lease lasts at first; each reply tells how long a renewed one does.
    `obey` receives each command in a reply, `lost` the error of a lease that can't be renewed.
    Any other failure is retried while training continues.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        duration: timedelta,
        obey: Callable[[RunCommand], None],
        lost: Callable[[WanllmdbError], None],
    ) -> None:
        self._client = client.with_timeout(_HEARTBEAT_TIMEOUT)
        self._lease = RunLease(run.sweep_id, run.number, run.attempt)
        self._interval = interval_of(duration)
        self._obey = obey
        self._lost = lost
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="wanllmdb-lease", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing the lease."""
        self._closed.set()

    def _work(self) -> None:
        pause = self._interval
        while not self._closed.wait(pause):
            pause = self._interval
            try:
                (status,) = self._client.heartbeat([self._lease])
            except WanllmdbError as error:
                if self._closed.is_set():
                    return
                if isinstance(error, NotFoundError | FailedPreconditionError):
                    self._lost(error)
                    return
                pause = min(self._interval, _PAUSE_AFTER_FAILURE)
            except Exception:
                # This thread may briefly lack memory or stack, which training uses. Training
                # and the lease continue.
                pause = min(self._interval, _PAUSE_AFTER_FAILURE)
            else:
                pause = self._interval = interval_of(status.lease_duration)
                self._obey(status.command)


def interval_of(duration: timedelta) -> float:
    """Return the seconds between two heartbeats of a lease of this length."""
    pause = duration.total_seconds() / _HEARTBEATS_A_LEASE
    return min(max(pause, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
