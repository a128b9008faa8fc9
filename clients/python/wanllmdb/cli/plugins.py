"""What other packages bring, by entry-point groups; so the client knows nothing of them.

`wanllmdb.commands` holds functions that typer can make commands of: `up` and `demo`.
`wanllmdb.run_exchange` holds functions that carry runs to and from other places, loaded
when they are used; see `runs_elsewhere`.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer

from wanllmdb.cli.console import say

COMMANDS = "wanllmdb.commands"
RUN_EXCHANGE = "wanllmdb.run_exchange"


def add_plugins(app: typer.Typer) -> None:
    """Adds a command for every entry; for one that can't be loaded, one that says why."""
    for entry in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
        try:
            command = entry.load()
        except ImportError as error:
            _add_absent(app, entry, error)
        else:
            app.command(entry.name)(command)


def load_exchange(name: str, extra: str) -> Any:
    """The function of that name; ends the program with what to install where it is missing."""
    reason: object = "this installation has no such part"
    for entry in entry_points(group=RUN_EXCHANGE, name=name):
        try:
            return entry.load()
        except ImportError as error:
            reason = error
    say(f"this needs more ({reason}): pip install 'wanllmdb[{extra}]'", err=True)
    raise typer.Exit(1)


def _add_absent(app: typer.Typer, entry: EntryPoint, error: ImportError) -> None:
    def absent() -> None:
        say(
            f"`wanllmdb {entry.name}` can't be loaded ({error}): pip install 'wanllmdb[server]'",
            err=True,
        )
        raise typer.Exit(1)

    app.command(entry.name, help="Not installed: pip install 'wanllmdb[server]'")(absent)
