"""A sweep of the demo: its four agents, its display and its report."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live

from wanllmdb import Client, FailedPreconditionError, Run, Sweep
from wanllmdb.cli import formats, plots, tables
from wanllmdb.cli.console import escape, say, say_lines, stdout
from wanllmdb.cli.watching import run_line
from wanllmdb_local.demo.configs import DemoSweep
from wanllmdb_local.demo.platforms import DemoPlatform
from wanllmdb_local.errors import LocalError
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.requirements import problem_of_gateway
from wanllmdb_local.stopping import stop_process

PROJECT = "demo"

_AGENTS = 4
_LOOK_SECONDS = 0.4
# The heading, the counters and a margin around the rows.
_LINES_AROUND_ROWS = 9


def run_sweep(platform: DemoPlatform, demo: DemoSweep) -> str:
    """Create the sweep, run it to its end while showing it, and return its id.

    Raises:
        LocalError: An agent ended with an error.
    """
    with platform.client() as client:
        sweep_id = client.create_sweep(demo.config, project=PROJECT).sweep.sweep_id
        say(f"Sweep {sweep_id}: {_summary(demo)}.")
        with _agents(platform, sweep_id, demo.function) as agents:
            show = _show_live if stdout().is_terminal else _show_lines
            show(client, sweep_id, agents, demo.metrics)
    return sweep_id


def _summary(demo: DemoSweep) -> str:
    config = demo.config
    parts = [
        f"method {config['method']}",
        f"{_AGENTS} agents",
        *([f"{config['run_cap']} runs"] if "run_cap" in config else []),
        *(["early termination on"] if "early_terminate" in config else []),
    ]
    return ", ".join(parts)


@contextmanager
def _agents(
    platform: DemoPlatform, sweep_id: str, function: str
) -> Iterator[list[subprocess.Popen[bytes]]]:
    environment = {
        **platform.environment(),
        # Four agents share the cores already; more threads would only wait.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    log_file = platform.folder / "agents.log"
    agents: list[subprocess.Popen[bytes]] = []
    try:
        for _index in range(_AGENTS):
            with open_log(log_file) as log:
                agents.append(
                    start_tied_to_parent(
                        [sys.executable, "-m", "wanllmdb_local.demo.training", sweep_id, function],
                        stop_signal=signal.SIGTERM,
                        output=log,
                        env=environment,
                    )
                )
        yield agents
        if any(agent.wait(timeout=60) != 0 for agent in agents):
            raise LocalError(f"An agent ended with an error:\n{tail(log_file, lines=30)}")
    finally:
        # Not SIGINT, which would return their runs to the queue: scikit-learn swallows it during a
        # fit, and the runs are discarded anyway. First signal all agents, then wait for each.
        for agent in agents:
            agent.terminate()
        for agent in agents:
            stop_process(agent, signal.SIGTERM, seconds=5.0)


def _looks(
    client: Client, sweep_id: str, agents: Sequence[subprocess.Popen[bytes]]
) -> Iterator[tuple[Sweep, list[Run]]]:
    """Yield the sweep and its runs repeatedly, and once more after the end."""
    going = True
    while going:
        time.sleep(_LOOK_SECONDS)
        going = any(agent.poll() is None for agent in agents)
        sweep = client.get_sweep(sweep_id)
        going = going and not sweep.state.is_final
        yield sweep, list(client.list_runs(sweep_id))


def _show_live(
    client: Client,
    sweep_id: str,
    agents: Sequence[subprocess.Popen[bytes]],
    metrics: tuple[str, ...],
) -> None:
    console = stdout()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for sweep, runs in _looks(client, sweep_id, agents):
            rows = max(console.height - _LINES_AROUND_ROWS, 4)
            table = tables.runs_table(
                runs[-rows:], metrics=metrics, width=console.width, one_line=True
            )
            live.update(Group(table, tables.progress(sweep)), refresh=True)


def _show_lines(
    client: Client,
    sweep_id: str,
    agents: Sequence[subprocess.Popen[bytes]],
    metrics: tuple[str, ...],
) -> None:
    console = stdout()
    shown: set[int] = set()
    for _sweep, runs in _looks(client, sweep_id, agents):
        for run in runs:
            if run.state.is_final and run.number not in shown:
                shown.add(run.number)
                console.print(run_line(run, metrics), soft_wrap=True)


_BEST = 3


def print_report(platform: DemoPlatform, sweep_id: str, *, seconds: float) -> None:
    """Print the best runs, the importance of the parameters, and the optimization history."""
    with platform.client() as client:
        sweep = client.get_sweep(sweep_id)
        best = client.get_best_runs(sweep_id, count=_BEST)
        try:
            importance = plots.bars(client.get_parameter_importance(sweep_id).importances)
        except FailedPreconditionError as error:
            # Early termination left too few finished runs.
            importance = escape(error)
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
    console.print(importance, soft_wrap=True)
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
        "\nThis platform is now removed. To start your own: `wanllmdb up`, then `wanllmdb sweep "
        "create`."
    )


def print_kept(sweep_ids: Sequence[str], *, up: str | None, seconds: float) -> None:
    """Print how to look at the kept sweeps; `up` starts their platform if it does not run."""
    network, tree, vectors = sweep_ids
    lines = [
        "",
        f"{len(sweep_ids)} finished sweeps are kept in project {PROJECT}, after {seconds:.0f} s.",
        "To look at them:",
        *([f"  {up}   # in another terminal"] if up is not None else []),
        *(["  wanllmdb ui"] if problem_of_gateway() is None else []),
        f"  wanllmdb sweep ls --project {PROJECT}",
        f"  wanllmdb timeline {network}",
        f"  wanllmdb best {tree}",
        # All its runs finish, while early termination may leave one run of the network's.
        f"  wanllmdb importance {vectors}",
    ]
    say_lines("\n".join(lines))
