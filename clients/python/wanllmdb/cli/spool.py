"""`wanllmdb spool ...`: results that agents of this machine could not deliver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import wanllmdb
from wanllmdb._spool import BadSpoolFileError, Spool, SpoolDelivery
from wanllmdb.cli import formats
from wanllmdb.cli.console import escape, say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import Group
from wanllmdb.cli.options import AsJson, client_of

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="List, send and delete results that agents of this machine could not deliver. They are in "
    "WANLLMDB_SPOOL_DIR, else in wanllmdb/spool under XDG_STATE_HOME or ~/.local/state.",
)

if TYPE_CHECKING:
    from rich.table import Table

FILES = "FILE..."


@dataclass(frozen=True)
class Listed:
    """A file of the spool, as `spool ls` lists it.

    `state` is "waiting", "in use" by a running agent, "refused" or "unreadable"; `detail`
    holds the reason of the last two.
    """

    file: str
    state: str
    detail: str = ""
    sweep_id: str = ""
    number: int | None = None
    attempt: int | None = None
    outcome: str = ""
    values: int = 0
    registry: str = ""
    time: datetime | None = None


@app.command("ls")
def list_files(as_json: AsJson = False) -> None:
    """List results that wait for a registry, and results that a registry rejected."""
    spool = Spool.of_environment()
    # A file may be delivered while the list is made.
    listed = [file for file in (_listed(spool, path) for path in _all(spool)) if file is not None]
    if as_json:
        print_json(listed)
    elif listed:
        stdout().print(_table(listed))
    else:
        say(f"no undelivered results in {spool.path}")


@app.command()
def send(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar=f"[{FILES}]",
            help="Send only these files, even if the registry rejected them before.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send undelivered results to the registry; agents do this automatically.

    The exit code is 1 when a result was rejected or could not be sent.
    """
    spool = Spool.of_environment()
    paths = [_found(spool, name) for name in files] if files else None
    with client_of(context) as client:
        done = SpoolDelivery(client, spool, lambda line: say(line, err=True)).deliver(paths)
    if as_json:
        why = None if done.error is None else str(done.error)
        counts = {"delivered": done.delivered, "refused": done.rejected, "left": done.left}
        print_json({**counts, "error": why})
    else:
        say(f"{done.delivered} delivered, {done.rejected} refused, {done.left} left")
    if done.rejected or done.left:
        raise typer.Exit(1)


@app.command()
def drop(
    files: Annotated[
        list[str] | None, typer.Argument(metavar=f"[{FILES}]", help="Delete these files.")
    ] = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Delete all results that a registry rejected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete undelivered results; they are lost."""
    spool = Spool.of_environment()
    paths = [_found(spool, name) for name in files or ()]
    if refused:
        paths += _paths(spool, refused=True)
    if not files and not refused:
        raise typer.BadParameter(
            "give the names of files, as `wanllmdb spool ls` prints them, or --refused"
        )
    for path in paths:
        _drop(spool, path)
    if as_json:
        print_json({"dropped": [path.name for path in paths]})
    else:
        say(f"{len(paths)} dropped")


def _drop(spool: Spool, path: Path) -> None:
    try:
        file = spool.take(path)
    except BadSpoolFileError:
        _unlink(path)
        return
    if file is None:
        raise typer.BadParameter(f"{path.name} is in use: an agent still works on that run")
    file.close()
    _unlink(path)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise wanllmdb.WanllmdbError(f"{path} can't be removed: {error.strerror}") from None


def _all(spool: Spool) -> Iterable[Path]:
    yield from _paths(spool)
    yield from _paths(spool, refused=True)


def _paths(spool: Spool, *, refused: bool = False) -> list[Path]:
    try:
        return spool.paths(rejected=refused)
    except OSError as error:
        raise wanllmdb.WanllmdbError(
            f"{error.filename or spool.path} can't be read: {error.strerror}; it must be a folder "
            "that belongs to you"
        ) from None


def _found(spool: Spool, name: str) -> Path:
    path = spool.find(name)
    if path is None:
        raise typer.BadParameter(
            f"no file {name} in {spool.path}; `wanllmdb spool ls` lists the files"
        )
    return path


def _listed(spool: Spool, path: Path) -> Listed | None:
    try:
        file = spool.take(path)
        if file is not None:
            file.close()
        run = spool.read(path) if file is None else file.run
    except BadSpoolFileError as error:
        return Listed(path.name, "unreadable", str(error))
    if run is None:
        return None
    state = "in use" if file is None else "waiting"
    if run.rejection is not None:
        state = "refused"
    return Listed(
        path.name,
        state,
        run.rejection.message if run.rejection is not None else "",
        run.sweep_id,
        run.number,
        run.attempt,
        run.outcome,
        run.values,
        run.registry,
        run.time,
    )


def _table(listed: Iterable[Listed]) -> Table:
    # Imported here because a help text and JSON do not need rich.
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    # The name stays whole on one line, since `send` and `drop` take it as an argument.
    for heading in ("FILE", "STATE", "RUN", "VALUES"):
        table.add_column(heading, no_wrap=True)
    for heading in ("REGISTRY", "WRITTEN", "WHY"):
        table.add_column(heading, overflow="fold")
    for entry in listed:
        table.add_row(
            escape(entry.file),
            entry.state,
            escape(entry.outcome or "running"),
            str(entry.values),
            escape(entry.registry),
            formats.time_ago(entry.time),
            escape(entry.detail),
        )
    return table
