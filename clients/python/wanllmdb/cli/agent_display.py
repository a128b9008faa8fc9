"""What `wanllmdb agent` prints: lines, or on a terminal a live view."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wanllmdb import BestRun, Client, Goal, Run, RunChanged, RunState, Sweep, WanllmdbError
from wanllmdb._agent import ActiveRun, Display
from wanllmdb._agent import Console as AgentConsole
from wanllmdb._agent.display import LineDisplay
from wanllmdb._shown import fitting, shown_lines
from wanllmdb.cli import formats
from wanllmdb.cli.command_runner import PrintLine
from wanllmdb.cli.console import escape, stderr
from wanllmdb.cli.plots import sparkline
from wanllmdb.cli.rich_console import Console


class AgentDisplay(Protocol):
    """Shows an agent's progress and the output of its programs."""

    @property
    def print_line(self) -> PrintLine | None:
        """Receives the output of the programs; None if the programs print directly."""

    def begin(self, sweep: Sweep) -> Display:
        """Return the display of an agent of the sweep."""


class PlainDisplay:
    """Prints one line per run; output of parallel programs is marked with their run."""

    print_line: PrintLine | None = None

    def __init__(self, *, count: int | None, parallel: int) -> None:
        self._count = count
        if parallel > 1:
            self.print_line = self._print_line

    def begin(self, sweep: Sweep) -> Display:
        """Return the display of an agent of the sweep."""
        console = AgentConsole()
        console.is_live = False
        return LineDisplay(console, sweep, self._count)

    def _print_line(self, run: ActiveRun, text: str, is_error: bool) -> None:
        # The output of the user's own program is passed on unchanged.
        stream = sys.stderr if is_error else sys.stdout
        # One write includes the line end, since several programs print at the same time.
        stream.write(fitting(f"[run {run.number}] {text}\n", stream))
        stream.flush()


def choose_display(
    client: Client, *, count: int | None, parallel: int, plain: bool
) -> AgentDisplay:
    """Return the live display on a terminal, else the plain one."""
    console = stderr()
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return PlainDisplay(count=count, parallel=parallel)
    return LiveDisplay(client, count=count, parallel=parallel, console=console)


_DRAWN_A_SECOND = 4
_SPARKS = 40
_WATCHED_FROM_THE_START = 5_000
"""The live display of a larger sweep starts with the next change."""


class LiveDisplay:
    """Shows the sweep's runs as they change, below the scrolling output of the programs.

    Args:
        client: watches the sweep.
        count: the agent's number of runs.
        parallel: the number of runs at a time.
        console: the terminal.
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
        """Return the display of an agent of the sweep."""
        self._state = LiveState(sweep, count=self._count, parallel=self._parallel)
        self._live = Live(
            get_renderable=lambda: render(self._state),
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
        """The sweep's best run known so far."""
        return self._state.best

    @best.setter
    def best(self, best: BestRun | None) -> None:
        self._state.best = best

    def line(self, text: str) -> None:
        """Print a line above the live display."""
        self._console.print(Text(shown_lines(text)))

    def print_line(self, run: ActiveRun, text: str, is_error: bool) -> None:
        """Print a program's line above the live display, with its colors."""
        del is_error
        mark = Text(f"{run.number} │ ", style="dim")
        self._console.print(mark + Text.from_ansi(text))

    def started(self, run: ActiveRun) -> None:
        """Show that a run began."""
        self._state.began(run.run)

    def logged(self, run: ActiveRun) -> None:
        """Do nothing: the values that programs log arrive by the watch."""

    def ended(self, run: ActiveRun) -> None:
        """Show that a run ended."""
        self._state.left(run.number, run.best_run)
        if run.ended is None:
            reason = run.stop_order.reason if run.stop_order else "its end was not confirmed"
            self.line(f"run {run.number} is no longer this agent's: {reason}")
            return
        self._state.changed(run.ended)
        if run.ended.state in (RunState.FAILED, RunState.QUEUED):
            again = ", to be retried" if run.ended.state is RunState.QUEUED else ""
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
        """End the display."""
        self._closed.set()
        self._live.stop()

    def _watch(self) -> None:
        sweep = self._state.sweep
        is_long = sweep.stats.total_runs > _WATCHED_FROM_THE_START
        since = sweep.revision if is_long else 0
        try:
            for change in self._client.watch_sweep(sweep.sweep_id, since_revision=since):
                if self._closed.is_set():
                    return
                if isinstance(change, RunChanged):
                    self._state.changed(change.run)
        except WanllmdbError as error:
            if not self._closed.is_set():
                self.line(f"the display no longer shows the runs of other agents: {error}")


def render(state: LiveState) -> RenderableType:
    """Return the current display."""
    return Group(*_parts(state))


