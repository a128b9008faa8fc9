"""`wanllmdb up`: the whole platform on this machine, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wanllmdb.cli.console import say, say_lines
from wanllmdb_local import DASHBOARD_PORT, HOST, REGISTRY_PORT, SUGGESTION_PORT
from wanllmdb_local.requirements import problem_of_gateway, require_server

if TYPE_CHECKING:
    from wanllmdb_local.platform import Endpoints
    from wanllmdb_local.ready_file import ReadyFile
    from wanllmdb_local.settings import Dashboard, PlatformSettings
    from wanllmdb_local.stopping import StopSignals

# Each registry opens 16 database connections, and the embedded PostgreSQL accepts 200.
MOST_REPLICAS = 10

_FAILED = 1
# The exit code for problems that another value of an option solves.
_WRONG_SETTING = 2


def command(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for all data. Default: ~/.local/share/wanllmdb (XDG), on macOS "
            "~/Library/Application Support/wanllmdb, for root /var/lib/wanllmdb.",
            show_default=False,
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            help="Your own PostgreSQL instead of the embedded one: postgresql://USER@HOST/NAME. "
            "The data directory then holds logs only.",
            envvar="WANLLMDB_DATABASE_URL",
        ),
    ] = None,
    registry_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the registry; 0 picks a free one.")
    ] = REGISTRY_PORT,
    suggestion_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the suggestion service; 0 picks a free one."),
    ] = SUGGESTION_PORT,
    dashboard_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port of the dashboard; 0 picks a free one. Default: {DASHBOARD_PORT}, or a free "
            "one if another program has it.",
            show_default=False,
        ),
    ] = None,
    no_dashboard: Annotated[
        bool, typer.Option("--no-dashboard", help="Run without the dashboard.")
    ] = False,
    replicas: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_REPLICAS,
            help="Number of processes of each service. The first of each uses the given port, the "
            "others use free ports; clients and agents spread their calls over all of them.",
        ),
    ] = 1,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for all "
            "interfaces. An address that other machines reach needs TLS and --require-keys.",
        ),
    ] = HOST,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="PEM file with the services' certificate, followed by its issuers'. The services "
            "then accept TLS only. The file is reloaded when it changes."
        ),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(help="PEM file with the private key of --tls-cert.")
    ] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(
            help="PEM file with certificate authorities. Client certificates must be signed by "
            "one of them (mutual TLS)."
        ),
    ] = None,
    require_keys: Annotated[
        bool,
        typer.Option(
            "--require-keys",
            help="Require API keys. The first key, which may do everything, is written to "
            "DATA_DIR/admin.key, unless WANLLMDB_REGISTRY_ADMIN_KEY or "
            "WANLLMDB_REGISTRY_ADMIN_KEY_FILE is set.",
            envvar="WANLLMDB_REGISTRY_REQUIRE_KEYS",
        ),
    ] = False,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Let other machines reach the services without TLS or keys."
        ),
    ] = False,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Write addresses and process ids to this file (JSON) once all is ready."),
    ] = None,
) -> None:
    """Run the whole platform on this machine: PostgreSQL, both services and the dashboard.

    The data is kept: the next `up` on the same data directory continues with it. A process that
    dies or hangs is restarted. Ctrl-C stops everything in order.
    """
    if no_dashboard and dashboard_port is not None:
        raise typer.BadParameter("--dashboard-port and --no-dashboard exclude each other")
    require_server("wanllmdb up")
    from wanllmdb_local.data_dir import default_data_dir
    from wanllmdb_local.errors import (
        AddressError,
        DataDirError,
        LocalError,
        PortTakenError,
        ProtectionError,
        ReadyFileError,
    )
    from wanllmdb_local.secret_files import own_admin_key
    from wanllmdb_local.settings import PlatformSettings, Protection
    from wanllmdb_local.stopping import StopSignals

    signals = StopSignals()
    settings = PlatformSettings(
        data_dir=_absolute(data_dir) or _or_exit(default_data_dir),
        registry_port=registry_port,
        suggestion_port=suggestion_port,
        replicas=replicas,
        database_url=database_url,
        protection=Protection(
            host=host,
            tls_cert=_absolute(tls_cert),
            tls_key=_absolute(tls_key),
            tls_client_ca=_absolute(tls_client_ca),
            has_keys=require_keys or bool(own_admin_key()),
            insecure=insecure,
        ),
        dashboard=None if no_dashboard else _dashboard(dashboard_port),
    )
    try:
        settings.protection.check()
        with signals.caught():
            _run(settings, _absolute(ready_file), signals)
    except (AddressError, DataDirError, PortTakenError, ProtectionError, ReadyFileError) as error:
        say_lines(f"wanllmdb up: {error}", err=True)
        raise typer.Exit(_WRONG_SETTING) from None
    except LocalError as error:
        say_lines(f"wanllmdb up: {error}", err=True)
        raise typer.Exit(_FAILED) from None
    except OSError as error:
        # For example a full disk or too many open files, which can't be foreseen.
        where = error.filename or settings.data_dir
        say(f"wanllmdb up: {where} can't be used: {error.strerror or error}.", err=True)
        raise typer.Exit(_FAILED) from None


def _dashboard(port: int | None) -> Dashboard | None:
    """Return the dashboard; None if it is not installed, unless its port was given."""
    from wanllmdb_local.settings import Dashboard

    problem = problem_of_gateway()
    if problem is None:
        return Dashboard(port)
    if port is not None:
        say(f"wanllmdb up: there is no dashboard: {problem}", err=True)
        raise typer.Exit(_FAILED)
    say(f"There is no dashboard: {problem}")
    return None


def _run(settings: PlatformSettings, ready_file: Path | None, signals: StopSignals) -> None:
    from wanllmdb_local.platform import Platform
    from wanllmdb_local.ready_file import ReadyFile
    from wanllmdb_local.stopping import StopRequested
    from wanllmdb_local.welcome import welcome

    ready = ReadyFile(ready_file) if ready_file is not None else None
    try:
        with Platform(settings, say=say, hurried=signals.hurried) as platform:
            with signals.interrupting():
                platform.start()
            if ready is not None:
                ready.write(platform.endpoints)
            say_lines(welcome(settings, platform.endpoints))
            for endpoints in platform.supervise(until=signals.requested):
                if ready is not None:
                    _write_again(ready, endpoints)
            say("Stopping. Press Ctrl-C again to stop at once.")
    except StopRequested:
        # The context manager has stopped all parts.
        say("Interrupted during the start.")
    finally:
        if ready is not None:
            ready.remove()
    say("Stopped.")


def _write_again(ready: ReadyFile, endpoints: Endpoints) -> None:
    """Write the ready file; on failure report the error and go on."""
    from wanllmdb_local.errors import ReadyFileError

    try:
        ready.write(endpoints)
    except ReadyFileError as error:
        say(str(error), err=True)


def _absolute(file: Path | None) -> Path | None:
    """Return an absolute path, since the services run in another folder."""
    return None if file is None else _or_exit(lambda: file.expanduser().absolute())


def _or_exit(path: Callable[[], Path]) -> Path:
    """Return the path; exit with one line where it can't be determined."""
    try:
        return path()
    except RuntimeError:
        problem = "there is no home directory, so give paths that do not begin with ~"
    except OSError as error:
        problem = f"the current folder can't be used: {error.strerror}; change to another one"
    say(f"wanllmdb up: {problem}, and a --data-dir.", err=True)
    raise typer.Exit(_WRONG_SETTING)
