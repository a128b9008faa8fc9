"""`wanllmdb agent`: works on a sweep with a program."""

from __future__ import annotations

import math
import shutil
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from wanllmdb import Client, Sweep
from wanllmdb._agent import (
    Agent,
    AgentResult,
    Console,
    FailurePolicy,
    OutageWaiter,
    WaitPolicy,
    agent_name,
)
from wanllmdb._agent.signals import FORWARDED
from wanllmdb._env import AS_WANDB, RESUME, STAY, is_on
from wanllmdb._files import is_there
from wanllmdb._shown import in_short
from wanllmdb.cli.agent_display import choose_display
from wanllmdb.cli.command_runner import CommandRunner
from wanllmdb.cli.console import say
from wanllmdb.cli.macros import DEFAULT_COMMAND, BadCommandError, CommandTemplate
from wanllmdb.cli.options import SweepId, client_of

_EXIT_BY_SIGNAL = 128


def run_agent(
    context: typer.Context,
    sweep_id: SweepId,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]",
            help="The program and its own arguments, after `--`. Default: the sweep's own.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="At most so many runs. Default: until none is left.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="So many runs at a time.")] = 1,
    kill_delay: Annotated[
        float,
        typer.Option(
            "--kill-delay",
            "--term-timeout",
            "-t",
            min=0.0,
            help="Seconds from SIGTERM to SIGKILL for a program to stop in.",
        ),
    ] = 30.0,
    forward_signals: Annotated[
        bool,
        typer.Option(
            "--forward-signals",
            "-f",
            help="Pass SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 on to the programs.",
        ),
    ] = False,
    as_wandb: Annotated[
        bool | None,
        typer.Option(
            "--as-wandb",
            help="Let the programs find wanllmdb where they import wandb, also where W&B's own "
            "package is installed. Also by WANLLMDB_AS_WANDB=1. See `wanllmdb run`.",
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines also where there is a terminal.")
    ] = False,
    max_quick_failures: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Give up after so many failures in a row within the seconds below; 0: never. "
            "Default: 3.",
        ),
    ] = None,
    quick_seconds: Annotated[
        float | None, typer.Option(min=0.0, help="The seconds meant above. Default: 60.")
    ] = None,
    max_initial_failures: Annotated[
        int | None,
        typer.Option(
            min=0, help="Give up after so many failures without a success; 0: never. Default: 5."
        ),
    ] = None,
    never_give_up: Annotated[
        bool | None, typer.Option("--never-give-up", help="Turns both off.")
    ] = None,
    agent_id: Annotated[
        str | None,
        typer.Option(help="The agent's name. Default: WANLLMDB_AGENT_ID, else made up."),
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume",
            help="Begin with the runs that the agent of this name held when it ended before. "
            "Also by WANLLMDB_RESUME=1.",
        ),
    ] = None,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay",
            help="When there are no more runs, wait while one of others may come back. "
            "Also by WANLLMDB_STAY=1.",
        ),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Seconds to wait for services that are away. Default: WANLLMDB_PATIENCE, else "
            "600, and 5 for those that never answered.",
        ),
    ] = None,
    max_consecutive_failed_runs: Annotated[
        int | None,
        typer.Option(min=1, hidden=True, help="W&B's: give up after so many failures in a row."),
    ] = None,
    project: Annotated[
        str, typer.Option("--project", "-p", hidden=True, help="W&B's: an id says enough.")
    ] = "",
    entity: Annotated[
        str, typer.Option("--entity", "-e", hidden=True, help="W&B's: an id says enough.")
    ] = "",
) -> None:
    """Work on a sweep: run a program once for each run.

    Example: `wanllmdb agent SWEEP -- python train.py --data digits`

    The parameters are appended as --name=value, unless the command has macros such as
    ${args_json}. A script in Python reports its metrics with wanllmdb.init() and
    wanllmdb.log(). Exit code 0 means that the run did its work; any other, or a signal,
    fails it, and the last lines of stderr are kept on the run.

    Ctrl-C waits for the running programs and takes no more runs; a second one stops them
    and gives their runs back; a third one kills. SIGTERM gives the runs back at once.

    Results that could not be told are kept on disk, and told by the next agent on this
    machine or by `wanllmdb spool send`.
    """
    del project
    if entity:
        say("note: --entity is ignored: a sweep's id says enough", err=True)
    if max_consecutive_failed_runs is not None:
        max_quick_failures = max_quick_failures or max_consecutive_failed_runs
        quick_seconds = math.inf if quick_seconds is None else quick_seconds
    policy = FailurePolicy.of(
        max_quick_failures=max_quick_failures,
        quick_seconds=quick_seconds,
        max_initial_failures=max_initial_failures,
        never=never_give_up,
    )
    resumes = is_on(resume, RESUME)
    name = agent_name(agent_id, resume=resumes)
    template = _template_of(command) if command else None
    with client_of(context) as client:
        if template is None:
            waiter = OutageWaiter(
                Console().line, WaitPolicy.of(patience, knows_them=resumes).at_first
            )
            template = _template_of_sweep(waiter.retry(lambda: client.get_sweep(sweep_id)))
        result = _work(
            client,
            sweep_id,
            template,
            count=count,
            parallel=parallel,
            kill_delay=kill_delay,
            forwards=forward_signals,
            as_wandb=is_on(as_wandb, AS_WANDB),
            plain=plain,
            policy=policy,
            agent_id=name,
            resume=resumes,
            stay=is_on(stay, STAY),
            patience=patience,
        )
    if result.was_terminated:
        raise typer.Exit(_EXIT_BY_SIGNAL + signal.SIGTERM)
    if result.was_interrupted:
        raise typer.Exit(_EXIT_BY_SIGNAL + signal.SIGINT)


