"""Mutations by the agent that holds a run: metrics, its end, and what a lost lease does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import (
    BestRun,
    MetricRow,
    Parameters,
    Run,
    RunCommand,
    RunError,
    RunState,
    Sweep,
    SweepState,
)
from wanllmdb_registry.domain.objectives import (
    GivenObjectives,
    by_metric,
    needs_history,
    objectives_of,
)
from wanllmdb_registry.domain.run_metrics import (
    names_in,
    require_room,
    values_in,
    without_excess,
)
from wanllmdb_registry.domain.sweep_end import finish_if_done, needs_to_finish


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It did what it was to do; what was reported counts for metrics that are not `given`.

    Without a finite value of each metric it has no objective, and its error says why.
    """

    given: GivenObjectives = field(default_factory=GivenObjectives)


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

    @property
    def weight(self) -> int:
        return values_in(self.rows)

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(reports={(self.number, self.attempt): names_in(self.rows)})

    def apply(self, edit: SweepEdit) -> RunCommand:
        run = _held_run(edit, self.number, self.attempt)
        require_room(edit, run, self.rows)
        _report(edit, run, self.rows)
        return command_for(edit.sweep)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run after its end, and the sweep after it."""

    run: Run
    sweep: Sweep


@dataclass(frozen=True)
class FinishRun(SingleChange[FinishedRun]):
    """Ends a run; best run, counters and the sweep's own end follow.

    `config` replaces the run's where not empty. Metrics that a run has no room for are left out:
    its end counts for more.
    """

    number: int
    attempt: int
    rows: Sequence[MetricRow]
    outcome: Outcome
    config: Parameters = field(default_factory=dict)

    @property
    def weight(self) -> int:
        return values_in(self.rows)

    def needs(self, sweep: Sweep) -> Needs:
        counts = isinstance(self.outcome, Succeeded | Pruned)
        histories = {(self.number, self.attempt)} if counts and needs_history(sweep.spec) else ()
        return Needs(
            frozenset({self.number}),
            queued=needs_to_finish(sweep).queued,
            histories=frozenset(histories),
        )

    def apply(self, edit: SweepEdit) -> FinishedRun:
        run = _held_run(edit, self.number, self.attempt)
        given: Mapping[str, float] = {}
        if isinstance(self.outcome, Succeeded):
            given = by_metric(edit.sweep.spec, self.outcome.given)
        _report(edit, run, without_excess(edit, run, self.rows))
        if self.config:
            run.config = self.config
        _finish(edit, run, self.outcome, given)
        finish_if_done(edit, run)
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


@dataclass(frozen=True, slots=True)
class ExpiredLeases:
    """How many runs' leases ran out, and how many of these runs were queued again."""

    runs: int
    queued: int


@dataclass(frozen=True)
class ExpireLeases(SingleChange[ExpiredLeases]):
    """What becomes of runs whose lease ran out: queued again, or LOST."""

    @property
    def needs_lock(self) -> bool:
        # A heartbeat in between must not be overlooked.
        return True

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(expired=True)

    def apply(self, edit: SweepEdit) -> ExpiredLeases:
        queued = 0
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
                queued += 1
                edit.move(run, RunState.QUEUED)
            else:
                edit.move(run, RunState.LOST)
        finish_if_done(edit)
        return ExpiredLeases(len(expired), queued)


def _report(edit: SweepEdit, run: Run, rows: Sequence[MetricRow]) -> None:
    if rows:
        edit.touch(run)
        for row in rows:
            edit.report(run, row)


def command_for(sweep: Sweep) -> RunCommand:
    """What the agent of a running run is told."""
    return RunCommand.STOP if sweep.state is SweepState.CANCELED else RunCommand.CONTINUE


def _finish(edit: SweepEdit, run: Run, outcome: Outcome, given: Mapping[str, float]) -> None:
    match outcome:
        case Succeeded():
            objectives = objectives_of(edit, run, given)
            if isinstance(objectives, str):
                # What it is worth is another matter than whether it did its work.
                run.error = RunError(objectives)
            else:
                run.error = None
                _set_objectives(edit.sweep, run, objectives)
            edit.move(run, RunState.FINISHED)
            _compare_with_best(edit.sweep, run)
        case Pruned(reason=reason):
            objectives = objectives_of(edit, run, {})
            if not isinstance(objectives, str):
                _set_objectives(edit.sweep, run, objectives)
            run.error = RunError(reason)
            edit.move(run, RunState.PRUNED)
        case Canceled(reason=reason):
            run.error = RunError(reason)
            edit.move(run, RunState.CANCELED)
        case Failed(error=error):
            _fail(edit, run, error)


def _set_objectives(sweep: Sweep, run: Run, objectives: tuple[float, ...]) -> None:
    if sweep.spec.metric is not None:
        (run.objective,) = objectives
    else:
        run.objectives = objectives


def _compare_with_best(sweep: Sweep, run: Run) -> None:
    """Makes a finished run the best one if it is; of equals it is the earlier one."""
    metric, best = sweep.spec.metric, sweep.best
    if metric is None or run.objective is None:
        return
    if (
        best is None
        or metric.better(run.objective, best.objective)
        or (run.objective == best.objective and run.number < best.number)
    ):
        sweep.best = BestRun(run.number, run.objective, run.parameters)


def _fail(edit: SweepEdit, run: Run, error: RunError) -> None:
    run.error = error
    if not edit.sweep.state.is_final and run.failures < edit.sweep.spec.retries.failed:
        run.failures += 1
        run.agent_id = ""
        edit.move(run, RunState.QUEUED)
    else:
        edit.move(run, RunState.FAILED)


def _not_running(run: Run) -> NoReturn:
    raise FailedPreconditionError(
        "RUN_NOT_RUNNING",
        f"run {run.number} of sweep '{run.sweep_id}' is {run.state}",
        sweep_id=run.sweep_id,
        number=run.number,
        state=run.state,
    )
