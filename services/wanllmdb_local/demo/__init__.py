"""`wanllmdb demo`: a real sweep on a temporary platform."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import NoReturn

import typer

from wanllmdb.cli.console import say, say_lines
from wanllmdb_local.requirements import require_demo

_INTERRUPTED = 130


def command() -> None:
    """Watch a sweep for about a minute, and remove all its data afterwards.

    The demo starts the platform in a temporary folder and lets four agents tune a neural network on
    scikit-learn's digits, with early termination.
    """
    began = time.monotonic()
    require_demo("wanllmdb demo")
    from wanllmdb_local.demo.sweep import print_report, run_sweep
    from wanllmdb_local.demo.temporary_platform import temporary_platform
    from wanllmdb_local.errors import LocalError

    # The blocks below clean up, whichever signal stops the program.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with temporary_platform() as platform:
            sweep_id = run_sweep(platform)
            print_report(platform, sweep_id, seconds=time.monotonic() - began)
    except KeyboardInterrupt:
        say("Interrupted; everything was stopped and removed.", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    except LocalError as error:
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


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
