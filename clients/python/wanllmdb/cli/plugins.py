"""Plug-ins of other packages, found by entry-point groups; the client imports none of them.

`wanllmdb.commands` holds functions that become commands: `up` and `demo`.
`wanllmdb.run_exchange` holds functions that import and export runs, loaded at their first use.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer

from wanllmdb.cli.console import say

COMMANDS = "wanllmdb.commands"
RUN_EXCHANGE = "wanllmdb.run_exchange"


def add_plugins(app: typer.Typer, *, rich_help_panel: str) -> None:
    """Add a command for each entry; one that can't be loaded explains why when called."""
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        try:
            command = entry.load()
        except ImportError as error:
            _add_absent(app, entry, error, rich_help_panel)
        else:
            app.command(entry.name, rich_help_panel=rich_help_panel)(command)


def load_exchange(name: str, extra: str) -> Any:
    """Return the function of that name; where it is missing, exit and name what to install."""
    reason: object = f"{name} is not installed"
    for entry in entry_points(group=RUN_EXCHANGE, name=name):
        try:
            return entry.load()
        except ImportError as error:
            reason = error
    say(f"this command needs an extra ({reason}): pip install 'wanllmdb[{extra}]'", err=True)
    raise typer.Exit(1)


def _add_absent(app: typer.Typer, entry: EntryPoint, error: ImportError, panel: str) -> None:
    def absent() -> None:
        say(
            f"`wanllmdb {entry.name}` can't be loaded ({error}): pip install 'wanllmdb[server]'",
            err=True,
        )
        raise typer.Exit(1)

    absent_help = "Not installed: pip install 'wanllmdb[server]'"
    app.command(entry.name, help=absent_help, rich_help_panel=panel)(absent)
