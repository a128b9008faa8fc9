"""`wanllmdb demo`: a real sweep on a temporary platform, or three that stay."""

from __future__ import annotations

import os
import shlex
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from wanllmdb.cli.console import say, say_lines
from wanllmdb_local.requirements import require_demo

_INTERRUPTED = 130
# The program's options that name a platform, and the variables with the same meaning.
_VARIABLES = {
    "registry": "WANLLMDB_REGISTRY",
    "suggestion": "WANLLMDB_SUGGESTION",
    "api_key_file": "WANLLMDB_API_KEY_FILE",
    "tls": "WANLLMDB_TLS",
    "tls_ca": "WANLLMDB_TLS_CA",
    "tls_cert": "WANLLMDB_TLS_CERT",
    "tls_key": "WANLLMDB_TLS_KEY",
    "insecure": "WANLLMDB_INSECURE",
}


def command(
    context: typer.Context,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Run three sweeps of different kinds, and keep them: on the platform that the "
            "client's settings name if it answers, otherwise in the data directory of `up`.",
        ),
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="With --keep: keep the sweeps in this data directory, on a platform that the "
            "demo starts and stops.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Watch a sweep for about a minute; nothing stays, except with --keep.

    Starts the platform in a temporary folder and lets four agents tune a neural network on
    scikit-learn's digits, with early termination.
    """
    if data_dir is not None and not keep:
        raise typer.BadParameter("--data-dir needs --keep: without it, the demo keeps no data")
    require_demo("wanllmdb demo")
    from wanllmdb import WanllmdbError
    from wanllmdb_local.errors import LocalError

    # The blocks below clean up, whichever signal stops the program.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if keep:
            _apply_options(context)
            _run_kept(data_dir)
        else:
            _run_temporary()
    except KeyboardInterrupt:
        left = "the sweeps of the demo stay" if keep else "everything was stopped and removed"
        say(f"Interrupted; {left}.", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    except (LocalError, WanllmdbError) as error:
        say_lines(f"wanllmdb demo: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        # The folder is temporary: the disk may be full, or read-only.
        where = error.filename or "the folder for temporary files"
        say(
            f"wanllmdb demo: {where} can't be used: {error.strerror or error}. "
            "Set TMPDIR to another folder for temporary files.",
            err=True,
        )
        raise typer.Exit(1) from None


def _run_temporary() -> None:
    from wanllmdb_local.demo.configs import NETWORK
    from wanllmdb_local.demo.platforms import temporary_platform
    from wanllmdb_local.demo.sweep import print_report, run_sweep

    began = time.monotonic()
    with temporary_platform() as platform:
        sweep_id = run_sweep(platform, NETWORK)
        print_report(platform, sweep_id, seconds=time.monotonic() - began)


def _run_kept(data_dir: Path | None) -> None:
    from wanllmdb_local.data_dir import default_data_dir
    from wanllmdb_local.demo.configs import KEPT
    from wanllmdb_local.demo.platforms import data_dir_platform, running_platform
    from wanllmdb_local.demo.sweep import print_kept, run_sweep

    began = time.monotonic()
    if data_dir is None:
        with running_platform() as platform:
            if platform is not None:
                sweep_ids = [run_sweep(platform, demo) for demo in KEPT]
                print_kept(sweep_ids, up=None, seconds=time.monotonic() - began)
                return
    up = (
        "wanllmdb up"
        if data_dir is None
        else f"wanllmdb up --data-dir {shlex.quote(str(data_dir))}"
    )
    folder = default_data_dir() if data_dir is None else data_dir.expanduser().absolute()
    with data_dir_platform(folder) as platform:
        sweep_ids = [run_sweep(platform, demo) for demo in KEPT]
    print_kept(sweep_ids, up=up, seconds=time.monotonic() - began)


def _apply_options(context: typer.Context) -> None:
    """Set the variables that the program's options override, for this process and its agents."""
    options = context.find_root().params
    for option, variable in _VARIABLES.items():
        value = options.get(option)
        if value is not None:
            os.environ[variable] = str(int(value)) if isinstance(value, bool) else str(value)
    if options.get("api_key_file") is not None:
        os.environ.pop("WANLLMDB_API_KEY", None)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
