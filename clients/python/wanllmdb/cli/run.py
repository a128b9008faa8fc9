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
"""The variables that pass the global options to the program."""
# Python ignores these signals, and the program would inherit that.
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
    """Run a program that imports wandb, with wanllmdb under that name.

    Example: `wanllmdb run -- python train.py --epochs 3`

    Use it for programs whose import can't be changed, and for the loggers of frameworks, such
    as Lightning's WandbLogger or report_to="wandb" of transformers. In the program and its child
    processes, `wandb` is wanllmdb, even if W&B's own package is installed: nothing reaches W&B.
    PYTHONPATH makes that happen, so python -I and -E ignore it.

    The program replaces this process: it receives the signals, and its exit status is the exit
    status of this command. For the runs of a sweep use `wanllmdb agent --as-wandb SWEEP`.
    """
    if not command:
        raise typer.BadParameter(
            "the command is missing: give a program, as in `wanllmdb run -- python train.py`"
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
        # A key in the environment would take precedence over the file.
        environment.pop(_env.API_KEY, None)
    return environment


def _refuse(command: Sequence[str]) -> NoReturn:
    program = command[0]
    if not Path(program).is_file():
        reason = f"{program}: program not found"
        code = NOT_FOUND
    elif program.endswith(".py"):
        reason = (
            f"{program} is not executable: give the Python that runs it, as in "
            f"`wanllmdb run -- {shlex.join(['python', *command])}`"
        )
        code = NOT_RUNNABLE
    else:
        reason = f"{program} can't be executed: give a program on PATH, or the path of a program"
        code = NOT_RUNNABLE
    say(f"wanllmdb: {reason}", err=True)
    raise typer.Exit(code)


def _become(program: str, command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    if os.name == "nt":
        # Windows has no exec that a caller can wait for.
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
"""The folder of the package `wandb` that wraps wanllmdb, with a distribution's metadata."""

_PYTHONPATH = "PYTHONPATH"


def wandb_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make a Python program import wanllmdb as `wandb`."""
    others = [part for part in environment.get(_PYTHONPATH, "").split(os.pathsep) if part]
    return {
        _PYTHONPATH: os.pathsep.join(
            [str(_WANDB_FOLDER), *(p for p in others if p != str(_WANDB_FOLDER))]
        )
    }
