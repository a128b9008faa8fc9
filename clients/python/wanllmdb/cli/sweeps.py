"""`wanllmdb sweep ...`: sweeps as a whole."""

from __future__ import annotations

import contextlib
import itertools
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import confirm, put_document, say, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import (
    AsJson,
    SkipUnfit,
    SweepId,
    assignments,
    client_of,
    config_of,
    named_sweep,
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
        str | None,
        typer.Argument(help="The sweep's config in YAML or JSON; - reads standard input."),
    ] = None,
    template: Annotated[
        str, typer.Option(help="Create the sweep from this template instead of a file.")
    ] = "",
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Value for a placeholder of --template; repeatable."
        ),
    ] = None,
    project: Annotated[
        str,
        typer.Option(
            help="Project of the sweep. Default: the project in the config, else 'default'."
        ),
    ] = "",
    name: Annotated[
        str, typer.Option(help="Name of the sweep. Default: the name in the config.")
    ] = "",
    prior_sweep: Annotated[
        str,
        typer.Option(
            metavar="SWEEP",
            parser=_or_none,
            help="Import the results of this sweep, to inform the sampler.",
        ),
    ] = "",
    prior_runs: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Import the results in this .csv or .jsonl file, to inform the sampler.",
        ),
    ] = "",
    skip_unfit: SkipUnfit = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the sweep's id.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create a sweep from a config file or a template.

    Examples: `wanllmdb sweep create sweep.yaml --project vision`;
    `wanllmdb sweep create --template TEMPLATE --set epochs=27`
    """
    use: wanllmdb.TemplateUse | None = None
    if template:
        if file is not None:
            raise typer.BadParameter("give either a config file or --template, not both")
        use = wanllmdb.TemplateUse(template, assignments(values or ()))
    elif file is None:
        raise typer.BadParameter("give a config file, or --template NAME")
    elif values:
        raise typer.BadParameter("--set needs --template")
    if prior_sweep and prior_runs:
        raise typer.BadParameter(
            "give either --prior-sweep or --prior-runs; use `runs import` for the other one"
        )
    source: wanllmdb.PriorRunSource | None = None
    if prior_sweep:
        source = wanllmdb.PriorSweep(prior_sweep)
    elif prior_runs:
        source = runs_at_once(prior_runs)
    with contextlib.ExitStack() as stack:
        config = use or stack.enter_context(config_of(file or "-"))
        client = stack.enter_context(client_of(context))
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
    project: Annotated[str, typer.Option(help="List only sweeps of this project.")] = "",
    state: Annotated[
        list[wanllmdb.SweepState] | None,
        typer.Option(help="List only sweeps in this state; repeatable."),
    ] = None,
    method: Annotated[
        list[wanllmdb.Method] | None,
        typer.Option(help="List only sweeps with this method; repeatable."),
    ] = None,
    query: Annotated[
        str,
        typer.Option(help="List only sweeps whose name, id or description contains this text."),
    ] = "",
    order: Annotated[
        wanllmdb.SweepOrder, typer.Option(help="Order of the sweeps.")
    ] = wanllmdb.SweepOrder.CREATE_TIME_DESC,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="List at most this many sweeps. Default: 50; all with --json."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List sweeps, newest first."""
    most = limit if limit is not None or as_json else 50
    with client_of(context) as client:
        found = client.list_sweeps(
            project=project,
            states=state or (),
            methods=method or (),
            query=query,
            order=order,
            view=wanllmdb.SweepView.FULL if as_json else wanllmdb.SweepView.BASIC,
        )
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
    """Start a pending sweep; the first agent does this automatically."""
    with client_of(context) as client:
        print_moved(client.start_sweep(sweep_id), as_json)


@app.command()
def pause(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Pause a sweep: agents get no new runs, and running runs continue to their end."""
    with client_of(context) as client:
        print_moved(client.pause_sweep(sweep_id), as_json)


@app.command()
def resume(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Resume a paused sweep."""
    with client_of(context) as client:
        print_moved(client.resume_sweep(sweep_id), as_json)


@app.command()
def finish(
    context: typer.Context,
    sweep_id: SweepId,
    message: Annotated[str, typer.Option(help="Reason for the end, stored with the sweep.")] = "",
    as_json: AsJson = False,
) -> None:
    """Finish a sweep: agents get no new runs, and running runs continue to their end."""
    with client_of(context) as client:
        print_moved(client.finish_sweep(sweep_id, message=message), as_json)


@app.command()
def cancel(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Cancel a sweep: its running runs are stopped."""
    with client_of(context) as client:
        print_moved(client.cancel_sweep(sweep_id), as_json)


@app.command()
def delete(
    context: typer.Context,
    sweep_id: SweepId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a sweep with all its runs and metrics, permanently."""
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
        wanllmdb.ConfigFormat, typer.Option("--format", help="Format of the config.")
    ] = wanllmdb.ConfigFormat.YAML,
    as_json: Annotated[bool, typer.Option("--json", help="Same as --format json.")] = False,
) -> None:
    """Print a sweep's config; `sweep create` makes an equal sweep of it."""
    with client_of(context) as client:
        text = client.export_sweep(
            sweep_id, wanllmdb.ConfigFormat.JSON if as_json else config_format
        )
    put_document(text.rstrip("\n") + "\n")


def _confirm_delete(client: wanllmdb.Client, sweep_id: str) -> None:
    sweep = client.get_sweep(sweep_id)
    confirm(f"Delete sweep {sweep_id} ({sweep.name}, {sweep.stats.total_runs} runs) permanently?")
