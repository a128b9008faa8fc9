"""What a run was told from outside: to stop, or that it can't go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from wanllmdb._errors import NotFoundError, WanllmdbError
from wanllmdb._types.enums import RunCommand
from wanllmdb._types.runs import Canceled, Pruned


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


class Orders:
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
