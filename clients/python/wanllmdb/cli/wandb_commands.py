"""`wanllmdb sweep FILE`: the sweep commands in W&B's syntax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer
import typer.main

import wanllmdb
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import is_there
from wanllmdb._ids import run_of
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import MARKUP, Group
from wanllmdb.cli.options import AsJson, client_of, config_of, named_sweep
from wanllmdb.cli.sweep_update import print_created, print_moved

_MOVES = ("--stop", "--cancel", "--pause", "--resume")
_SUFFIXES = (".yaml", ".yml", ".json")


class SweepGroup(Group):
    """The sweep commands; passes command lines in W&B's syntax to `wandb_sweep`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the remaining arguments; see typer."""
        if self._is_wandbs(args):
            # The options belong to the command, not to the group.
            args = ["--", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command and its arguments; see typer."""
        if self._is_wandbs(args):
            app = typer.Typer(rich_markup_mode=MARKUP)
            app.command()(wandb_sweep)
            return "", typer.main.get_command(app), args
        return super().resolve_command(ctx, args)

    def _is_wandbs(self, args: Sequence[str]) -> bool:
        if not args or args[0] in self.commands or args[0] in ("-h", "--help"):
            return False
        first = args[0]
        return (
            first.startswith("-")
            or first.lower().endswith(_SUFFIXES)
            or is_there(first)
            or any(move in args for move in _MOVES)
        )


def wandb_sweep(
    context: typer.Context,
    file_or_sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|SWEEP", help="A config file to create a sweep from, or a sweep's id."
        ),
    ] = None,
    project: Annotated[str, typer.Option("--project", "-p", help="Project of the new sweep.")] = "",
    entity: Annotated[str, typer.Option("--entity", "-e", help="Ignored.")] = "",
    name: Annotated[str, typer.Option(help="Name of the sweep.")] = "",
    program: Annotated[
        str, typer.Option(help="Program of the sweep, instead of the one in the config.")
    ] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Same as `sweep finish`.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Same as `sweep cancel`.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Same as `sweep pause`.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Same as `sweep resume`.")] = False,
    update: Annotated[
        str, typer.Option(metavar="SWEEP", help="Change this sweep to the config in the file.")
    ] = "",
    prior_run: Annotated[
        list[str] | None,
        typer.Option(
            "--prior_run",
            "--prior-run",
            "-R",
            metavar="RUN",
            help="Import the result of this run, for example SWEEP-3; repeatable.",
        ),
    ] = None,
    controller: Annotated[bool, typer.Option("--controller", help="Ignored.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Ignored.")] = False,
    settings: Annotated[str, typer.Option(help="Ignored.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create, change, stop, cancel, pause or resume a sweep, in the syntax of W&B's program.

    `wanllmdb sweep -h` lists the commands that do the same.
    """
    del verbose
    _say_ignored(entity=entity, controller=controller, settings=settings)
    moves = [
        move for move, asked in zip(_MOVES, (stop, cancel, pause, resume), strict=True) if asked
    ]
    if file_or_sweep is None:
        raise typer.BadParameter(f"give a config file, or a sweep's id after {' or '.join(_MOVES)}")
    if len(moves) + bool(update) > 1:
        given = [*moves, *(["--update"] if update else [])]
        raise typer.BadParameter(f"give one of {', '.join(given)}")
    with client_of(context) as client:
        if moves:
            sweep = _moved(client, moves[0], named_sweep(file_or_sweep))
            print_moved(sweep, as_json)
        elif update:
            _update(client, named_sweep(update), file_or_sweep, name, as_json)
        else:
            created = _create(client, file_or_sweep, project, name, program, prior_run or ())
            if as_json:
                print_json(created)
            else:
                print_created(created)


def _say_ignored(*, entity: str, controller: bool, settings: str) -> None:
    if entity:
        say("note: --entity is ignored: only projects separate sweeps", err=True)
    if controller:
        say("note: --controller is ignored: the suggestion service controls sweeps", err=True)
    if settings:
        say("note: --settings is ignored: `wanllmdb -h` lists the options", err=True)


def _moved(client: wanllmdb.Client, move: str, sweep_id: str) -> wanllmdb.Sweep:
    match move:
        case "--stop":
            return client.finish_sweep(sweep_id)
        case "--cancel":
            return client.cancel_sweep(sweep_id)
        case "--pause":
            return client.pause_sweep(sweep_id)
        case _:
            return client.resume_sweep(sweep_id)


def _create(
    client: wanllmdb.Client,
    file: str,
    project: str,
    name: str,
    program: str,
    prior_runs: Sequence[str],
) -> wanllmdb.CreatedSweep:
    priors = [_prior(client, each) for each in prior_runs] or None
    warnings: tuple[str, ...] = ()
    description = ""
    with config_of(file) as text:
        config: str | wanllmdb.SweepSpec = text
        if program:
            parsed = client.parse_sweep_config(text)
            config = replace(parsed.spec, program=program)
            project, name = project or parsed.project, name or parsed.name
            warnings, description = parsed.warnings, parsed.description
        created = client.create_sweep(
            config, project=project, name=name, description=description, prior_runs=priors
        )
    return replace(created, warnings=(*warnings, *created.warnings))


def _prior(client: wanllmdb.Client, run_id: str) -> wanllmdb.PriorRun:
    try:
        sweep_id, number = run_of(run_id)
    except InvalidArgumentError as error:
        raise typer.BadParameter(error.message) from None
    # Imported here because it loads protobuf, which a help text does not need.
    from wanllmdb._types.prior_runs import as_prior

    return as_prior(client.get_run(sweep_id, number))


def _update(client: wanllmdb.Client, sweep_id: str, file: str, name: str, as_json: bool) -> None:
    with config_of(file) as text:
        parsed = client.parse_sweep_config(text)
    sweep = client.get_sweep(sweep_id)
    fixed = _fixed(sweep.spec, parsed.spec)
    if fixed:
        raise typer.BadParameter(
            f"{file} changes the {' and '.join(fixed)}, which no update may change: create a new "
            f"sweep that imports its results: wanllmdb sweep create {file} --prior-sweep {sweep_id}"
        )
    changes = _changes(sweep, parsed.spec, name or parsed.name, parsed.description)
    if not changes:
        raise typer.BadParameter(f"nothing to change: the sweep already has the config in {file}")
    updated = client.update_sweep(sweep_id, etag=sweep.etag, **changes)
    if as_json:
        print_json(updated)
        return
    say(f"Changed sweep {sweep_id}: {', '.join(changes).replace('_', ' ')}.")
    for warning in updated.warnings:
        say(f"  note: {warning}")


def _fixed(old: wanllmdb.SweepSpec, new: wanllmdb.SweepSpec) -> list[str]:
    """Return the parts of the config that differ and that no update can change."""
    same = {
        "method": old.method == new.method,
        "sampler": old.sampler == new.sampler,
        "metric": [replace(each, target=None) for each in old.metrics]
        == [replace(each, target=None) for each in new.metrics],
        "program": old.program == new.program,
        "command": old.command == new.command,
    }
    return [key for key, is_same in same.items() if not is_same]


def _changes(
    sweep: wanllmdb.Sweep, new: wanllmdb.SweepSpec, name: str, description: str
) -> Mapping[str, Any]:
    """Return the arguments of `Client.update_sweep`."""
    old = sweep.spec
    changes: dict[str, Any] = {
        key: getattr(new, key)
        for key in (
            "run_cap",
            "early_termination",
            "terminator",
            "retries",
            "max_failed_runs",
            "search_space",
        )
        if getattr(new, key) != getattr(old, key)
    }
    targets = {
        after.name: after.target
        for before, after in zip(old.metrics, new.metrics, strict=True)
        if before.target != after.target
    }
    if targets:
        changes["targets"] = targets
    if name and name != sweep.name:
        changes["name"] = name
    if description and description != sweep.description:
        changes["description"] = description
    return changes
