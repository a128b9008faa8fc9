"""The lease of a run, and the commands and errors that stop it from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import Canceled, Pruned, Run, RunLease


@dataclass(frozen=True, slots=True)
class StopOrder:
    """That a run is to stop, why, and how it then ends.

    `outcome` is None when there is nothing to tell of it: it is no longer ours, or, with
    `gives_back`, it is to be queued again.
    """

    reason: str
    outcome: Pruned | Canceled | None
    gives_back: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether the run is somebody else's by now."""
        return self.outcome is None and not self.gives_back


class RunCommands:
    """Gathers what the services and the agent say. Safe to use from many threads."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.order: StopOrder | None = None
        """The order to stop; the first one, unless the run was lost later."""
        self.error: WanllmdbError | None = None
        """Why the run's values can't be reported."""

    def wait(self, seconds: float) -> StopOrder | None:
        """Waits for an order to stop; None when none came."""
        self._stopped.wait(seconds)
        return self.order

    def obey(self, command: RunCommand) -> None:
        """Takes what a service answered to a heartbeat or a report."""
        if command is RunCommand.STOP:
            reason = "the sweep was canceled"
            self.stop(StopOrder(reason, Canceled(reason)))
        elif command is RunCommand.ABANDON:
            self.stop(StopOrder("its lease is no longer this agent's", None))

    def stop(self, order: StopOrder) -> None:
        """Tells the run to stop."""
        if self.order is None or order.is_lost:
            self.order = order
        self._stopped.set()

    def broken(self, error: WanllmdbError) -> None:
        """Takes an error that no waiting helps."""
        if is_lost(error):
            self.stop(StopOrder(error.message, None))
        elif self.error is None:
            self.error = error


def is_lost(error: WanllmdbError) -> bool:
    """Whether an error says that the run is no longer this agent's to report to or finish."""
    return isinstance(error, NotFoundError) or error.reason in (
        "RUN_NOT_RUNNING",
        "RUN_LEASE_LOST",
    )


_DEFAULT_LEASE = 60.0
_SHORTEST_INTERVAL = 0.2
_LONGEST_INTERVAL = 5.0
"""A run that logs nothing learns by heartbeats that it is to stop."""
_HEARTBEAT_TIMEOUT = 10.0


class LeaseKeeper:
    """Renews a lease from a thread of its own, each time a third of it or 5 s have passed.

    `obey` gets every command that comes back, `lost` the error that says that there is
    nothing to renew. Any other failure is tried again: training goes on meanwhile.
    """

    def __init__(
        self,
        client: Client,
        run: Run,
        obey: Callable[[RunCommand], None],
        lost: Callable[[WanllmdbError], None],
    ) -> None:
        self._client = client.with_timeout(_HEARTBEAT_TIMEOUT)
        self._lease = RunLease(run.sweep_id, run.number, run.attempt)
        third = _lease_length(run) / 3
        self._interval = min(max(third, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
        self._obey = obey
        self._lost = lost
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="wanllmdb-lease", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Renews the lease no more."""
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
                pause = min(self._interval, 1.0)
            except Exception:
                # No memory or no stack is left to this thread for a moment: training, which
                # took them, goes on, and so does the lease.
                pause = min(self._interval, 1.0)
            else:
                self._obey(status.command)


def _lease_length(run: Run) -> float:
    """Seconds: by the server's clock alone, since this machine's may differ."""
    if run.start_time is None or run.lease_expire_time is None:
        return _DEFAULT_LEASE
    length = (run.lease_expire_time - run.start_time).total_seconds()
    return length if length > 0 else _DEFAULT_LEASE
