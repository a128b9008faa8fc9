"""`wanllmdb runs ...`: the runs of a sweep."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from wanllmdb import UNSET, Client, EnqueuedRun, RetriedRuns, Run, RunOrder, RunState
from wanllmdb._shown import listed, shown
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import say, say_lines, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import (
    NOTHING_TO_CHANGE,
    AsJson,
    Number,
    RunId,
    SweepId,
    assignments,
    client_of,
    read_file,
    run_named,
    text_assignments,
)
from wanllmdb.cli.runs_export import export_runs
from wanllmdb.cli.runs_import import import_runs

app = typer.Typer(no_args_is_help=True, help="List, show, queue, import and export runs.")


@app.command("ls")
def list_runs(
    context: typer.Context,
    sweep_id: SweepId,
    state: Annotated[
        list[RunState] | None, typer.Option(help="Only runs in this state; repeatable.")
    ] = None,
    order: Annotated[RunOrder, typer.Option(help="The order.")] = RunOrder.NUMBER_ASC,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many. Default: 100; all with --json.")
    ] = None,
    prior: Annotated[
        bool, typer.Option("--prior", help="What was imported, instead of the sweep's own runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the runs of a sweep."""
    most = limit if limit is not None or as_json else 100
    with client_of(context) as client:
        if prior:
            print_prior_runs(client, sweep_id, most, as_json)
            return
        found = client.list_runs(sweep_id, states=state or (), order=order)
        if as_json:
            print_json(list(itertools.islice(found, most)))
            return
        metrics = metric_names(client, sweep_id)
        runs = list(itertools.islice(found, most))
        more = next(found, None) is not None
    if not runs:
        say(f"No runs. Start an agent: wanllmdb agent {sweep_id} -- python train.py")
        return
    print_runs(runs, metrics)
    if more:
        say(f"There are more than these {len(runs)}: see --limit and --order.")


@app.command()
def show(
    context: typer.Context, run_id: RunId, run_number: Number = None, as_json: AsJson = False
) -> None:
    """Show a run: its state, parameters, last values and what went wrong."""
    sweep_id, number = run_named(run_id, run_number)
    with client_of(context) as client:
        run = client.get_run(sweep_id, number)
        if as_json:
            print_json(run)
            return
        metrics = metric_names(client, sweep_id)
    stdout().print(details.run(run, metrics))


