"""Mutations by the agent that holds a run: metrics, its end, and what a lost lease does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import (
    BestRun,
    MetricPoint,
    MetricRow,
    Run,
    RunCommand,
    RunError,
    RunState,
    Sweep,
    SweepState,
)
from wanllmdb_registry.domain.sweep_changes import finish_if_done, needs_to_finish


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It did what it was to do; without `objective` the last reported value counts."""

    objective: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It broke."""

    error: RunError


@dataclass(frozen=True, slots=True)
class Pruned:
    """Early termination stopped it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """It was told to stop."""

    reason: str


Outcome = Succeeded | Failed | Pruned | Canceled


def _held_run(edit: SweepEdit, number: int, attempt: int) -> Run:
    """The run, if this attempt may still change it.

    Raises:
        FailedPreconditionError: RUN_LEASE_LOST or RUN_NOT_RUNNING.
    """
    run = edit.run(number)
    if attempt > run.attempt or attempt < 1:
        text = f"run {run.number} was handed out {run.attempt} times, not {attempt}"
        raise invalid_request(FieldViolation("attempt", text))
    if attempt < run.attempt:
        raise FailedPreconditionError(
            "RUN_LEASE_LOST",
            f"run {run.number} of sweep '{run.sweep_id}' was lost and handed out again: "
            f"attempt {attempt} is over, attempt {run.attempt} counts",
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
        )
    if not run.is_held:
        _not_running(run)
    return run


@dataclass(frozen=True)
class ReportMetrics(SingleChange[RunCommand]):
    """Stores values that a run reports."""

    number: int
    attempt: int
    rows: Sequence[MetricRow]

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(numbers=frozenset({self.number}))

    def apply(self, edit: SweepEdit) -> RunCommand:
        run = _held_run(edit, self.number, self.attempt)
        if self.rows:
            edit.touch(run)
            store_rows(edit, run, self.rows)
        return command_for(edit.sweep)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run after its end, and the sweep after it."""

    run: Run
    sweep: Sweep


@dataclass(frozen=True)
class FinishRun(SingleChange[FinishedRun]):
    """Ends a run; best run, counters and the sweep's own end follow."""

    number: int
    attempt: int
    rows: Sequence[MetricRow]
    outcome: Outcome

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(frozenset({self.number}), queued=needs_to_finish(sweep).queued)

    def apply(self, edit: SweepEdit) -> FinishedRun:
        run = _held_run(edit, self.number, self.attempt)
        if self.rows:
            edit.touch(run)
            store_rows(edit, run, self.rows)
        _finish(edit, run, self.outcome)
        finish_if_done(edit)
        return FinishedRun(run, edit.sweep)


@dataclass(frozen=True)
class ReleaseRun(SingleChange[Run]):
    """Gives a running run back: queued again at once, without counting as a retry."""

    number: int
    attempt: int
    reason: str

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(numbers=frozenset({self.number}))

    def apply(self, edit: SweepEdit) -> Run:
        run = _held_run(edit, self.number, self.attempt)
        if run.state is not RunState.RUNNING:
            _not_running(run)
        run.error = RunError(self.reason) if self.reason else None
        if edit.sweep.state.is_final:
            edit.move(run, RunState.CANCELED)
        else:
            run.agent_id = ""
            edit.move(run, RunState.QUEUED)
        return run


@dataclass(frozen=True)
class ExpireLeases(SingleChange[int]):
    """What becomes of runs whose lease ran out: queued again, or LOST. Gives their number."""

    @property
    def needs_lock(self) -> bool:
        # A heartbeat in between must not be overlooked.
        return True

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(expired=True)

    def apply(self, edit: SweepEdit) -> int:
        expired = [
            run
            for run in edit.runs.values()
            if run.state is RunState.RUNNING
            and run.lease_expire_time is not None
            and run.lease_expire_time <= edit.now
        ]
        for run in sorted(expired, key=lambda run: run.number):
            run.error = RunError(
                f"agent '{run.agent_id}' sent no heartbeat for {edit.lease.total_seconds():g} "
                "seconds; it died, hangs or is cut off"
            )
            if not edit.sweep.state.is_final and run.losses < edit.sweep.spec.retries.lost:
                run.losses += 1
                edit.move(run, RunState.QUEUED)
            else:
                edit.move(run, RunState.LOST)
        finish_if_done(edit)
        return len(expired)


def command_for(sweep: Sweep) -> RunCommand:
    """What the agent of a running run is told."""
    return RunCommand.STOP if sweep.state is SweepState.CANCELED else RunCommand.CONTINUE


def store_rows(edit: SweepEdit, run: Run, rows: Sequence[MetricRow]) -> None:
    """Adds the values to the history and the summary of a run that was touched before."""
    metric = edit.sweep.spec.metric
    latest = -1 if run.last_step is None else run.last_step
    for row in rows:
        for name, value in row.values.items():
            is_objective = metric is not None and name == metric.name
            edit.points.append(
                MetricPoint(
                    number=run.number,
                    attempt=run.attempt,
                    name=name,
                    step=row.step,
                    value=value,
                    time=row.time or edit.now,
                    objective_revision=run.revision if is_objective else None,
                )
            )
        run.summary.update(row.values)
        latest = max(latest, row.step)
    run.last_step = latest


def _finish(edit: SweepEdit, run: Run, outcome: Outcome) -> None:
    metric = edit.sweep.spec.metric
    reported = None if metric is None else run.summary.get(metric.name)
    match outcome:
        case Succeeded(objective=given) if metric is not None:
            objective = reported if given is None else given
            if objective is None or math.isnan(objective):
                _fail(edit, run, RunError(_no_objective(metric.name, objective, run)))
                return
            run.objective = objective
            run.error = None
            edit.move(run, RunState.FINISHED)
            best = edit.sweep.best
            if (
                best is None
                or metric.better(objective, best.objective)
                or (objective == best.objective and run.number < best.number)
            ):
                edit.sweep.best = BestRun(run.number, objective, run.parameters)
        case Succeeded():
            run.error = None
            edit.move(run, RunState.FINISHED)
        case Pruned(reason=reason):
            run.objective = None if reported is None or math.isnan(reported) else reported
            run.error = RunError(reason)
            edit.move(run, RunState.PRUNED)
        case Canceled(reason=reason):
            run.error = RunError(reason)
            edit.move(run, RunState.CANCELED)
        case Failed(error=error):
            _fail(edit, run, error)


def _fail(edit: SweepEdit, run: Run, error: RunError) -> None:
    run.error = error
    if not edit.sweep.state.is_final and run.failures < edit.sweep.spec.retries.failed:
        run.failures += 1
        run.agent_id = ""
        edit.move(run, RunState.QUEUED)
    else:
        edit.move(run, RunState.FAILED)


def _no_objective(name: str, objective: float | None, run: Run) -> str:
    if objective is not None:
        return f"the final value of metric '{name}' is NaN"
    reported = ", ".join(sorted(run.summary)) or "nothing"
    return f"the run ended without a value of metric '{name}'; it reported {reported:.500}"


def _not_running(run: Run) -> NoReturn:
    raise FailedPreconditionError(
        "RUN_NOT_RUNNING",
        f"run {run.number} of sweep '{run.sweep_id}' is {run.state}",
        sweep_id=run.sweep_id,
        number=run.number,
        state=run.state,
    )