def _parts(state: LiveState) -> Iterator[RenderableType]:
    sweep = state.sweep
    states = "  ".join(
        f"{count} {formats.run_state(state)}" for state, count in state.states.items()
    )
    cap = f" of {sweep.spec.run_cap}" if sweep.spec.run_cap is not None else ""
    yield f"[bold]{escape(sweep.name)}[/] {sweep.spec.method}  {states or 'no runs yet'}{cap}"
    line = []
    best, metric = state.best, state.metric
    if best is not None and metric is not None:
        value = formats.number(best.objective)
        line.append(f"best {escape(metric.name)} [green]{value}[/] in run {best.number}")
    objectives = state.objectives
    if objectives:
        line.append(f"[cyan]{sparkline(objectives, _SPARKS)}[/]")
    if state.eta is not None:
        line.append(f"about {formats.duration(state.eta)} left")
    if line:
        yield "  ".join(line)
    yield _table(state)


def _table(state: LiveState) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    name = state.metric.name if state.metric else "metric"
    for column in ("run", "for", escape(name), "", "parameters"):
        table.add_column(column, no_wrap=column != "parameters")
    now = time.monotonic()
    for own in state.own:
        table.add_row(
            str(own.run.number),
            formats.duration(timedelta(seconds=now - own.began)),
            formats.number(own.values[-1]) if own.values else "-",
            f"[cyan]{sparkline(list(own.values), _SPARKS // 2)}[/]",
            formats.parameters(own.run.parameters),
        )
    return table


_KEPT_VALUES = 200


@dataclass
class OwnRun:
    """A run of this agent, with the values of the metric seen so far."""

    run: Run
    began: float
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_VALUES))
    last_step: int | None = None


class LiveState:
    """The data of the live display: the sweep's runs, and the agent's own. Thread-safe.

    Args:
        sweep: the sweep as the agent found it.
        count: the agent's number of runs; None means no limit.
        parallel: the number of runs at a time.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        sweep: Sweep,
        *,
        count: int | None,
        parallel: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sweep = sweep
        self.best: BestRun | None = sweep.stats.best_run
        self.metric = sweep.spec.metric
        self._count = count
        self._parallel = parallel
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[int, RunState] = {}
        self._objectives: dict[int, float] = {}
        self._own: dict[int, OwnRun] = {}
        self._ended = 0
        self._seconds = 0.0

    def began(self, run: Run) -> None:
        """Record that the agent began a run."""
        with self._lock:
            self._own[run.number] = OwnRun(run, self._clock())

    def left(self, number: int, best: BestRun | None) -> None:
        """Record that the agent is done with a run."""
        with self._lock:
            own = self._own.pop(number)
            self._ended += 1
            self._seconds += self._clock() - own.began
            self.best = best or self.best

    def changed(self, run: Run) -> None:
        """Record a change of any run of the sweep."""
        with self._lock:
            self._states[run.number] = run.state
            if run.state is RunState.FINISHED and run.objective is not None:
                self._objectives[run.number] = run.objective
                self._take_best(run, run.objective)
            own = self._own.get(run.number)
            if own is not None and self.metric is not None and run.last_step != own.last_step:
                own.last_step = run.last_step
                if self.metric.name in run.summary:
                    own.values.append(run.summary[self.metric.name])

    @property
    def own(self) -> list[OwnRun]:
        """The runs in progress, by number."""
        with self._lock:
            return [self._own[number] for number in sorted(self._own)]

    @property
    def states(self) -> dict[RunState, int]:
        """The number of runs in each state; states without runs are left out."""
        with self._lock:
            counted = Counter(self._states.values())
        return {state: counted[state] for state in RunState if counted[state]}

    @property
    def objectives(self) -> list[float]:
        """Objectives of the sweep's finished runs, by number."""
        with self._lock:
            return [self._objectives[number] for number in sorted(self._objectives)]

    @property
    def eta(self) -> timedelta | None:
        """The estimated remaining time, by the mean of this agent's runs; None if unknown.

        It is the time to the agent's own count, or to the sweep's cap at the pace of all runs in
        progress.
        """
        with self._lock:
            if not self._ended:
                return None
            left = self._runs_left()
            if left is None:
                return None
            at_a_time = self._parallel
            if self._count is None:
                running = sum(state is RunState.RUNNING for state in self._states.values())
                at_a_time = max(running, self._parallel)
            return timedelta(seconds=left * self._seconds / self._ended / at_a_time)

    def _runs_left(self) -> int | None:
        left = []
        if self._count is not None:
            left.append(self._count - self._ended)
        if self.sweep.spec.run_cap is not None:
            ended = sum(state.is_final for state in self._states.values())
            left.append(self.sweep.spec.run_cap - ended)
        return max(min(left), 0) if left else None

    def _take_best(self, run: Run, objective: float) -> None:
        if not math.isfinite(objective) or self.metric is None:
            return
        sign = -1.0 if self.metric.goal is Goal.MAXIMIZE else 1.0
        if self.best is None or sign * objective < sign * self.best.objective:
            self.best = BestRun(run.number, objective, run.parameters)
