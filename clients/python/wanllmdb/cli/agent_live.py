"""The live view of `wanllmdb agent` on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wanllmdb import BestRun, Client, RunChanged, RunState, Sweep, WanllmdbError
from wanllmdb._agent import ActiveRun, Display
from wanllmdb._shown import shown_lines
from wanllmdb.cli import formats
from wanllmdb.cli.agent_picture import Picture
from wanllmdb.cli.console import Console, escape
from wanllmdb.cli.sparkline import sparkline

_DRAWN_A_SECOND = 4
_SPARKS = 40
_WATCHED_FROM_THE_START = 5_000
"""Of sweeps with more runs only what happens from now on is shown."""


class LiveView:
    """Shows the sweep's runs as they change, and below it what the programs print scrolls by.

    Args:
        client: watches the sweep.
        count: how many runs the agent is to do.
        parallel: how many it works on at a time.
        console: where it is drawn; a terminal.
    """

    def __init__(
        self, client: Client, *, count: int | None, parallel: int, console: Console
    ) -> None:
        self._client = client
        self._count = count
        self._parallel = parallel
        self._console = console
        self._closed = threading.Event()

    def begin(self, sweep: Sweep) -> Display:
        """The view of the agent of a sweep."""
        self._picture = Picture(sweep, count=self._count, parallel=self._parallel)
        self._live = Live(
            get_renderable=lambda: render(self._picture),
            console=self._console,
            refresh_per_second=_DRAWN_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        threading.Thread(target=self._watch, name="wanllmdb-view", daemon=True).start()
        return self

    @property
    def best(self) -> BestRun | None:
        """The sweep's best run, as far as it is known."""
        return self._picture.best

    @best.setter
    def best(self, best: BestRun | None) -> None:
        self._picture.best = best

    def line(self, text: str) -> None:
        """Something to say, above the view."""
        self._console.print(Text(shown_lines(text)))

    def print_line(self, run: ActiveRun, text: str, is_error: bool) -> None:
        """What a program prints, above the view; colors of its own are kept."""
        del is_error
        mark = Text(f"{run.number} │ ", style="dim")
        self._console.print(mark + Text.from_ansi(text))

    def started(self, run: ActiveRun) -> None:
        """A run begins."""
        self._picture.began(run.run)

    def logged(self, run: ActiveRun) -> None:
        """Programs log by themselves: what they did comes by the watch."""

    def ended(self, run: ActiveRun) -> None:
        """A run ended, in whatever way."""
        self._picture.left(run.number, run.best_run)
        if run.ended is None:
            reason = run.stop_order.reason if run.stop_order else "its end was not confirmed"
            self.line(f"run {run.number} is no longer this agent's: {reason}")
            return
        self._picture.changed(run.ended)
        if run.ended.state in (RunState.FAILED, RunState.QUEUED):
            again = ", to be tried again" if run.ended.state is RunState.QUEUED else ""
            why = run.ended.error.message if run.ended.error else "no reason given"
            self._console.print(
                f"run {run.number} [red]failed[/]{again}: {formats.error(why)}, "
                f"{formats.parameters(run.ended.parameters)}"
            )

        elif run.ended.state is RunState.FINISHED and run.ended.error is not None:
            self._console.print(
                f"run {run.number} finished without an objective: "
                f"{escape(run.ended.error.message)}, {formats.parameters(run.ended.parameters)}"
            )

    def close(self) -> None:
        """The agent ends."""
        self._closed.set()
        self._live.stop()

    def _watch(self) -> None:
        sweep = self._picture.sweep
        is_long = sweep.stats.total_runs > _WATCHED_FROM_THE_START
        since = sweep.revision if is_long else 0
        try:
            for change in self._client.watch_sweep(sweep.sweep_id, since_revision=since):
                if self._closed.is_set():
                    return
                if isinstance(change, RunChanged):
                    self._picture.changed(change.run)
        except WanllmdbError as error:
            if not self._closed.is_set():
                self.line(f"the view shows less from here on: {error}")


def render(picture: Picture) -> RenderableType:
    """The view, as it stands now."""
    return Group(*_parts(picture))


def _parts(picture: Picture) -> Iterator[RenderableType]:
    sweep = picture.sweep
    states = "  ".join(
        f"{count} {formats.run_state(state)}" for state, count in picture.states.items()
    )
    cap = f" of {sweep.spec.run_cap}" if sweep.spec.run_cap is not None else ""
    yield f"[bold]{escape(sweep.name)}[/] {sweep.spec.method}  {states or 'no runs yet'}{cap}"
    line = []
    best, metric = picture.best, picture.metric
    if best is not None and metric is not None:
        value = formats.number(best.objective)
        line.append(f"best {escape(metric.name)} [green]{value}[/] in run {best.number}")
    objectives = picture.objectives
    if objectives:
        line.append(f"[cyan]{sparkline(objectives, _SPARKS)}[/]")
    if picture.eta is not None:
        line.append(f"about {formats.duration(picture.eta)} left")
    if line:
        yield "  ".join(line)
    yield _table(picture)


def _table(picture: Picture) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    name = picture.metric.name if picture.metric else "metric"
    for column in ("run", "for", escape(name), "", "parameters"):
        table.add_column(column, no_wrap=column != "parameters")
    now = time.monotonic()
    for own in picture.own:
        table.add_row(
            str(own.run.number),
            formats.duration(timedelta(seconds=now - own.began)),
            formats.number(own.values[-1]) if own.values else "-",
            f"[cyan]{sparkline(list(own.values), _SPARKS // 2)}[/]",
            formats.parameters(own.run.parameters),
        )
    return table
