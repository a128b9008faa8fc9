"""`wanllmdb watch`: prints a sweep's changes as they happen, until the sweep has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli import formats, tables
from wanllmdb.cli.console import escape, say, stdout
from wanllmdb.cli.documents import print_json_line, to_plain
from wanllmdb.cli.options import SweepId, client_of


def watch(
    context: typer.Context,
    sweep_id: SweepId,
    since_revision: Annotated[
        int, typer.Option(min=0, help="Print only changes after this revision.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document per line.")
    ] = False,
) -> None:
    """Follow the changes of a sweep and its runs until the sweep has ended.

    Example: `wanllmdb watch SWEEP`
    """
    # Imported here because it loads gRPC, which a help text does not need.
    from wanllmdb._agent.console import PrintAtIntervals

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
            # Ctrl-C is the normal way to end a watch; each printed line is complete.
            raise typer.Exit(0) from None


def _running(client: wanllmdb.Client, sweep_id: str) -> Iterable[int]:
    """Return the running runs, which the watch does not report because they did not change."""
    return [run.number for run in client.list_runs(sweep_id, states=[wanllmdb.RunState.RUNNING])]


def watch_as_json(changes: Iterable[wanllmdb.SweepChange]) -> None:
    """Print one line per change: revision, kind (sweep, run or checkpoint), and the new state."""
    for change in changes:
        line: dict[str, object] = {"revision": change.revision}
        if isinstance(change, wanllmdb.SweepChanged):
            line |= {"kind": "sweep", "sweep": to_plain(change.sweep)}
        elif isinstance(change, wanllmdb.RunChanged):
            line |= {"kind": "run", "run": to_plain(change.run)}
        else:
            line |= {"kind": "checkpoint"}
        print_json_line(line)


def watch_as_lines(changes: Iterable[wanllmdb.SweepChange], metrics: tuple[str, ...]) -> None:
    """Print one line per change of state; changes that only report metrics are left out."""
    console = stdout()
    seen: dict[int | None, str] = {}
    for change in changes:
        if isinstance(change, wanllmdb.SweepChanged):
            key, state, line = None, str(change.sweep.state), _sweep_line(change.sweep)
        elif isinstance(change, wanllmdb.RunChanged):
            key, state = change.run.number, f"{change.run.state} {change.run.attempt}"
            line = run_line(change.run, metrics)
        else:
            continue
        if seen.get(key) != state:
            seen[key] = state
            console.print(line, soft_wrap=True)


def until_ended(
    changes: Iterable[wanllmdb.SweepChange], *, ended: bool = False, running: Iterable[int] = ()
) -> Iterator[wanllmdb.SweepChange]:
    """Yield changes until the sweep has ended and none of its runs is running.

    Args:
        changes: The changes of the sweep and its runs.
        ended: Whether the sweep had already ended.
        running: The runs that were already running.
    """
    running = set(running)
    for change in changes:
        yield change
        if isinstance(change, wanllmdb.SweepChanged):
            ended = change.sweep.state.is_final
        elif isinstance(change, wanllmdb.RunChanged):
            if change.run.state == wanllmdb.RunState.RUNNING:
                running.add(change.run.number)
            else:
                running.discard(change.run.number)
        # Only a checkpoint guarantees that all earlier changes have arrived.
        elif isinstance(change, wanllmdb.Checkpoint) and ended and not running:
            return


def _sweep_line(sweep: wanllmdb.Sweep) -> str:
    return f"sweep    {formats.sweep_state(sweep.state)}"


def run_line(run: wanllmdb.Run, metrics: tuple[str, ...]) -> str:
    """Return a run as one line of rich markup."""
    names = metrics or ("objective",)
    values = zip(names, tables.values_so_far(run, names), strict=True)
    shown = "".join(
        f"  {escape(name)}={formats.number(value)}" for name, value in values if value is not None
    )
    # Pruning is routine; the reasons of failures and of missing objectives are news.
    is_news = run.state in (
        wanllmdb.RunState.FAILED,
        wanllmdb.RunState.LOST,
        wanllmdb.RunState.FINISHED,
    )
    error = f"  {formats.error(run.error.message)}" if run.error and is_news else ""
    return (
        f"run {run.number:<4} {formats.run_state(run.state)}{shown}  "
        f"[dim]{formats.parameters(run.parameters)}[/]{error}"
    )
