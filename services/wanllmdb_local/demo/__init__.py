"""`wanllmdb demo`: a real sweep on a platform that is gone afterwards."""

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
    """See a sweep at work: about a minute, and nothing stays.

    Starts the platform in a temporary place and lets four agents tune a neural network on
    scikit-learn's digits, with early termination on.
    """
    began = time.monotonic()
    require_demo("wanllmdb demo")
    from wanllmdb_local.demo.sweep import print_report, run_sweep
    from wanllmdb_local.demo.temporary_platform import temporary_platform
    from wanllmdb_local.errors import LocalError

    # However it is stopped, the blocks below clean up on the way out.
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
        # Its folder is a temporary one: a disk that is full, or that takes no files.
        where = error.filename or "the folder for temporary files"
        say(
            f"wanllmdb demo: {where} can't be used: {error.strerror or error}. "
            "Name another place for temporary files in TMPDIR.",
            err=True,
        )
        raise typer.Exit(1) from None


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
