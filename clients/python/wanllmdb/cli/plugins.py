"""Plug-ins of other packages, found by entry-point groups; the client imports none of them.

`wanllmdb.commands` holds functions that become commands: `up` and `demo`.
`wanllmdb.run_exchange` holds functions that import and export runs, loaded at their first use.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer

from wanllmdb.cli.commands import built
from wanllmdb.cli.console import say

COMMANDS = "wanllmdb.commands"
RUN_EXCHANGE = "wanllmdb.run_exchange"


def plugin_commands(*, rich_help_panel: str) -> dict[str, Any]:
    """Return a command for each entry; one that can't be loaded explains why when called."""
    commands = {}
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        try:
            settings: dict[str, Any] = {}
            command = entry.load()
        except ImportError as error:
            settings = {"help": "Not installed: pip install 'wanllmdb[server]'"}
            command = _absent(entry, error)
        commands[entry.name] = built(
            entry.name, command, rich_help_panel=rich_help_panel, **settings
        )
    return commands


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


def _absent(entry: EntryPoint, error: ImportError) -> Callable[[], None]:
    reason = str(error)

    def absent() -> None:
        say(
            f"`wanllmdb {entry.name}` can't be loaded ({reason}): pip install 'wanllmdb[server]'",
            err=True,
        )
        raise typer.Exit(1)

    return absent
