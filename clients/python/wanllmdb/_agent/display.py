"""What an agent prints about its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.console import Console
from wanllmdb._shown import MOST_SHOWN, in_short, listed
from wanllmdb._types.enums import RunState
from wanllmdb._types.runs import BestRun, Run
from wanllmdb._types.sweeps import Sweep


class Display(Protocol):
    """Shows an agent's progress. Called from any thread; must not raise.

    Attributes:
        best: the sweep's best run known so far.
    """

    best: BestRun | None

    def line(self, text: str) -> None:
        """Print a line."""

    def started(self, run: ActiveRun) -> None:
        """Show that a run began."""

    def logged(self, run: ActiveRun) -> None:
        """Show that a run logged values."""

    def ended(self, run: ActiveRun) -> None:
        """Show that a run ended."""

    def close(self) -> None:
        """End the display; `line` may still be called."""


_LONGEST_ERROR = 5 * MOST_SHOWN
_WENT_WRONG = (RunState.FAILED, RunState.QUEUED)


class LineDisplay:
    """Shows runs on a console: one redrawn line on a terminal, else one line per run.

    The Display of function agents, and of command agents without a terminal.
    """

    def __init__(self, console: Console, sweep: Sweep, count: int | None) -> None:
        self._console = console
        self._sweep = sweep
        self._metric = sweep.spec.metric.name if sweep.spec.metric else None
        self._count = count
        self._ordinals: dict[int, int] = {}
        self.best: BestRun | None = sweep.stats.best_run

    def line(self, text: str) -> None:
        """Print a line."""
        self._console.line(text)

    def close(self) -> None:
        """End the display."""
        self._console.clear()

    def started(self, run: ActiveRun) -> None:
        """Show that a run began."""
        self._ordinals[run.number] = len(self._ordinals) + 1
        self._console.live(self._live_text(run), at_once=True)

    def logged(self, run: ActiveRun) -> None:
        """Show that a run logged values."""
        if self._console.is_due:
            self._console.live(self._live_text(run))

    def ended(self, run: ActiveRun) -> None:
        """Show that a run ended."""
        if run.ended is None:
            reason = run.stop_order.reason if run.stop_order else "its end was not confirmed"
            self._console.line(f"run {run.number} is no longer this agent's: {reason}")
            return
        self.best = run.best_run or self.best
        has_more = run.ended.state in _WENT_WRONG or _has_no_objective(run.ended)
        if not self._console.is_live or has_more:
            self._console.line(self._ended_text(run.ended))

    def _live_text(self, run: ActiveRun) -> str:
        parts = [f"run {self._position(run)}"]
        if self.best is not None:
            parts.append(f"best {self.best.objective:.4g}")
        now = run.summary.get(self._metric) if self._metric is not None else None
        if isinstance(now, int | float):
            parts.append(f"now {now:.4g}")
        parts.append(parameters_text(run.run.parameters))
        return ", ".join(parts)

    def _position(self, run: ActiveRun) -> str:
        if self._count is not None:
            return f"{self._ordinals[run.number]}/{self._count}"
        if self._sweep.spec.run_cap is not None:
            return f"{run.number + 1}/{self._sweep.spec.run_cap}"
        return str(run.number)

    def _ended_text(self, run: Run) -> str:
        # A run that ended is in the queue only if its failure is retried.
        retried = run.state is RunState.QUEUED
        text = f"run {run.number} {'failed, to be retried' if retried else run.state}"
        if run.objective is not None and self._metric is not None:
            text += f": {self._metric} {run.objective:.6g}"
            if self.best is not None:
                text += f" (best {self.best.objective:.6g})"
        text += f", {parameters_text(run.parameters)}"
        if run.error is not None and run.error.message:
            text += f"\n  {in_short(run.error.message, _LONGEST_ERROR)}"
        return text


def _has_no_objective(run: Run) -> bool:
    """Return whether a run finished without an objective value; its error says why."""
    return run.state is RunState.FINISHED and run.error is not None


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Return parameters in one line: `batch_size=32 learning_rate=0.001234`."""
    return listed(
        [
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={in_short(str(value))}"
            for name, value in parameters.items()
        ],
        " ",
    )


def summary_text(runs: int, failed: int, best: BestRun | None, sweep: Sweep) -> str:
    """Return what an agent did, in one line."""
    text = f"{runs} run{'' if runs == 1 else 's'}"
    if failed:
        text += f", {failed} failed"
    if best is not None and sweep.spec.metric is not None:
        text += f"; best {sweep.spec.metric.name} {best.objective:.6g} in run {best.number}"
        text += f" ({parameters_text(best.parameters)})"
    return text
