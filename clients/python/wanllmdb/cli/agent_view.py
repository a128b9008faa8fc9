"""What `wanllmdb agent` shows: lines, or on a terminal a live view."""

from __future__ import annotations

import sys
from typing import Protocol

from wanllmdb import Client, Sweep
from wanllmdb._agent import ActiveRun, Console, Display
from wanllmdb._agent.display import LineDisplay
from wanllmdb._shown import fitting
from wanllmdb.cli.agent_live import LiveView
from wanllmdb.cli.command_runner import PrintLine
from wanllmdb.cli.console import stderr


class AgentView(Protocol):
    """How an agent and its programs are shown."""

    @property
    def print_line(self) -> PrintLine | None:
        """Takes what the programs print; None where they print by themselves."""

    def begin(self, sweep: Sweep) -> Display:
        """The view of the agent of a sweep."""


class Lines:
    """A line a run. What several programs print side by side is marked with their run."""

    print_line: PrintLine | None = None

    def __init__(self, *, count: int | None, parallel: int) -> None:
        self._count = count
        if parallel > 1:
            self.print_line = self._print_line

    def begin(self, sweep: Sweep) -> Display:
        """The view of the agent of a sweep."""
        console = Console()
        console.is_live = False
        return LineDisplay(console, sweep, self._count)

    def _print_line(self, run: ActiveRun, text: str, is_error: bool) -> None:
        # What the user's own program prints is the user's: it is passed on as it came.
        stream = sys.stderr if is_error else sys.stdout
        # In one piece with its end: several programs print at the same time.
        stream.write(fitting(f"[run {run.number}] {text}\n", stream))
        stream.flush()


def agent_view(client: Client, *, count: int | None, parallel: int, plain: bool) -> AgentView:
    """The view for where stderr goes."""
    console = stderr()
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return Lines(count=count, parallel=parallel)
    return LiveView(client, count=count, parallel=parallel, console=console)
