"""`wanllmdb agent`: works on a sweep with a program."""

from __future__ import annotations

import shutil
import signal
from types import FrameType
from typing import Annotated, NoReturn

import typer

from wanllmdb._agent import AgentLoop
from wanllmdb.cli.command_runner import CommandRunner
from wanllmdb.cli.connection import client_of
from wanllmdb.cli.options import SweepId

_INTERRUPTED = 130


def run_agent(
    context: typer.Context,
    sweep_id: SweepId,
    command: Annotated[
        list[str],
        typer.Argument(
            metavar="-- COMMAND...", help="The program and its own arguments, after `--`."
        ),
    ],
    count: Annotated[
        int | None, typer.Option(min=1, help="At most so many runs. Default: until none is left.")
    ] = None,
) -> None:
    """Work on a sweep: run a program once for each run.

    Example: `wanllmdb agent SWEEP -- python train.py --data digits`

    The parameters are appended as --name=value. A script in Python reports its metrics with
    wanllmdb.init() and wanllmdb.log(). Exit code 0 means that the run did its work;
    any other fails it, and the last lines of stderr are kept on the run. Ctrl-C gives the
    run back.
    """
    if shutil.which(command[0]) is None:
        raise typer.BadParameter(f"{command[0]} is no program that can be run from here")
    # What stops jobs in a cluster: the run is given back as on Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    with client_of(context) as client:
        result = AgentLoop(client, sweep_id, CommandRunner(command), count=count).run()
    if result.was_interrupted:
        raise typer.Exit(_INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
