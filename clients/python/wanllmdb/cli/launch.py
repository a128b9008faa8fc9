"""`wanllmdb launch`: starts agents on this host or in a cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
import yaml

from wanllmdb import _env
from wanllmdb.cli.agent import template_of, template_of_sweep
from wanllmdb.cli.console import put_document, say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.launching import local, ray_actors, slurm
from wanllmdb.cli.launching.job_manifest import PodOptions, job_manifest
from wanllmdb.cli.launching.kubernetes_jobs import KubernetesEngine
from wanllmdb.cli.launching.need import usable_agents
from wanllmdb.cli.launching.request import EngineName, LaunchRequest, new_name
from wanllmdb.cli.options import AsJson, SweepId, client_of

if TYPE_CHECKING:
    from wanllmdb import Client, Sweep

_LOCAL, _SLURM, _KUBERNETES = EngineName.LOCAL, EngineName.SLURM, EngineName.KUBERNETES
_RAY = EngineName.RAY


def launch(
    context: typer.Context,
    sweep_id: SweepId,
    on: Annotated[EngineName, typer.Option("--on", help="Where the agents run.")],
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]",
            help="The program and its arguments, after `--`. Default: the command in the sweep's "
            "config.",
        ),
    ] = None,
    agents: Annotated[
        int,
        typer.Option(
            min=1, help="Number of agents at most; fewer start if the sweep has fewer runs left."
        ),
    ] = 1,
    gpus_per_agent: Annotated[
        int,
        typer.Option(
            min=0,
            help="Number of GPUs of each agent, which works on one run at a time. Default: on this "
            "host, agents see all GPUs; in a cluster, they get none.",
            show_default=False,
        ),
    ] = 0,
    cpus_per_agent: Annotated[
        str, typer.Option(metavar="N", help="Number of processors of each agent, in a cluster.")
    ] = "",
    memory_per_agent: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory of each agent, in a cluster: 16G, 512M.")
    ] = "",
    kill_delay: Annotated[
        float,
        typer.Option(
            min=0.0, help="Seconds between SIGTERM and SIGKILL when a program is stopped."
        ),
    ] = 30.0,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="NAME[=VALUE]",
            help="Variable for the agents and their programs; without a value, this shell's. "
            "Repeatable.",
        ),
    ] = None,
    agent_registry: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Address of the registry as the agents reach it. Default: as here.",
        ),
    ] = "",
    agent_suggestion: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Address of the suggestion service as the agents reach it. Default: as here.",
        ),
    ] = "",
    sbatch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OPTION",
            help="With --on slurm: a further option of sbatch, such as --sbatch=--partition=gpu. "
            "Repeatable.",
        ),
    ] = None,
    image: Annotated[
        str,
        typer.Option(
            help="With --on kubernetes: the image of the training code, with wanllmdb[cli] "
            "installed."
        ),
    ] = "",
    namespace: Annotated[
        str,
        typer.Option(
            help="With --on kubernetes: the namespace. Default: that of the current context."
        ),
    ] = "",
    key_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME[/ENTRY]",
            help="With --on kubernetes: the Secret that holds the agents' API key, in the entry "
            "api-key by default.",
        ),
    ] = "",
    tls_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="With --on kubernetes: the Secret with ca.crt and, for mutual TLS, tls.crt and "
            "tls.key.",
        ),
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print what would be started or submitted, and end."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start agents of a sweep on this host or in a cluster.

    Examples: `wanllmdb launch SWEEP --on local --agents 4 --gpus-per-agent 1 -- python train.py`;
    `wanllmdb launch SWEEP --on slurm --agents 16 --sbatch=--time=4:00:00`.

    The agents end when the sweep has no more runs. An agent that its cluster preempts gives its
    run back, and one that crashes resumes its run. `wanllmdb launches` lists and stops launches.

    On this host, the command ends with its agents: the first Ctrl-C takes no more runs, the second
    one and SIGTERM give the runs back. Slurm's tasks start in this folder, with this environment.
    Actors of Ray start in this folder. Pods of Kubernetes have the image's folder. Both have, of
    variables, those of --env.
    """
    _check_options(
        on,
        {
            "--cpus-per-agent": (cpus_per_agent, (_SLURM, _KUBERNETES, _RAY)),
            "--memory-per-agent": (memory_per_agent, (_SLURM, _KUBERNETES, _RAY)),
            "--sbatch": (sbatch, (_SLURM,)),
            "--image": (image, (_KUBERNETES,)),
            "--namespace": (namespace, (_KUBERNETES,)),
            "--key-secret": (key_secret, (_KUBERNETES,)),
            "--tls-secret": (tls_secret, (_KUBERNETES,)),
        },
    )
    if on is _KUBERNETES and not image:
        raise typer.BadParameter(
            "--on kubernetes needs --image: an image with the training code and wanllmdb[cli]"
        )
    variables = _variables(env or ())
    # The check of the command reads them, as its agents will.
    os.environ.update(variables)
    with client_of(context) as client:
        sweep = client.get_sweep(sweep_id)
        request = LaunchRequest(
            sweep_id=sweep.sweep_id,
            agents=_number_of_agents(client, sweep, agents),
            command=_checked_command(on, sweep, command or []),
            kill_delay=kill_delay,
            gpus=gpus_per_agent,
            cpus=cpus_per_agent,
            memory=memory_per_agent,
            settings=_settings(client, agent_registry, agent_suggestion),
            variables=variables,
        )
    name = new_name(sweep.sweep_id)
    if on is _LOCAL:
        _launch_here(request, name, dry_run=dry_run, as_json=as_json)
    elif on is _SLURM:
        _launch_on_slurm(request, name, sbatch or [], dry_run=dry_run, as_json=as_json)
    elif on is _RAY:
        _launch_on_ray(request, name, dry_run=dry_run, as_json=as_json)
    else:
        options = PodOptions(image, namespace, key_secret, tls_secret)
        _launch_on_kubernetes(request, name, options, dry_run=dry_run, as_json=as_json)


