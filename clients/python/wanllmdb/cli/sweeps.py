"""`wanllmdb sweep ...`: sweeps as a whole."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Annotated

import typer

from wanllmdb import Client, ConfigFormat, CreatedSweep, Method, Sweep, SweepState
from wanllmdb.cli import tables
from wanllmdb.cli.connection import client_of
from wanllmdb.cli.console import stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, SweepId

app = typer.Typer(no_args_is_help=True, help="Create, show, steer and export sweeps.")


@app.command()
def create(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The config, YAML or JSON; - reads standard input.")],
    project: Annotated[
        str, typer.Option(help="The project. Default: the config's, else 'default'.")
    ] = "",
    name: Annotated[str, typer.Option(help="A name for people. Default: the config's.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a sweep from a config file."""
    text = _read(file)
    with client_of(context) as client:
        created = client.create_sweep(text, project=project, name=name)
    if as_json:
        print_json(created)
    else:
        _print_created(created)


@app.command("ls")
def list_sweeps(
    context: typer.Context,
    project: Annotated[str, typer.Option(help="Only sweeps of this project.")] = "",
    state: Annotated[
        list[SweepState] | None, typer.Option(help="Only sweeps in this state; repeatable.")
    ] = None,
    method: Annotated[
        list[Method] | None, typer.Option(help="Only sweeps with this method; repeatable.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many. Default: 50; all with --json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List sweeps, newest first."""
    most = limit if limit is not None or as_json else 50
    with client_of(context) as client:
        found = client.list_sweeps(project=project, states=state or (), methods=method or ())
        sweeps = list(itertools.islice(found, most))
    if as_json:
        print_json(sweeps)
    elif not sweeps:
        typer.echo("No sweeps. Create one: wanllmdb sweep create sweep.yaml")
    else:
        stdout().print(tables.sweeps_table(sweeps))


@app.command()
def show(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Show a sweep: its state, counters, best run and search space."""
    with client_of(context) as client:
        sweep = client.get_sweep(sweep_id)
    if as_json:
        print_json(sweep)
    else:
        stdout().print(tables.sweep_details(sweep))


@app.command()
def start(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Start a pending sweep. The first agent does this by itself."""
    with client_of(context) as client:
        _print_moved(client.start_sweep(sweep_id), as_json)


@app.command()
def pause(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Hand out nothing new; running runs may end."""
    with client_of(context) as client:
        _print_moved(client.pause_sweep(sweep_id), as_json)


@app.command()
def resume(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Go on with a paused sweep."""
    with client_of(context) as client:
        _print_moved(client.resume_sweep(sweep_id), as_json)


@app.command()
def finish(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """End a sweep as finished; running runs may end."""
    with client_of(context) as client:
        _print_moved(client.finish_sweep(sweep_id), as_json)


@app.command()
def cancel(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """End a sweep now; running runs are told to stop."""
    with client_of(context) as client:
        _print_moved(client.cancel_sweep(sweep_id), as_json)


@app.command()
def delete(
    context: typer.Context,
    sweep_id: SweepId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Delete a sweep with all its runs and metrics, for good."""
    with client_of(context) as client:
        if not yes:
            _confirm_delete(client, sweep_id)
        client.delete_sweep(sweep_id)
    typer.echo(f"Deleted sweep {sweep_id}.")


@app.command()
def export(
    context: typer.Context,
    sweep_id: SweepId,
    config_format: Annotated[
        ConfigFormat, typer.Option("--format", help="The form of the config.")
    ] = ConfigFormat.YAML,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print a sweep's config; creating a sweep from it gives an equal one."""
    with client_of(context) as client:
        text = client.export_sweep(sweep_id, ConfigFormat.JSON if as_json else config_format)
    typer.echo(text.rstrip("\n"))


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text: {error.reason}") from error


def _print_created(created: CreatedSweep) -> None:
    sweep = created.sweep
    typer.echo(f"Created sweep {sweep.sweep_id}: {sweep.name}, in project {sweep.project}.")
    for warning in created.warnings:
        typer.echo(f"  note: {warning}")
    if created.grid_size is not None:
        typer.echo(f"  The grid has {created.grid_size} points.")
    typer.echo("Next:")
    typer.echo(f"  wanllmdb agent {sweep.sweep_id} -- python train.py")


def _print_moved(sweep: Sweep, as_json: bool) -> None:
    if as_json:
        print_json(sweep)
    else:
        typer.echo(f"Sweep {sweep.sweep_id} is {sweep.state}.")


def _confirm_delete(client: Client, sweep_id: str) -> None:
    sweep = client.get_sweep(sweep_id)
    typer.confirm(
        f"Delete sweep {sweep_id} ({sweep.name}, {sweep.stats.total_runs} runs) for good?",
        abort=True,
    )
