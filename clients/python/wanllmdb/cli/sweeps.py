"""`wanllmdb sweep ...`: sweeps as a whole."""

from __future__ import annotations

import itertools
from typing import Annotated

import typer

from wanllmdb import (
    Client,
    ConfigFormat,
    Method,
    PriorRunSource,
    PriorSweep,
    SweepState,
    TemplateUse,
)
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import confirm, put_document, say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import (
    AsJson,
    SkipUnfit,
    SweepId,
    assignments,
    client_of,
    named_sweep,
    read_file,
)
from wanllmdb.cli.runs_import import runs_at_once
from wanllmdb.cli.sweep_update import print_created, print_moved, update
from wanllmdb.cli.wandb_commands import SweepGroup

app = typer.Typer(
    cls=SweepGroup, no_args_is_help=True, help="Create, show, steer and export sweeps."
)
app.command("update")(update)


def _or_none(text: str) -> str:
    return named_sweep(text) if text else ""


@app.command()
def create(
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="The config, YAML or JSON; - reads standard input.")
    ] = None,
    template: Annotated[
        str, typer.Option(help="Use this template of the server instead of a file.")
    ] = "",
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A template's value; repeatable."),
    ] = None,
    project: Annotated[
        str, typer.Option(help="The project. Default: the config's, else 'default'.")
    ] = "",
    name: Annotated[str, typer.Option(help="A name for people. Default: the config's.")] = "",
    prior_sweep: Annotated[
        str,
        typer.Option(
            metavar="SWEEP", parser=_or_none, help="Start with the results of this sweep."
        ),
    ] = "",
    prior_runs: Annotated[
        str, typer.Option(metavar="FILE", help="Start with the results in a .csv or .jsonl file.")
    ] = "",
    skip_unfit: SkipUnfit = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the id alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a sweep from a config file or a template."""
    config: str | TemplateUse
    if template:
        if file is not None:
            raise typer.BadParameter("give a file or --template, not both")
        config = TemplateUse(template, assignments(values or ()))
    elif file is None:
        raise typer.BadParameter("give a config file, or --template NAME")
    elif values:
        raise typer.BadParameter("--set goes with --template")
    else:
        config = read_file(file)
    if prior_sweep and prior_runs:
        raise typer.BadParameter("give --prior-sweep or --prior-runs; import the other one later")
    source: PriorRunSource | None = None
    if prior_sweep:
        source = PriorSweep(prior_sweep)
    elif prior_runs:
        source = runs_at_once(prior_runs)
    with client_of(context) as client:
        created = client.create_sweep(
            config, project=project, name=name, prior_runs=source, skip_unfit=skip_unfit
        )
    if as_json:
        print_json(created)
    elif quiet:
        say(created.sweep.sweep_id)
    else:
        print_created(created)


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
        say("No sweeps. Create one: wanllmdb sweep create sweep.yaml")
    else:
        console = stdout()
        console.print(tables.sweeps_table(sweeps, width=console.width))


@app.command()
def show(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Show a sweep: its state, counters, best run and search space."""
    with client_of(context) as client:
        sweep = client.get_sweep(sweep_id)
    if as_json:
        print_json(sweep)
    else:
        stdout().print(details.sweep(sweep))


@app.command()
def start(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Start a pending sweep. The first agent does this by itself."""
    with client_of(context) as client:
        print_moved(client.start_sweep(sweep_id), as_json)


@app.command()
def pause(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Hand out nothing new; running runs may end."""
    with client_of(context) as client:
        print_moved(client.pause_sweep(sweep_id), as_json)


@app.command()
def resume(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Go on with a paused sweep."""
    with client_of(context) as client:
        print_moved(client.resume_sweep(sweep_id), as_json)


@app.command()
def finish(
    context: typer.Context,
    sweep_id: SweepId,
    message: Annotated[str, typer.Option(help="Why, for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """End a sweep as finished; running runs may end."""
    with client_of(context) as client:
        print_moved(client.finish_sweep(sweep_id, message=message), as_json)


@app.command()
def cancel(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """End a sweep now; running runs are told to stop."""
    with client_of(context) as client:
        print_moved(client.cancel_sweep(sweep_id), as_json)


@app.command()
def delete(
    context: typer.Context,
    sweep_id: SweepId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a sweep with all its runs and metrics, for good."""
    with client_of(context) as client:
        if not yes:
            _confirm_delete(client, sweep_id)
        client.delete_sweep(sweep_id)
    if as_json:
        print_json({"deleted": sweep_id})
    else:
        say(f"Deleted sweep {sweep_id}.")


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
    put_document(text.rstrip("\n") + "\n")


def _confirm_delete(client: Client, sweep_id: str) -> None:
    sweep = client.get_sweep(sweep_id)
    confirm(f"Delete sweep {sweep_id} ({sweep.name}, {sweep.stats.total_runs} runs) for good?")
