"""A sweep's changes as they come, until all has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from wanllmdb import (
    Checkpoint,
    Client,
    Run,
    RunChanged,
    RunState,
    Sweep,
    SweepChange,
    SweepChanged,
)
from wanllmdb._agent.console import PrintAtIntervals
from wanllmdb.cli import formats, tables
from wanllmdb.cli.console import escape, say, stdout
from wanllmdb.cli.documents import print_json_line, to_plain
from wanllmdb.cli.options import SweepId, client_of


def watch(
    context: typer.Context,
    sweep_id: SweepId,
    since_revision: Annotated[
        int, typer.Option(min=0, help="Only what changed after this revision.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line, for programs.")
    ] = False,
) -> None:
    """Follow a sweep until it has ended: its own changes and those of its runs."""
    remind = PrintAtIntervals(lambda line: say(line, err=True))
    with client_of(context) as client:
        sweep = client.get_sweep(sweep_id)
        changes = until_ended(
            client.watch_sweep(
                sweep_id,
                since_revision=since_revision,
                on_wait=lambda error: remind(f"waiting for the registry: {error.message}"),
            ),
            ended=sweep.state.is_final,
            running=_running(client, sweep_id) if since_revision else (),
        )
        try:
            if as_json:
                watch_as_json(changes)
            else:
                watch_as_lines(changes, tuple(metric.name for metric in sweep.spec.metrics))
        except KeyboardInterrupt:
            # The way out of a watch; what was printed is complete.
            raise typer.Exit(0) from None


def _running(client: Client, sweep_id: str) -> Iterable[int]:
    """What the watch will not tell of, since it was so before."""
    return [run.number for run in client.list_runs(sweep_id, states=[RunState.RUNNING])]


def watch_as_json(changes: Iterable[SweepChange]) -> None:
    """One line a change: revision, kind (sweep, run or checkpoint) and what changed."""
    for change in changes:
        line: dict[str, object] = {"revision": change.revision}
        if isinstance(change, SweepChanged):
            line |= {"kind": "sweep", "sweep": to_plain(change.sweep)}
        elif isinstance(change, RunChanged):
            line |= {"kind": "run", "run": to_plain(change.run)}
        else:
            line |= {"kind": "checkpoint"}
        print_json_line(line)


def watch_as_lines(changes: Iterable[SweepChange], metrics: tuple[str, ...]) -> None:
    """One line a move of the sweep or of a run; what only reports metrics is left out."""
    console = stdout()
    seen: dict[int | None, str] = {}
    for change in changes:
        if isinstance(change, SweepChanged):
            key, state, line = None, str(change.sweep.state), _sweep_line(change.sweep)
        elif isinstance(change, RunChanged):
            key, state = change.run.number, f"{change.run.state} {change.run.attempt}"
            line = run_line(change.run, metrics)
        else:
            continue
        if seen.get(key) != state:
            seen[key] = state
            console.print(line, soft_wrap=True)


def until_ended(
    changes: Iterable[SweepChange], *, ended: bool = False, running: Iterable[int] = ()
) -> Iterator[SweepChange]:
    """Stops once the sweep has ended and none of its runs goes on.

    Args:
        changes: What happens.
        ended: Whether the sweep had ended before.
        running: The runs that were under way before.
    """
    running = set(running)
    for change in changes:
        yield change
        if isinstance(change, SweepChanged):
            ended = change.sweep.state.is_final
        elif isinstance(change, RunChanged):
            if change.run.state == RunState.RUNNING:
                running.add(change.run.number)
            else:
                running.discard(change.run.number)
        # Only at a checkpoint is everything known that happened so far.
        elif isinstance(change, Checkpoint) and ended and not running:
            return


def _sweep_line(sweep: Sweep) -> str:
    return f"sweep    {formats.sweep_state(sweep.state)}"


def run_line(run: Run, metrics: tuple[str, ...]) -> str:
    """A run in one line, as rich markup."""
    names = metrics or ("objective",)
    values = zip(names, tables.values_so_far(run, names), strict=True)
    shown = "".join(
        f"  {escape(name)}={formats.number(value)}" for name, value in values if value is not None
    )
    # Why one was pruned is the rule of every sweep; why one failed, or is worth nothing, is news.
    is_news = run.state in (RunState.FAILED, RunState.LOST, RunState.FINISHED)
    error = f"  {formats.error(run.error.message)}" if run.error and is_news else ""
    return (
        f"run {run.number:<4} {formats.run_state(run.state)}{shown}  "
        f"[dim]{formats.parameters(run.parameters)}[/]{error}"
    )
