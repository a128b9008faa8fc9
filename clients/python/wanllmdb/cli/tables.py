"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from wanllmdb import AlgorithmChoice, Metric, Run, Sweep, SweepStats
from wanllmdb.cli import formats

# Of a row of runs, beside the parameters: number, state, objective, time, a short note.
_WIDTH_OF_THE_REST = 56


def sweeps_table(sweeps: Sequence[Sweep]) -> Table:
    """One row a sweep."""
    table = _table()
    for heading in ("SWEEP", "NAME", "PROJECT", "METHOD", "STATE"):
        table.add_column(heading)
    for heading in ("RUNS", "BEST", "CREATED"):
        table.add_column(heading, justify="right")
    for sweep in sweeps:
        best = sweep.stats.best_run
        cap = sweep.spec.run_cap
        table.add_row(
            sweep.sweep_id,
            escape(sweep.name),
            escape(sweep.project),
            sweep.spec.method,
            formats.sweep_state(sweep.state),
            f"{sweep.stats.total_runs}" + (f"/{cap}" if cap is not None else ""),
            formats.number(best.objective if best else None),
            formats.time_ago(sweep.create_time),
        )
    return table


def runs_table(runs: Sequence[Run], *, metric: str, width: int, one_line: bool = False) -> Table:
    """One row a run; the objective stands under the metric's name.

    Parameters get a column each where `width` has room for all, else they share one.

    Args:
        runs: The rows.
        metric: The metric's name.
        width: Columns of the terminal.
        one_line: Cut a row that needs more than a line, instead of going on in the next.
    """
    names = list(dict.fromkeys(name for run in runs for name in run.parameters))
    columns = {
        name: [formats.value_of(run.parameters.get(name, "-")) for run in runs] for name in names
    }
    needed = sum(3 + max(map(len, [name, *cells])) for name, cells in columns.items())
    if needed > width - _WIDTH_OF_THE_REST:
        columns = {"parameters": [formats.parameters(run.parameters) for run in runs]}
    table = _table()
    table.add_column("RUN", justify="right", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    table.add_column(escape(metric), justify="right", no_wrap=True)
    table.add_column("TIME", justify="right", no_wrap=True)
    is_split = len(columns) > 1
    for heading in columns:
        table.add_column(
            escape(heading),
            justify="right" if is_split else "left",
            no_wrap=is_split or one_line,
            overflow="ellipsis" if one_line else "fold",
        )
    if is_split:
        table.add_column("NOTE", no_wrap=True, overflow="ellipsis")
    for index, run in enumerate(runs):
        table.add_row(
            str(run.number),
            formats.run_state(run.state),
            formats.number(value_so_far(run, metric)),
            formats.span(run.start_time, run.end_time),
            *(cells[index] for cells in columns.values()),
            *([_note(run)] if is_split else []),
        )
    return table


def value_so_far(run: Run, metric: str) -> float | None:
    """The objective, or what a run that goes on reported last."""
    return run.objective if run.objective is not None else run.summary.get(metric)


def sweep_details(sweep: Sweep) -> Table:
    """A sweep's fields, one a row."""
    spec, stats = sweep.spec, sweep.stats
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("sweep", f"[bold]{sweep.sweep_id}[/]  {escape(sweep.name)}")
    table.add_row("project", escape(sweep.project))
    if sweep.description:
        table.add_row("description", escape(sweep.description))
    why = f" ({sweep.finish_reason})" if sweep.finish_reason is not None else ""
    table.add_row("state", formats.sweep_state(sweep.state) + why.replace("_", " "))
    table.add_row("method", f"{spec.method}, seed {spec.seed}")
    if spec.metric is not None:
        table.add_row("metric", _metric(spec.metric))
    rule = spec.early_termination
    if isinstance(rule, AlgorithmChoice):
        table.add_row("early stop", rule.name)
    elif rule is not None:
        table.add_row(
            "early stop",
            f"hyperband, min_iter {rule.min_iter}, eta {rule.eta:g}"
            + (", strict" if rule.strict else ""),
        )
    cap = f" of {spec.run_cap}" if spec.run_cap is not None else ""
    table.add_row("runs", f"{stats.total_runs}{cap}: {_counts(stats)}")
    if stats.best_run is not None:
        best = stats.best_run
        table.add_row("best", f"[bold]{formats.number(best.objective)}[/] by run {best.number}")
        table.add_row("", formats.parameters(best.parameters))
    if stats.mean_run_duration is not None:
        table.add_row(
            "pace",
            f"{stats.ended_runs_per_hour:.3g} runs an hour, "
            f"{formats.duration(stats.mean_run_duration)} each; "
            f"{stats.failure_rate:.0%} failed, {stats.prune_rate:.0%} pruned",
        )
    table.add_row("created", formats.time_ago(sweep.create_time))
    for index, (name, distribution) in enumerate(sorted(spec.parameters.items())):
        table.add_row("parameters" if index == 0 else "", escape(f"{name}: {distribution}"))
    return table


def progress(sweep: Sweep) -> str:
    """A sweep's counters and best value in one line, as rich markup."""
    stats, cap = sweep.stats, sweep.spec.run_cap
    total = f"{stats.total_runs}" + (f"/{cap}" if cap is not None else "")
    best = stats.best_run
    shown = f"  best [bold]{formats.number(best.objective)}[/]" if best is not None else ""
    return f"{total} runs: {_counts(stats)}{shown}"


def _metric(metric: Metric) -> str:
    target = f", until {formats.number(metric.target)}" if metric.target is not None else ""
    return f"{metric.goal} {escape(metric.name)}{target}"


def _counts(stats: SweepStats) -> str:
    counts = {
        "queued": stats.queued_runs,
        "running": stats.running_runs,
        "finished": stats.finished_runs,
        "pruned": stats.pruned_runs,
        "failed": stats.failed_runs,
        "lost": stats.lost_runs,
        "canceled": stats.canceled_runs,
    }
    parts = [f"{count} {formats.run_state(state)}" for state, count in counts.items() if count]
    return ", ".join(parts) or "none yet"


def _note(run: Run) -> str:
    if run.error is None:
        return f"attempt {run.attempt}" if run.attempt > 1 else ""
    return escape(run.error.message.partition("\n")[0])


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
