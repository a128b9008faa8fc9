"""`wanllmdb runs ...`: the runs of a sweep."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

import wanllmdb
from wanllmdb._shown import listed, shown
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import say, say_lines, stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.help import Group
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

app = typer.Typer(
    cls=Group, no_args_is_help=True, help="List, show, queue, import and export runs."
)


@app.command("ls")
def list_runs(
    context: typer.Context,
    sweep_id: SweepId,
    state: Annotated[
        list[wanllmdb.RunState] | None,
        typer.Option(help="List only runs in this state; repeatable."),
    ] = None,
    order: Annotated[
        wanllmdb.RunOrder, typer.Option(help="Order of the runs.")
    ] = wanllmdb.RunOrder.NUMBER_ASC,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="List at most this many runs. Default: 100; all with --json."),
    ] = None,
    prior: Annotated[
        bool,
        typer.Option("--prior", help="List the imported results instead of the sweep's own runs."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the runs of a sweep.

    Example: `wanllmdb runs ls SWEEP --state failed --limit 20`
    """
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
        say(f"There are more runs than the {len(runs)} shown: see --limit and --order.")


@app.command()
def show(
    context: typer.Context, run_id: RunId, run_number: Number = None, as_json: AsJson = False
) -> None:
    """Show a run: its state, parameters, last values and error."""
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
    name: Annotated[
        list[str] | None, typer.Option(help="Print only this metric; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the metrics of a run by step, as tab-separated columns."""
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
    name: Annotated[str | None, typer.Option(help="New name of the run.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=TEXT",
            help="A label; repeatable. The given labels replace all labels of the run.",
        ),
    ] = None,
    external_run_id: Annotated[
        str | None, typer.Option(help="Id of the run in an external tracker.")
    ] = None,
    if_revision: Annotated[
        int | None,
        typer.Option(help="Change nothing if the run has another revision, as `runs show` has it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a run's name, labels or link to an external tracker."""
    sweep_id, number = run_named(run_id, run_number)
    if name is None and label is None and external_run_id is None:
        raise typer.BadParameter(NOTHING_TO_CHANGE)
    with client_of(context) as client:
        run = client.update_run(
            sweep_id,
            number,
            name=wanllmdb.UNSET if name is None else name,
            labels=wanllmdb.UNSET if label is None else text_assignments(label),
            external_run_id=wanllmdb.UNSET if external_run_id is None else external_run_id,
            if_revision=if_revision,
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
        typer.Argument(metavar="[NAME=VALUE]...", help="Parameters of the run."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            help="Read many runs from JSON lines, one object of parameters per line; - reads "
            "standard input.",
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="Label of the queued runs; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue parameters to try next; the sampler chooses the parameters that are not given.

    Example: `wanllmdb runs enqueue SWEEP learning_rate=0.001 optimizer=adam`
    """
    if (file is None) == (not parameters):
        raise typer.BadParameter("give either NAME=VALUE parameters or --file")
    wanted = [assignments(parameters)] if parameters else _objects(file or "")
    labels = text_assignments(label or ())
    with client_of(context) as client:
        queued = client.enqueue_runs(
            sweep_id, [wanllmdb.EnqueuedRun(each, labels) for each in wanted]
        )
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
            raise typer.BadParameter(
                f"{file}, line {number}: the object is nested too deeply"
            ) from None
        if not isinstance(value, dict):
            raise typer.BadParameter(f"{file}, line {number}: not a JSON object")
        objects.append(value)
    return objects


# Numbers of runs in one message.
_MOST_NUMBERS = 20


@app.command()
def retry(
    context: typer.Context,
    sweep_id: RunId,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER...", min=0, help="Numbers of the runs."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Retry all failed runs.")] = False,
    lost: Annotated[
        bool,
        typer.Option(
            "--lost", help="Retry all lost runs: their agents stopped sending heartbeats."
        ),
    ] = False,
    canceled: Annotated[bool, typer.Option("--canceled", help="Retry all canceled runs.")] = False,
    pruned: Annotated[
        bool, typer.Option("--pruned", help="Retry all runs that early termination stopped.")
    ] = False,
    etag: Annotated[str, typer.Option(help="Retry only if the sweep still has this etag.")] = "",
    as_json: AsJson = False,
) -> None:
    """Queue runs again that ended without a result; a sweep that has ended restarts.

    Example: `wanllmdb runs retry SWEEP --failed --lost`

    The runs keep their numbers and parameters, so they count once against the cap, and they
    run before new ones. Finished runs have a result; to repeat their parameters use
    `runs enqueue`.
    """
    wanted = {
        wanllmdb.RunState.FAILED: failed,
        wanllmdb.RunState.LOST: lost,
        wanllmdb.RunState.CANCELED: canceled,
        wanllmdb.RunState.PRUNED: pruned,
    }
    states = [state for state, is_wanted in wanted.items() if is_wanted]
    if not numbers and not states and "-" in sweep_id:
        sweep_id, number = run_named(sweep_id, None)
        numbers = [number]
    if bool(numbers) == bool(states):
        raise typer.BadParameter(
            "give either numbers of runs or --failed, --lost, --canceled and --pruned"
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


def _all_in(
    client: wanllmdb.Client, sweep_id: str, states: list[wanllmdb.RunState], etag: str
) -> wanllmdb.RetriedRuns:
    """Retry all runs in these states, except runs that end during the calls."""
    done = client.retry_runs(sweep_id, states=states, etag=etag)
    numbers, remaining = list(done.numbers), done.remaining_runs
    while remaining > 0 and done.numbers:
        done = client.retry_runs(sweep_id, states=states)
        numbers += done.numbers
        remaining -= len(done.numbers)
    return wanllmdb.RetriedRuns(done.sweep, tuple(numbers), done.remaining_runs)


def _say_retried(done: wanllmdb.RetriedRuns) -> None:
    count = len(done.numbers)
    sweep = done.sweep
    say(f"Queued {_named(done.numbers)} again. The sweep is {sweep.state}.")
    say("Next:")
    # Without --count the agent would go on with new runs of the sweep.
    say(f"  wanllmdb agent {sweep.sweep_id} --count {count}")


@app.command()
def cancel(
    context: typer.Context,
    sweep_id: RunId,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER...", min=0, help="Numbers of the runs."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for people: the run's error shows it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Stop runs; the sweep and its agents continue.

    Example: `wanllmdb runs cancel SWEEP 3 7 --reason "diverges"`

    A queued run is canceled at once. The agent of a running run stops it within seconds and
    continues with the next run. Runs that have ended stay as they are.
    """
    if not numbers:
        sweep_id, number = run_named(sweep_id, None)
        numbers = [number]
    with client_of(context) as client:
        done = client.cancel_runs(sweep_id, sorted(set(numbers)), reason=reason)
    if as_json:
        print_json(done)
        return
    for found, what in (
        (done.canceled, "Canceled {}, which waited in the queue."),
        (done.stopping, "Stopping {}: the agent receives the command within seconds."),
        (done.ended, "Left {} alone: already ended."),
    ):
        if found:
            say(what.format(_named(found)))


def _named(numbers: Sequence[int]) -> str:
    """Return the runs by number, in a sentence."""
    listed = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    if len(numbers) > _MOST_NUMBERS:
        listed += f" and {len(numbers) - _MOST_NUMBERS:,} more"
    return f"run{'s' if len(numbers) > 1 else ''} {listed}"


def metric_names(client: wanllmdb.Client, sweep_id: str) -> tuple[str, ...]:
    """Return the names of the sweep's metrics; "objective" for a sweep without metrics."""
    names = tuple(metric.name for metric in client.get_sweep(sweep_id).spec.metrics)
    return names or ("objective",)


def print_prior_runs(
    client: wanllmdb.Client, sweep_id: str, most: int | None, as_json: bool
) -> None:
    """Print the results that were imported into a sweep, at most `most`."""
    runs = list(itertools.islice(client.list_prior_runs(sweep_id), most))
    if as_json:
        print_json(runs)
    elif not runs:
        say(f"No prior runs. Import some: wanllmdb runs import {sweep_id} FILE.csv")
    else:
        stdout().print(tables.prior_runs_table(runs, metrics=metric_names(client, sweep_id)))


def print_runs(runs: Sequence[wanllmdb.Run], metrics: Sequence[str]) -> None:
    """Print a table of runs, as wide as the terminal."""
    console = stdout()
    console.print(tables.runs_table(runs, metrics=metrics, width=console.width))


app.command("export")(export_runs)
app.command("import")(import_runs)
