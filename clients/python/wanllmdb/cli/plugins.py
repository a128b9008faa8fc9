"""Commands that other packages bring, by the entry-point group `wanllmdb.commands`.

Each entry is a function that typer can make a command of. So the client offers
`up` and `demo` and knows nothing of the servers.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import typer

GROUP = "wanllmdb.commands"


def add_plugins(app: typer.Typer) -> None:
    """Adds a command for every entry; for one that can't be loaded, one that says why."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            command = entry.load()
        except ImportError as error:
            _add_absent(app, entry, error)
        else:
            app.command(entry.name)(command)


def _add_absent(app: typer.Typer, entry: EntryPoint, error: ImportError) -> None:
    def absent() -> None:
        typer.echo(
            f"`wanllmdb {entry.name}` can't be loaded ({error}): pip install 'wanllmdb[server]'",
            err=True,
        )
        raise typer.Exit(1)

    app.command(entry.name, help="Not installed: pip install 'wanllmdb[server]'")(absent)
