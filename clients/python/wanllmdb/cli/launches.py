"""`wanllmdb launches ...`: agents that `wanllmdb launch` started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wanllmdb.cli.console import escape, say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import Group
from wanllmdb.cli.launching.engines import engine_of, engines_here
from wanllmdb.cli.launching.request import EngineName, Launch, LaunchError
from wanllmdb.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="List and stop agents that `wanllmdb launch` started."
)


Namespace = Annotated[
    str,
    typer.Option(help="For Kubernetes: the namespace. Default: that of the current context."),
]


@app.command("ls")
def list_launches(
    on: Annotated[
        EngineName | None,
        typer.Option(
            "--on", help="Ask this engine only. Default: every engine that is set up here."
        ),
    ] = None,
    namespace: Namespace = "",
    as_json: AsJson = False,
) -> None:
    """List your launches, as the engines themselves report them.

    Launches on this host are listed on this host only.
    """
    found: list[Launch] = []
    for name in [on] if on is not None else engines_here():
        try:
            found += engine_of(name, namespace).launches()
        except LaunchError as error:
            if on is not None:
                raise
            # One engine that does not answer hides no launches of the others.
            say(f"note: {name}: {error}", err=True)
    if as_json:
        print_json(found)
    elif found:
        stdout().print(_table(found))
    else:
        say("No launches. Start agents: wanllmdb launch SWEEP --on local --agents 2")


@app.command()
def stop(
    launches: Annotated[
        list[str],
        typer.Argument(
            metavar="LAUNCH...", help="Names of launches, as `launches ls` prints them."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Stop launches: their agents give their runs back and end; other agents get the runs."""
    named = [_parts(text) for text in launches]
    for engine, namespace, launch_id in named:
        engine_of(engine, namespace).stop(launch_id)
        if not as_json:
            say(f"Stopping {engine} {launch_id}: its agents give their runs back.")
    if as_json:
        print_json({"stopping": launches})


def _parts(text: str) -> tuple[EngineName, str, str]:
    """Return the engine, the namespace and the id that a launch's name consists of.

    Raises:
        typer.BadParameter: it is no such name.
    """
    engine, _, rest = text.partition("/")
    namespace, _, launch_id = rest.rpartition("/")
    if engine not in list(EngineName) or not launch_id:
        raise typer.BadParameter(
            f"{text!r} is not the name of a launch, such as slurm/4711: `wanllmdb launches ls` "
            f"lists them"
        )
    return EngineName(engine), namespace, launch_id


def _table(launches: list[Launch]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("LAUNCH", no_wrap=True)
    table.add_column("SWEEP", no_wrap=True)
    for heading in ("RUNNING", "WAITING", "ENDED", "FAILED"):
        table.add_column(heading, justify="right", no_wrap=True)
    for launch in launches:
        counts = (launch.running, launch.waiting, launch.ended, launch.failed)
        table.add_row(escape(launch.launch), escape(launch.sweep_id), *map(str, counts))
    return table
