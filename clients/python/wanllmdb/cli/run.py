"""`wanllmdb run`: starts a program that imports `wandb`, with wanllmdb in its place."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import wanllmdb
from wanllmdb import _env
from wanllmdb.cli.console import say
from wanllmdb.cli.options import ConnectionOptions

NOT_FOUND = 127
NOT_RUNNABLE = 126
_VARIABLES = {
    "registry": _env.REGISTRY,
    "suggestion": _env.SUGGESTION,
    "api_key_file": _env.API_KEY_FILE,
    "tls": _env.TLS,
    "tls_ca": _env.TLS_CA,
    "tls_cert": _env.TLS_CERT,
    "tls_key": _env.TLS_KEY,
    "insecure": _env.INSECURE,
}
"""By which a program hears of what a global option says."""
# Python ignores them, and a program would inherit that.
_IGNORED = ("SIGPIPE", "SIGXFSZ", "SIGXFZ")


def run(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="-- COMMAND",
            help="The program and its arguments.",
        ),
    ] = None,
) -> None:
    """Run a program that imports wandb, and let it find wanllmdb under that name.

    Example: `wanllmdb run -- python train.py --epochs 3`

    For programs whose import can't be changed, and for frameworks' own loggers: Lightning's
    WandbLogger, report_to="wandb" of transformers. In the program, and in all that it starts,
    `wandb` is wanllmdb, also where W&B's own package is installed: nothing reaches W&B. The way
    is PYTHONPATH, so python -I and -E don't see it.

    The program takes this one's place: it gets its signals, and its exit status is that of the
    program. For the runs of a sweep's command use `wanllmdb agent --as-wandb SWEEP`.
    """
    if not command:
        raise typer.BadParameter(
            "there is no command: give a program, as in `wanllmdb run -- python train.py`"
        )
    options = context.find_object(ConnectionOptions)
    assert options is not None, "the program's callback sets it"
    found = shutil.which(command[0])
    if found is None:
        _refuse(command)
    sys.stdout.flush()
    _become(found, command, _environment(options))


def _environment(options: ConnectionOptions) -> dict[str, str]:
    """This process's environment, with what the command line says of the services and wandb."""
    environment = {**os.environ, **wandb_variables(os.environ)}
    for option, variable in _VARIABLES.items():
        value = getattr(options, option)
        if value is not None:
            environment[variable] = str(int(value)) if isinstance(value, bool) else str(value)
    if options.api_key_file is not None:
        # A key in the environment would come before that of the file.
        environment.pop(_env.API_KEY, None)
    return environment


def _refuse(command: Sequence[str]) -> NoReturn:
    program = command[0]
    if not Path(program).is_file():
        reason = f"{program}: there is no such program"
        code = NOT_FOUND
    elif program.endswith(".py"):
        reason = (
            f"{program} is no program of its own: give the Python that runs it, as in "
            f"`wanllmdb run -- {shlex.join(['python', *command])}`"
        )
        code = NOT_RUNNABLE
    else:
        reason = f"{program} can't be run from here: give a program on PATH, or a path to one"
        code = NOT_RUNNABLE
    say(f"wanllmdb: {reason}", err=True)
    raise typer.Exit(code)


def _become(program: str, command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    if os.name == "nt":
        # There is no exec that a caller could wait for.
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
    for name in _IGNORED:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execve(program, list(command), environment)
    except OSError as failure:
        say(f"wanllmdb: {program} can't be run: {failure.strerror}", err=True)
        raise typer.Exit(NOT_RUNNABLE) from None


_WANDB_FOLDER = Path(wanllmdb.__file__).parent / "_as_wandb"
"""Holds the package `wandb` that stands for wanllmdb, and the metadata of a distribution."""

_PYTHONPATH = "PYTHONPATH"


def wandb_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes a Python program with this environment find wanllmdb as `wandb`."""
    others = [part for part in environment.get(_PYTHONPATH, "").split(os.pathsep) if part]
    return {
        _PYTHONPATH: os.pathsep.join(
            [str(_WANDB_FOLDER), *(p for p in others if p != str(_WANDB_FOLDER))]
        )
    }
