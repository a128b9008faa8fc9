"""The program of a sweep, for an agent that a script starts without a function."""

from __future__ import annotations

from pathlib import Path

from wanllmdb._agent import Console, OutageWaiter, WaitPolicy
from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError
from wanllmdb.cli.command_runner import CommandRunner
from wanllmdb.cli.macros import DEFAULT_COMMAND, BadCommandError, CommandTemplate

_KILL_DELAY = 30.0


def runner_of_program(
    client: Client, sweep_id: str, *, patience: WaitPolicy, kill_delay: float | None
) -> CommandRunner:
    """A runner that starts the program of the sweep's config once per run.

    Raises:
        InvalidArgumentError: the config names no program, or the program's file is missing.
        NotFoundError: there is no such sweep.
    """
    waiter = OutageWaiter(Console().line, patience.at_first)
    spec = waiter.retry(lambda: client.get_sweep(sweep_id)).spec
    if not spec.program and not spec.command:
        raise InvalidArgumentError(
            f"agent: sweep {sweep_id} names no program, so it needs a function: give one by "
            f"function=..., or put `program: train.py` into the sweep's config"
        )
    try:
        template = CommandTemplate(spec.command or DEFAULT_COMMAND, program=spec.program)
    except BadCommandError as error:
        raise InvalidArgumentError(f"agent: the command of sweep {sweep_id}: {error}") from None
    if "${program}" in template.words and not Path(spec.program).exists():
        raise InvalidArgumentError(
            f"agent: the program {spec.program} of sweep {sweep_id} is not here ({Path.cwd()}): "
            f"start the script where it is"
        )
    return CommandRunner(
        template, kill_delay=_KILL_DELAY if kill_delay is None else float(kill_delay)
    )
