"""Keeps the lease of a run while an agent works on it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, NotFoundError, WanllmdbError
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import Run, RunLease

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
