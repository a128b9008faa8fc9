"""What the demo shows in the end."""

from __future__ import annotations

from wanllmdb import Client
from wanllmdb.cli import formats, plots, tables
from wanllmdb.cli.console import escape, stdout

from .demo_platform import TemporaryPlatform

_BEST = 3


def print_report(platform: TemporaryPlatform, sweep_id: str, *, seconds: float) -> None:
    """Prints the best runs, how much each parameter matters, and how the best one was found."""
    with Client(registry=platform.registry, suggestion=platform.suggestion) as client:
        sweep = client.get_sweep(sweep_id)
        best = client.get_best_runs(sweep_id, count=_BEST)
        importance = client.get_parameter_importance(sweep_id)
        history = client.get_optimization_history(sweep_id)
    metric = sweep.spec.metric.name if sweep.spec.metric is not None else "objective"
    stats = sweep.stats
    console = stdout()
    console.rule(
        f"{stats.finished_runs} runs finished, {stats.pruned_runs} stopped early, "
        f"{stats.failed_runs} failed"
    )
    console.print(f"\n[bold]Best runs[/] of {escape(sweep.name)}")
    console.print(tables.runs_table(best.runs, metrics=(metric,), width=console.width))
    console.print("[bold]Importance[/] of each parameter (fANOVA)\n")
    console.print(plots.bars(importance.importances))
    console.print(
        f"\n[bold]History[/] of {metric}: [cyan]•[/] a finished run  [green]─[/] the best\n"
    )
    console.print(plots.history(history))
    if stats.best_run is not None:
        console.print(
            f"\nBest {metric}: [bold]{formats.number(stats.best_run.objective)}[/] "
            f"by run {stats.best_run.number}, after {seconds:.0f} s in all."
        )
    console.print(
        "\nThis platform is removed now. Your own: `wanllmdb up`, then `wanllmdb sweep create`."
    )
