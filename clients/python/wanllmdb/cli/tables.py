"""Tables for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import wanllmdb
from wanllmdb.cli import formats, plots
from wanllmdb.cli.console import escape

if TYPE_CHECKING:
    from rich.table import Table

# Width of a row without its parameters: number, state, objective, time, and a short note.
_WIDTH_OF_THE_REST = 56
_ID_WIDTH = 12
# Width of a terminal from which the table of sweeps has all of its columns.
_WIDE = 100


def sweeps_table(sweeps: Sequence[wanllmdb.Sweep], *, width: int) -> Table:
    """Return one row per sweep; a narrow terminal gets fewer columns, so that ids stay whole."""
    is_wide = width >= _WIDE
    table = _table()
    table.add_column("SWEEP", no_wrap=True, min_width=_ID_WIDTH)
    table.add_column("NAME", overflow="fold")
    if is_wide:
        table.add_column("PROJECT", overflow="fold")
        table.add_column("METHOD", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    for heading in ("RUNS", "BEST", "CREATED"):
        table.add_column(heading, justify="right", no_wrap=True)
    for sweep in sweeps:
        spec, best = sweep.spec, sweep.stats.best_run
        cap = f"/{spec.run_cap}" if spec.run_cap is not None else ""
        method = spec.sampler.name if spec.sampler is not None else spec.method
        table.add_row(
            escape(sweep.sweep_id),
            escape(sweep.name),
            *([escape(sweep.project), escape(method)] if is_wide else []),
            formats.sweep_state(sweep.state),
            f"{sweep.stats.total_runs}{cap}",
            formats.number(best.objective if best else None),
            formats.time_ago(sweep.create_time),
        )
    return table


def runs_table(
    runs: Sequence[wanllmdb.Run], *, metrics: Sequence[str], width: int, one_line: bool = False
) -> Table:
    """Return one row per run, with one column per metric.

    Parameters get a column each where `width` has room for all, else they share one.

    Args:
        runs: The rows.
        metrics: The metrics' names, in the sweep's order.
        width: Columns of the terminal.
        one_line: Cut a row that needs more than a line, instead of going on in the next.
    """
    names = list(dict.fromkeys(name for run in runs for name in run.parameters))
    columns = {
        name: [formats.value_of(run.parameters.get(name, "-")) for run in runs] for name in names
    }
    needed = sum(3 + max(map(len, [name, *cells])) for name, cells in columns.items())
    if needed > width - _WIDTH_OF_THE_REST - sum(3 + len(name) for name in metrics[1:]):
        columns = {"parameters": [formats.parameters(run.parameters) for run in runs]}
    table = _table()
    table.add_column("RUN", justify="right", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    for name in metrics:
        table.add_column(escape(name), justify="right", no_wrap=True)
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
            *map(formats.number, values_so_far(run, metrics)),
            formats.run_time(run),
            *(cells[index] for cells in columns.values()),
            *([_note(run)] if is_split else []),
        )
    return table


def prior_runs_table(runs: Sequence[wanllmdb.PriorRun], *, metrics: Sequence[str]) -> Table:
    """Return one row per imported run."""
    table = _table()
    table.add_column("STATE", no_wrap=True)
    for name in metrics:
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.add_column("parameters", overflow="fold")
    table.add_column("SOURCE", overflow="fold")
    for run in runs:
        # A failed run has no objectives.
        values = run.objectives or (None,) * len(metrics)
        table.add_row(
            formats.run_state(run.state),
            *map(formats.number, values),
            formats.parameters(run.parameters),
            escape(run.source),
        )
    return table


def value_so_far(run: wanllmdb.Run, metric: str) -> float | None:
    """Return the objective, or the last reported value of a run without one."""
    return run.objective if run.objective is not None else run.summary.get(metric)


def values_so_far(run: wanllmdb.Run, metrics: Sequence[str]) -> list[float | None]:
    """Like `value_so_far`, for each of the sweep's metrics."""
    if len(metrics) == 1:
        return [value_so_far(run, metrics[0])]
    if run.objectives:
        return list(run.objectives)
    return [run.summary.get(name) for name in metrics]


def templates_table(templates: Sequence[wanllmdb.Template]) -> Table:
    """Return one row per template."""
    table = _table()
    table.add_column("TEMPLATE", no_wrap=True)
    table.add_column("VALUES", overflow="fold")
    table.add_column("DESCRIPTION", overflow="fold")
    for template in templates:
        names = [
            each.name if each.default is not wanllmdb.UNSET else f"{each.name}*"
            for each in template.placeholders
        ]
        # The first sentence describes the purpose.
        purpose = template.description.partition(". ")[0].partition("? ")
        table.add_row(
            escape(template.name), escape(" ".join(names)), escape("".join(purpose[:2]).strip())
        )
    return table


def keys_table(keys: Sequence[wanllmdb.ApiKey]) -> Table:
    """Return one row per API key."""
    table = _table()
    table.add_column("KEY", no_wrap=True)
    table.add_column("NAME", overflow="fold")
    table.add_column("ROLE", no_wrap=True)
    table.add_column("PROJECTS", overflow="fold")
    for heading in ("STATE", "EXPIRES", "CREATED"):
        table.add_column(heading, no_wrap=True)
    for key in keys:
        table.add_row(
            escape(key.key_id),
            escape(key.name),
            escape(key.role),
            escape(formats.projects(key.projects)),
            formats.key_state(key),
            formats.time_left(key.expire_time),
            formats.time_ago(key.create_time),
        )
    return table