@app.command()
def metrics(
    context: typer.Context,
    run_id: RunId,
    run_number: Number = None,
    name: Annotated[list[str] | None, typer.Option(help="Only this metric; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what a run reported, step by step, as tab-separated columns."""
    sweep_id, number = run_named(run_id, run_number)
    with client_of(context) as client:
        histories = client.get_metric_history(sweep_id, number, names=name or ())
    if as_json:
        print_json(histories)
        return
    names = sorted(histories)
    by_step: dict[int, dict[str, float]] = {}
    for key in names:
        for point in histories[key].points:
            by_step.setdefault(point.step, {})[key] = point.value
    say_lines("\t".join(["step", *map(shown, names)]))
    for step in sorted(by_step):
        values = (f"{by_step[step][key]!r}" if key in by_step[step] else "" for key in names)
        say_lines("\t".join([str(step), *values]))


@app.command()
def update(
    context: typer.Context,
    run_id: RunId,
    run_number: Number = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="A label; repeatable. They replace all labels."),
    ] = None,
    external_run_id: Annotated[
        str | None, typer.Option(help="The run of an outside tracker that it is linked to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a run's name, labels or link."""
    sweep_id, number = run_named(run_id, run_number)
    if name is None and label is None and external_run_id is None:
        raise typer.BadParameter(NOTHING_TO_CHANGE)
    with client_of(context) as client:
        run = client.update_run(
            sweep_id,
            number,
            name=UNSET if name is None else name,
            labels=UNSET if label is None else text_assignments(label),
            external_run_id=UNSET if external_run_id is None else external_run_id,
        )
    if as_json:
        print_json(run)
    else:
        say(f"Changed run {number} of sweep {sweep_id}.")


@app.command()
def enqueue(
    context: typer.Context,
    sweep_id: SweepId,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="Parameters of one run."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(help="JSON lines instead: an object of parameters a run; - reads stdin."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=TEXT", help="A label; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue parameters to be tried next; the sampler completes those that are not given.

    Example: `wanllmdb runs enqueue SWEEP learning_rate=0.001 optimizer=adam`
    """
    if (file is None) == (not parameters):
        raise typer.BadParameter("give NAME=VALUE parameters, or --file")
    wanted = [assignments(parameters)] if parameters else _objects(file or "")
    labels = text_assignments(label or ())
    with client_of(context) as client:
        queued = client.enqueue_runs(sweep_id, [EnqueuedRun(each, labels) for each in wanted])
    if as_json:
        print_json(queued)
    else:
        numbers = listed([str(run.number) for run in queued])
        say(f"Queued run{'s' if len(queued) > 1 else ''} {numbers}.")


def _objects(file: str) -> list[dict[str, Any]]:
    objects = []
    for number, line in enumerate(read_file(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise typer.BadParameter(f"{file}, line {number}: {error}") from None
        except RecursionError:
            raise typer.BadParameter(f"{file}, line {number}: is nested too deeply") from None
        if not isinstance(value, dict):
            raise typer.BadParameter(f"{file}, line {number}: is no JSON object")
        objects.append(value)
    return objects


# Of numbers that are printed.
_MOST_NUMBERS = 20


@app.command()
def retry(
    context: typer.Context,
    sweep_id: RunId,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER...", min=0, help="The runs, by number."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All runs that failed.")] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="All runs whose agents fell silent.")
    ] = False,
    canceled: Annotated[
        bool, typer.Option("--canceled", help="All runs that were canceled.")
    ] = False,
    pruned: Annotated[
        bool, typer.Option("--pruned", help="All runs that early termination stopped.")
    ] = False,
    etag: Annotated[str, typer.Option(help="Retry nothing if the sweep has another one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hand out runs again that ended without a result; a sweep that has ended runs again.

    Example: `wanllmdb runs retry SWEEP --failed --lost`

    The runs keep their numbers and parameters, so they count once against the cap, and they
    come before new ones. A finished run has a result: `runs enqueue` tries its parameters again.
    """
    wanted = {
        RunState.FAILED: failed,
        RunState.LOST: lost,
        RunState.CANCELED: canceled,
        RunState.PRUNED: pruned,
    }
    states = [state for state, is_wanted in wanted.items() if is_wanted]
    if not numbers and not states and "-" in sweep_id:
        sweep_id, number = run_named(sweep_id, None)
        numbers = [number]
    if bool(numbers) == bool(states):
        raise typer.BadParameter(
            "give the numbers of runs, or some of --failed, --lost, --canceled and --pruned"
        )
    with client_of(context) as client:
        if numbers:
            done = client.retry_runs(sweep_id, numbers, etag=etag)
        else:
            done = _all_in(client, sweep_id, states, etag)
    if as_json:
        print_json(done)
    elif not done.numbers:
        say(f"Nothing to retry: no run of sweep {sweep_id} is {' or '.join(states)}.")
    else:
        _say_retried(done)


def _all_in(client: Client, sweep_id: str, states: list[RunState], etag: str) -> RetriedRuns:
    """As many calls as it takes; runs that end meanwhile are left to the next retry."""
    done = client.retry_runs(sweep_id, states=states, etag=etag)
    numbers, remaining = list(done.numbers), done.remaining_runs
    while remaining > 0 and done.numbers:
        done = client.retry_runs(sweep_id, states=states)
        numbers += done.numbers
        remaining -= len(done.numbers)
    return RetriedRuns(done.sweep, tuple(numbers), done.remaining_runs)


def _say_retried(done: RetriedRuns) -> None:
    count = len(done.numbers)
    listed = ", ".join(map(str, done.numbers[:_MOST_NUMBERS]))
    if count > _MOST_NUMBERS:
        listed += f" and {count - _MOST_NUMBERS:,} more"
    sweep = done.sweep
    say(f"Queued run{'s' if count > 1 else ''} {listed} again. The sweep is {sweep.state}.")
    say("Next:")
    # Further ones follow where the sweep has any; who wants these alone says so.
    say(f"  wanllmdb agent {sweep.sweep_id} --count {count}")


def metric_names(client: Client, sweep_id: str) -> tuple[str, ...]:
    """The names of the sweep's metrics; "objective" where it has none."""
    names = tuple(metric.name for metric in client.get_sweep(sweep_id).spec.metrics)
    return names or ("objective",)


def print_prior_runs(client: Client, sweep_id: str, most: int | None, as_json: bool) -> None:
    """Prints what was imported into a sweep, at most so many runs."""
    runs = list(itertools.islice(client.list_prior_runs(sweep_id), most))
    if as_json:
        print_json(runs)
    elif not runs:
        say(f"No prior runs. Import some: wanllmdb runs import {sweep_id} FILE.csv")
    else:
        stdout().print(tables.prior_runs_table(runs, metrics=metric_names(client, sweep_id)))


def print_runs(runs: Sequence[Run], metrics: Sequence[str]) -> None:
    """Prints the table, as wide as the terminal."""
    console = stdout()
    console.print(tables.runs_table(runs, metrics=metrics, width=console.width))


app.command("export")(export_runs)
app.command("import")(import_runs)