def _work(
    client: Client,
    sweep_id: str,
    template: CommandTemplate,
    *,
    count: int | None,
    parallel: int,
    kill_delay: float,
    forwards: bool,
    as_wandb: bool,
    plain: bool,
    policy: FailurePolicy,
    agent_id: str | None,
    resume: bool,
    stay: bool,
    patience: float | None,
) -> AgentResult:
    display = choose_display(client, count=count, parallel=parallel, plain=plain)
    runner = CommandRunner(
        template, kill_delay=kill_delay, print_line=display.print_line, wandb_is_ours=as_wandb
    )
    agent = Agent(
        client,
        sweep_id,
        lambda _in_caller: runner,
        count=count,
        parallel=parallel,
        policy=policy,
        agent_id=agent_id,
        resume=resume,
        stay=stay,
        patience=patience,
        make_display=display.begin,
        forwarded=FORWARDED if forwards else (),
        forward=runner.forward,
    )
    try:
        return agent.run()
    except KeyboardInterrupt:
        raise typer.Exit(_EXIT_BY_SIGNAL + signal.SIGINT) from None


def _template_of(command: Sequence[str]) -> CommandTemplate:
    """The command that the user typed."""
    return _checked(partial(CommandTemplate.with_args, command))


def _template_of_sweep(sweep: Sweep) -> CommandTemplate:
    """The command that stands in the sweep's config."""
    spec = sweep.spec
    if not spec.program and not spec.command:
        raise typer.BadParameter(
            f"sweep {sweep.sweep_id} names no program: give a command, as in "
            f"`wanllmdb agent {sweep.sweep_id} -- python train.py`, or put `program: train.py` "
            f"into the sweep's config"
        )
    template = _checked(
        partial(CommandTemplate, spec.command or DEFAULT_COMMAND, program=spec.program)
    )
    if "${program}" in template.words and not is_there(spec.program):
        raise typer.BadParameter(
            f"the sweep's program {in_short(spec.program)} is not here ({Path.cwd()}): start the "
            f"agent where it is, or give a command after `--`"
        )
    return template


def _checked(make: Callable[[], CommandTemplate]) -> CommandTemplate:
    try:
        template = make()
    except BadCommandError as error:
        raise typer.BadParameter(str(error)) from None
    first = template.words[0]
    if "${" not in first and shutil.which(first) is None:
        raise typer.BadParameter(f"{first} is no program that can be run from here")
    return template