def algorithms_table(algorithms: Sequence[wanllmdb.Algorithm]) -> Table:
    """Return one row per algorithm."""
    table = _table()
    for heading in ("KIND", "NAME", "METHOD"):
        table.add_column(heading, no_wrap=True)
    table.add_column("TITLE", overflow="fold")
    table.add_column("OPTIONS", overflow="fold")
    for each in algorithms:
        title = escape(each.title) + ("" if each.is_installed else " [dim](not installed)[/]")
        table.add_row(
            str(each.kind).replace("_", " "),
            escape(each.name),
            escape(each.method or ""),
            title,
            escape(" ".join(option.name for option in each.options)),
        )
    return table


def options_table(options: Sequence[wanllmdb.AlgorithmOption]) -> Table:
    """Return one row per option of an algorithm."""
    table = _table()
    for heading in ("OPTION", "VALUE", "DEFAULT"):
        table.add_column(heading, no_wrap=True)
    table.add_column("WHAT IT DOES", overflow="fold")
    for option in options:
        default = "required" if option.default is wanllmdb.UNSET else formats.plain(option.default)
        if option.default is None:
            default = "(automatic)"
        table.add_row(
            escape(option.name),
            escape(formats.allowed(option)),
            escape(default),
            escape(option.description),
        )
    return table


def importances_table(importances: wanllmdb.ParameterImportances) -> Table:
    """Return one row per parameter: importance, correlations with the objective, and runs."""
    table = _table()
    table.add_column("PARAMETER", no_wrap=True)
    table.add_column("IMPORTANCE", no_wrap=True)
    for heading in ("LINEAR", "RANK", "RUNS"):
        table.add_column(heading, justify="right", no_wrap=True)
    lines = plots.bars(importances.importances, width=30, labelled=False).splitlines()
    for each, bar in zip(importances.parameters, lines, strict=True):
        table.add_row(
            escape(each.name),
            bar,
            _correlation(each.linear_correlation),
            _correlation(each.rank_correlation),
            str(each.runs),
        )
    return table


def correlations_table(correlations: wanllmdb.Correlations) -> Table:
    """Return the correlation matrix; columns have the numbers of the rows."""
    table = _table()
    table.add_column("", justify="right", style="dim")
    table.add_column("")
    for index in range(len(correlations.names)):
        table.add_column(str(index + 1), justify="right", no_wrap=True)
    for index, (name, row) in enumerate(
        zip(correlations.names, correlations.correlations, strict=True)
    ):
        table.add_row(str(index + 1), escape(name), *map(_correlation, row))
    return table


def comparison_table(comparison: wanllmdb.SweepComparison) -> Table:
    """Return one row per sweep."""
    table = _table()
    table.add_column("", no_wrap=True)
    table.add_column("SWEEP", no_wrap=True)
    table.add_column("NAME", no_wrap=True, overflow="ellipsis")
    table.add_column("STATE", no_wrap=True)
    for heading in ("RUNS", "FINISHED", "BEST", "BY RUN", "TIME"):
        table.add_column(heading, justify="right", no_wrap=True)
    for index, curve in enumerate(comparison.curves):
        has_best = bool(curve.best_objectives)
        table.add_row(
            plots.mark(index),
            escape(curve.sweep_id),
            escape(curve.name),
            formats.sweep_state(curve.state),
            str(curve.total_runs),
            str(curve.finished_runs),
            formats.number(curve.best_objectives[-1] if has_best else None),
            str(curve.best_run_numbers[-1]) if has_best else "-",
            formats.duration(curve.duration),
        )
    return table


def _correlation(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "[dim]-[/]"
    style = "bold" if abs(value) >= 0.5 else "dim" if abs(value) < 0.1 else "default"
    return f"[{style}]{value:+.2f}[/]"


def progress(sweep: wanllmdb.Sweep) -> str:
    """Return a sweep's counters and best value in one line, as rich markup."""
    stats, cap = sweep.stats, sweep.spec.run_cap
    total = f"{stats.total_runs}" + (f"/{cap}" if cap is not None else "")
    best = stats.best_run
    shown = f"  best [bold]{formats.number(best.objective)}[/]" if best is not None else ""
    return f"{total} runs: {counts(stats)}{shown}"


def counts(stats: wanllmdb.SweepStats) -> str:
    """Return the number of runs in each state, as rich markup."""
    by_state = {
        "queued": stats.queued_runs,
        "running": stats.running_runs,
        "finished": stats.finished_runs,
        "pruned": stats.pruned_runs,
        "failed": stats.failed_runs,
        "lost": stats.lost_runs,
        "canceled": stats.canceled_runs,
    }
    parts = [f"{count} {formats.run_state(state)}" for state, count in by_state.items() if count]
    return ", ".join(parts) or "none yet"


def _note(run: wanllmdb.Run) -> str:
    if run.error is None:
        return f"attempt {run.attempt}" if run.attempt > 1 else ""
    return escape(run.error.message.partition("\n")[0])


def _table() -> Table:
    # Imported here because a help text and JSON do not need rich.
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