def _launch_here(request: LaunchRequest, name: str, *, dry_run: bool, as_json: bool) -> NoReturn:
    request = local.with_gpus(request)
    if dry_run:
        _print_document("\n".join(local.command_lines(request, name)) + "\n", _LOCAL, as_json)
        raise typer.Exit
    launched = f"{_LOCAL}/{name}"
    if as_json:
        print_json({"launch": launched, "agents": request.agents})
    else:
        say(f"Started {launched}: {_agents(request)}.", err=True)
    raise typer.Exit(local.LocalLauncher(request, name, lambda line: say(line, err=True)).run())


def _launch_on_slurm(
    request: LaunchRequest, name: str, options: list[str], *, dry_run: bool, as_json: bool
) -> None:
    script = slurm.batch_script(request, name, options)
    if dry_run:
        _print_document(script, _SLURM, as_json)
        return
    _print_launched(slurm.SlurmEngine().submit(script, request), request, as_json)


def _launch_on_kubernetes(
    request: LaunchRequest, name: str, options: PodOptions, *, dry_run: bool, as_json: bool
) -> None:
    manifest = job_manifest(request, name, options)
    if dry_run:
        _print_document(
            yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True), _KUBERNETES, as_json
        )
        return
    _print_launched(KubernetesEngine(options.namespace).submit(manifest), request, as_json)


def _launch_on_ray(request: LaunchRequest, name: str, *, dry_run: bool, as_json: bool) -> None:
    folder = str(Path.cwd())
    described = ray_actors.description(request, name, folder)
    if dry_run:
        _print_document(
            yaml.safe_dump(described, sort_keys=False, allow_unicode=True), _RAY, as_json
        )
        return
    engine = ray_actors.RayEngine()
    if engine.lacks(request):
        say("note: no node has what an agent asks for: the agents wait until one joins", err=True)
    _print_launched(engine.submit(request, name, folder), request, as_json)


def _print_launched(launched: str, request: LaunchRequest, as_json: bool) -> None:
    if as_json:
        print_json({"launch": launched, "agents": request.agents})
    else:
        say(f"Submitted {launched}: {_agents(request)}. Stop: wanllmdb launches stop {launched}")


def _print_document(text: str, engine: EngineName, as_json: bool) -> None:
    if as_json:
        print_json({"engine": engine, "document": text})
    else:
        put_document(text)


def _agents(request: LaunchRequest) -> str:
    return f"{request.agents} agent{'' if request.agents == 1 else 's'}"


def _number_of_agents(client: Client, sweep: Sweep, wanted: int) -> int:
    """Return the number of agents that the sweep can use, at most the wanted one."""
    usable = usable_agents(client, sweep)
    if usable is None or usable >= wanted:
        return wanted
    runs = "1 run" if usable == 1 else f"{usable} runs"
    say(f"note: sweep {sweep.sweep_id} has {runs} left, so {wanted} agents are too many", err=True)
    return usable


def _checked_command(on: EngineName, sweep: Sweep, command: list[str]) -> tuple[str, ...]:
    """Return the command, after the checks that an agent would do.

    Raises:
        typer.BadParameter: there is no command, or this host lacks its program.
    """
    if on is _LOCAL:
        template_of(command) if command else template_of_sweep(sweep)
    elif not (command or sweep.spec.program or sweep.spec.command):
        raise typer.BadParameter(
            f"sweep {sweep.sweep_id} names no program: give a command after `--`, as in `-- python "
            f"train.py`, or put `program: train.py` into the sweep's config"
        )
    return tuple(command)


def _settings(client: Client, registry: str, suggestion: str) -> dict[str, str]:
    """Return the variables with which agents reach the services."""
    settings = client.environment
    if registry:
        settings[_env.REGISTRY] = registry
    if suggestion:
        settings[_env.SUGGESTION] = suggestion
    return settings


def _variables(given: list[str] | tuple[()]) -> dict[str, str]:
    """Return the variables of `--env`.

    Raises:
        typer.BadParameter: one has no name, or no value here.
    """
    variables = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or (not equals and name not in os.environ):
            raise typer.BadParameter(
                f"--env {text}: give NAME=VALUE, or the name of a variable that is set here"
            )
        variables[name] = value if equals else os.environ[name]
    return variables


def _check_options(
    on: EngineName, options: dict[str, tuple[object, tuple[EngineName, ...]]]
) -> None:
    for option, (value, engines) in options.items():
        if value and on not in engines:
            names = " or ".join(engines)
            raise typer.BadParameter(f"{option} has an effect with --on {names} only")
