"""`wanllmdb up`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .requirements import require_server

if TYPE_CHECKING:
    from .platform import Endpoints, PlatformSettings
    from .signals import StopSignals

DEFAULT_REGISTRY_PORT = 50051
DEFAULT_SUGGESTION_PORT = 50052
# Each registry has 16 connections to the database, and the embedded one takes 200.
MOST_REPLICAS = 10

_FAILED = 1
# What another value of an option cures.
_WRONG_SETTING = 2


def command(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Where the data lives. Default: ~/.local/share/wanllmdb (XDG), on macOS "
            "~/Library/Application Support/wanllmdb, for root /var/lib/wanllmdb.",
            show_default=False,
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            help="An own PostgreSQL instead of the embedded one: postgresql://USER@HOST/NAME. "
            "The data directory then holds logs only.",
            envvar="WANLLMDB_DATABASE_URL",
        ),
    ] = None,
    registry_port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 picks a free one.")
    ] = DEFAULT_REGISTRY_PORT,
    suggestion_port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 picks a free one.")
    ] = DEFAULT_SUGGESTION_PORT,
    replicas: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_REPLICAS,
            help="How many processes of each service. The first ones have the ports above, the "
            "others free ones; clients and agents spread their calls over all of them.",
        ),
    ] = 1,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Once everything answers, write addresses and process ids there (JSON)."),
    ] = None,
) -> None:
    """Run the whole platform on this machine: PostgreSQL and both services.

    What is stored stays: the next `up` on the same data directory goes on with it. A part that
    dies is started again. Ctrl-C stops all in order.
    """
    require_server("wanllmdb up")
    from .data_dir import default_data_dir
    from .errors import DataDirError, LocalError, PortTakenError
    from .platform import PlatformSettings
    from .signals import StopSignals

    signals = StopSignals()
    settings = PlatformSettings(
        data_dir=(data_dir or default_data_dir()).expanduser().absolute(),
        registry_port=registry_port,
        suggestion_port=suggestion_port,
        replicas=replicas,
        database_url=database_url,
    )
    try:
        with signals.caught():
            _run(settings, ready_file, signals)
    except (DataDirError, PortTakenError) as error:
        typer.echo(f"wanllmdb up: {error}", err=True)
        raise typer.Exit(_WRONG_SETTING) from None
    except LocalError as error:
        typer.echo(f"wanllmdb up: {error}", err=True)
        raise typer.Exit(_FAILED) from None


def _run(settings: PlatformSettings, ready_file: Path | None, signals: StopSignals) -> None:
    from .platform import Platform
    from .ready_file import ReadyFile
    from .signals import StopRequested

    ready = ReadyFile(ready_file) if ready_file is not None else None
    try:
        with Platform(settings, say=typer.echo, hurried=signals.hurried) as platform:
            with signals.interrupting():
                platform.start()
            if ready is not None:
                ready.write(platform.endpoints)
            typer.echo(_welcome(settings, platform.endpoints))
            for endpoints in platform.supervise(until=signals.requested):
                if ready is not None:
                    ready.write(endpoints)
            typer.echo("Stopping. Ctrl-C again to hurry.")
    except StopRequested:
        # Its parts were stopped on the way here.
        typer.echo("Interrupted on the way up.")
    finally:
        if ready is not None:
            ready.remove()
    typer.echo("Stopped.")


def _welcome(settings: PlatformSettings, endpoints: Endpoints) -> str:
    from .data_dir import LOGS

    default = (f"127.0.0.1:{DEFAULT_REGISTRY_PORT}", f"127.0.0.1:{DEFAULT_SUGGESTION_PORT}")
    lines = [
        "",
        "wanllmdb is up; Ctrl-C stops it.",
        f"  registry    {endpoints.registry}",
        f"  suggestion  {endpoints.suggestion}",
        f"  logs        {settings.data_dir / LOGS}",
        "",
        "Next, in another terminal:",
    ]
    if (endpoints.registry, endpoints.suggestion) != default:
        lines.append(
            f"  export WANLLMDB_REGISTRY={endpoints.registry} "
            f"WANLLMDB_SUGGESTION={endpoints.suggestion}"
        )
    lines.append("  wanllmdb sweep create sweep.yaml")
    return "\n".join(lines)
