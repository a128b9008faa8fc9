"""`wanllmdb runs retry`: runs that ended without a result are handed out again."""

from __future__ import annotations

from typing import Annotated

import typer

from wanllmdb import Client, RetriedRuns, RunState
from wanllmdb.cli.connection import client_of
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, RunId, run_named

# Of numbers that are printed.
_MOST_NUMBERS = 20


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
