"""`wanllmdb agent`: runs a program for each run of a sweep."""

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
from wanllmdb.cli.gpus import gpus_of_host, shares_of
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
            help="The program and its arguments, after `--`. Default: the command in the sweep's "
            "config.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=1, help="Run at most this many runs. Default: until the sweep has no more."
        ),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Number of runs at a time.")] = 1,
    gpus_per_run: Annotated[
        int,
        typer.Option(
            min=0,
            help="Give each run this many GPUs of this host, which no other run of the agent gets, "
            "by CUDA_VISIBLE_DEVICES. Default: runs see what the agent sees.",
            show_default=False,
        ),
    ] = 0,
    kill_delay: Annotated[
        float,
        typer.Option(
            "--kill-delay",
            "--term-timeout",
            "-t",
            min=0.0,
            help="Seconds between SIGTERM and SIGKILL when a program is stopped.",
        ),
    ] = 30.0,
    forward_signals: Annotated[
        bool,
        typer.Option(
            "--forward-signals",
            "-f",
            help="Forward SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 to the programs.",
        ),
    ] = False,
    as_wandb: Annotated[
        bool | None,
        typer.Option(
            "--as-wandb",
            help="Give the programs wanllmdb when they import wandb, even if W&B's own package "
            "is installed; see `wanllmdb run`. Same as WANLLMDB_AS_WANDB=1.",
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Print one line per event, without the live view of a terminal."
        ),
    ] = False,
    max_quick_failures: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Give up after this many consecutive failed runs within --quick-seconds; 0 "
            "means never. Default: 3.",
        ),
    ] = None,
    quick_seconds: Annotated[
        float | None,
        typer.Option(
            min=0.0, help="Time window for --max-quick-failures, in seconds. Default: 60."
        ),
    ] = None,
    max_initial_failures: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Give up when the first runs all fail, after this many; 0 means never. "
            "Default: 5.",
        ),
    ] = None,
    never_give_up: Annotated[
        bool | None, typer.Option("--never-give-up", help="Never stop because of failed runs.")
    ] = None,
    agent_id: Annotated[
        str | None,
        typer.Option(help="Name of the agent. Default: WANLLMDB_AGENT_ID, else a generated name."),
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume",
            help="Begin with the runs that the agent with this --agent-id held when it last "
            "ended. Same as WANLLMDB_RESUME=1.",
        ),
    ] = None,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay",
            help="When the sweep has no more runs, wait as long as a run of another agent may be "
            "queued again. Same as WANLLMDB_STAY=1.",
        ),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Seconds to wait for unavailable services. Default: WANLLMDB_PATIENCE, else 600, "
            "and 5 for services that have never answered.",
        ),
    ] = None,
    max_consecutive_failed_runs: Annotated[
        int | None,
        typer.Option(
            min=1, hidden=True, help="W&B's option: give up after this many consecutive failures."
        ),
    ] = None,
    project: Annotated[
        str, typer.Option("--project", "-p", hidden=True, help="W&B's: an id says enough.")
    ] = "",
    entity: Annotated[
        str, typer.Option("--entity", "-e", hidden=True, help="W&B's: an id says enough.")
    ] = "",
) -> None:
    """Run a program once for each run of a sweep.

    Examples: `wanllmdb agent SWEEP -- python train.py --data digits`;
    `wanllmdb agent SWEEP --parallel 4 --count 20` runs the command in the sweep's config.

    The parameters are appended as --name=value, unless the command has macros such as
    ${args_json}. A Python script reports its metrics with wanllmdb.init() and
    wanllmdb.log(). Exit code 0 means that the run succeeded; any other exit code, or a signal,
    fails the run, and the last lines of stderr are stored with it.

    The first Ctrl-C takes no more runs and waits for the running programs. The second one
    stops the programs and gives their runs back. The third one kills them. SIGTERM gives the
    runs back at once.

    Results that could not be delivered are saved to disk and sent by the next agent on this
    machine, or by `wanllmdb spool send`.
    """
    del project
    if entity:
        say("note: --entity is ignored: the sweep's id is enough", err=True)
    if max_consecutive_failed_runs is not None:
        max_quick_failures = max_quick_failures or max_consecutive_failed_runs
        quick_seconds = math.inf if quick_seconds is None else quick_seconds
    policy = FailurePolicy.of(
        max_quick_failures=max_quick_failures,
        quick_seconds=quick_seconds,
        max_initial_failures=max_initial_failures,
        never=never_give_up,
    )
    gpus: tuple[str, ...] = ()
    if gpus_per_run:
        what = f"--parallel {parallel} with --gpus-per-run {gpus_per_run}"
        gpus = shares_of(gpus_of_host(), parallel, gpus_per_run, what=what)
    resumes = is_on(resume, RESUME)
    name = agent_name(agent_id, resume=resumes)
    template = template_of(command) if command else None
    with client_of(context) as client:
        if template is None:
            waiter = OutageWaiter(
                Console().line, WaitPolicy.of(patience, knows_them=resumes).at_first
            )
            template = template_of_sweep(waiter.retry(lambda: client.get_sweep(sweep_id)))
        result = _work(
            client,
            sweep_id,
            template,
            count=count,
            parallel=parallel,
            gpus=gpus,
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
    gpus: tuple[str, ...],
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
        template,
        kill_delay=kill_delay,
        print_line=display.print_line,
        wandb_is_ours=as_wandb,
        gpus=gpus,
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


def template_of(command: Sequence[str]) -> CommandTemplate:
    """Return the command that the user typed.

    Raises:
        typer.BadParameter: its program is missing, or a macro is wrong.
    """
    return _checked(partial(CommandTemplate.with_args, command))


def template_of_sweep(sweep: Sweep) -> CommandTemplate:
    """Return the command in the sweep's config.

    Raises:
        typer.BadParameter: the config names no program, or one that is not in this folder.
    """
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
            f"the sweep's program {in_short(spec.program)} is not in this folder ({Path.cwd()}): "
            f"start the agent in the program's folder, or give a command after `--`"
        )
    return template


def _checked(make: Callable[[], CommandTemplate]) -> CommandTemplate:
    try:
        template = make()
    except BadCommandError as error:
        raise typer.BadParameter(str(error)) from None
    first = template.words[0]
    if "${" not in first and shutil.which(first) is None:
        raise typer.BadParameter(f"{first} was not found on PATH, or is not executable")
    return template
