"""A sweep's changes as they come, until all has ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wanllmdb import Checkpoint, Run, RunChanged, RunState, Sweep, SweepChange, SweepChanged
from wanllmdb.cli import formats, tables
from wanllmdb.cli.console import stdout
from wanllmdb.cli.documents import print_json_line, to_plain


def watch_as_json(changes: Iterable[SweepChange]) -> None:
    """One line a change: revision, kind (sweep, run or checkpoint) and what changed."""
    for change in until_ended(changes):
        line: dict[str, object] = {"revision": change.revision}
        if isinstance(change, SweepChanged):
            line |= {"kind": "sweep", "sweep": to_plain(change.sweep)}
        elif isinstance(change, RunChanged):
            line |= {"kind": "run", "run": to_plain(change.run)}
        else:
            line |= {"kind": "checkpoint"}
        print_json_line(line)


def watch_as_lines(changes: Iterable[SweepChange]) -> None:
    """One line a move of the sweep or of a run; what only reports metrics is left out."""
    console = stdout()
    metric = "objective"
    seen: dict[int | None, str] = {}
    for change in until_ended(changes):
        if isinstance(change, SweepChanged):
            if change.sweep.spec.metric is not None:
                metric = change.sweep.spec.metric.name
            key, state, line = None, str(change.sweep.state), _sweep_line(change.sweep)
        elif isinstance(change, RunChanged):
            key, state = change.run.number, f"{change.run.state} {change.run.attempt}"
            line = run_line(change.run, metric)
        else:
            continue
        if seen.get(key) != state:
            seen[key] = state
            console.print(line, soft_wrap=True)


def until_ended(changes: Iterable[SweepChange]) -> Iterator[SweepChange]:
    """Stops once the sweep has ended and none of its runs goes on."""
    running: set[int] = set()
    ended = False
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


def run_line(run: Run, metric: str) -> str:
    """A run in one line, as rich markup."""
    value = tables.value_so_far(run, metric)
    shown = "" if value is None else f"  {metric}={formats.number(value)}"
    # Why one was pruned is the rule of every sweep; why one failed is news.
    is_news = run.error is not None and run.state in (RunState.FAILED, RunState.LOST)
    error = f"  {formats.value_of(run.error.message)}" if run.error and is_news else ""
    return (
        f"run {run.number:<4} {formats.run_state(run.state)}{shown}  "
        f"[dim]{formats.parameters(run.parameters)}[/]{error}"
    )
