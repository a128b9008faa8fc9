"""What an agent needs of whatever shows its runs to people."""

from __future__ import annotations

from typing import Protocol

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._types.runs import BestRun


class View(Protocol):
    """Gets to know what happens, from any thread; must not fail.

    Attributes:
        best: the sweep's best run, as far as it is known.
    """

    best: BestRun | None

    def line(self, text: str) -> None:
        """Something to say."""

    def started(self, run: ActiveRun) -> None:
        """A run begins."""

    def logged(self, run: ActiveRun) -> None:
        """A run has logged something."""

    def ended(self, run: ActiveRun) -> None:
        """A run ended, in whatever way."""

    def close(self) -> None:
        """The agent ends; lines may still come."""
