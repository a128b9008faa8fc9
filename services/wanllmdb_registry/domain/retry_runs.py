"""`RetryRuns` queues ended runs again at the request of a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_registry.domain.bounds import MAX_TOGETHER
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import FinishReason, Run, RunState, Sweep, SweepState
from wanllmdb_registry.domain.sweep_events import SweepEventKind, runs_named
from wanllmdb_registry.domain.sweep_lifecycle import check_etag, target_reached
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork, run_not_found

RETRYABLE_STATES = (RunState.FAILED, RunState.LOST, RunState.CANCELED, RunState.PRUNED)
# Problems that one error names.
_MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class RetriedRuns:
    """The numbers of runs that were queued again, and how many runs are left to retry.

    `remaining` counts runs in the requested states; it is 0 for a request by numbers.
    """

    sweep: Sweep
    numbers: Sequence[int]
    remaining: int


@dataclass(frozen=True)
class RetryRuns(SingleCommand[RetriedRuns]):
    """Queues ended runs again: all runs in `numbers`, or the runs in `states`.

    A sweep that has ended is running again. A run keeps its number, so it does not count against
    the run cap a second time, and it gets all the retries of the sweep again.
    """

    etag: str
    numbers: Sequence[int] = ()
    states: frozenset[RunState] = frozenset()

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        aims = len(sweep.spec.metrics) > 1 and any(
            metric.target is not None for metric in sweep.spec.metrics
        )
        return LoadPlan(
            states=self.states,
            together=frozenset(self.numbers),
            objectives=aims and sweep.state.is_final,
        )

    def apply(self, work: UnitOfWork) -> RetriedRuns:
        sweep = work.sweep
        check_etag(sweep, self.etag)
        runs = self._named(work) if self.numbers else self._in_states(work)
        before = sweep.state
        if runs and before.is_final:
            _require_going_on(work, runs)
            _run_again(work)
        for run in runs:
            _queue_again(work, run)
        if runs:
            detail = runs_named([run.number for run in runs])
            if before.is_final:
                detail += f"; the sweep was {before} and is {sweep.state} again"
            work.note(SweepEventKind.RUNS_RETRIED, detail)
        counts = sum(sweep.counts.of(state) for state in self.states)
        return RetriedRuns(sweep, [run.number for run in runs], counts)

    def _named(self, work: UnitOfWork) -> list[Run]:
        """Return the runs with these numbers.

        Raises:
            NotFoundError: RUN_NOT_FOUND.
            FailedPreconditionError: RUN_NOT_RETRYABLE with every problem.
            InvalidArgumentError: INVALID_REQUEST: the runs are too large to be retried together.
        """
        numbers = sorted(set(self.numbers))
        missing = [number for number in numbers if number >= work.sweep.next_number]
        runs = [work.runs[number] for number in numbers if number in work.runs]
        reasons = [(run.number, _why_not(work.sweep, run)) for run in runs]
        rejected = [(number, reason) for number, reason in reasons if reason]
        if missing and not rejected and len(missing) == 1:
            raise run_not_found(work.sweep.sweep_id, number=missing[0])
        problems = [f"run {number} {reason}" for number, reason in rejected]
        problems += [f"there is no run {number}" for number in missing]
        if problems:
            raise _not_retryable(work.sweep, problems)
        if len(runs) < len(numbers):
            text = (
                "name runs that, with all their metrics, are too large to be retried together: "
                f"retry the first {len(runs):,} runs, then the others"
            )
            raise invalid_request(FieldViolation("numbers", text))
        return runs

    def _in_states(self, work: UnitOfWork) -> list[Run]:
        """Return the first runs by number in the states, as many as one request retries."""
        numbers = sorted(n for n, run in work.runs.items() if run.state in self.states)
        return [work.runs[number] for number in islice(numbers, MAX_TOGETHER)]


def _why_not(sweep: Sweep, run: Run) -> str | None:
    """Return why a run can't be retried; None if it can."""
    match run.state:
        case RunState.QUEUED:
            return "is already queued"
        case RunState.RUNNING:
            return "is running"
        case RunState.FINISHED if run.values or not sweep.spec.metrics:
            return (
                "is finished and has a result: to try its parameters again, queue them as a new run"
            )
    return None


def _not_retryable(sweep: Sweep, problems: Sequence[str]) -> FailedPreconditionError:
    text = "; ".join(problems[:_MAX_PROBLEMS])
    if len(problems) > _MAX_PROBLEMS:
        text += f"; and {len(problems) - _MAX_PROBLEMS:,} more problems"
    return FailedPreconditionError(
        "RUN_NOT_RETRYABLE",
        f"nothing was retried in sweep '{sweep.sweep_id}': {text}",
        sweep_id=sweep.sweep_id,
        state=sweep.state,
    )


def _require_going_on(work: UnitOfWork, runs: Sequence[Run]) -> None:
    """Check that the sweep would not end again at once for the reason that ended it before.

    Raises:
        FailedPreconditionError: SWEEP_STATE_CONFLICT.
    """
    sweep = work.sweep
    problems = []
    reached = target_reached(work)
    if reached is not None:
        problems.append(f"{reached}; change or remove the target first")
    allowed = sweep.spec.max_failed_runs
    failed = sweep.counts.failed - sum(run.state is RunState.FAILED for run in runs)
    if allowed is not None and failed >= allowed:
        problems.append(
            f"{failed} failed runs would remain, and max_failed_runs is {allowed}; retry at least "
            f"{failed - allowed + 1} more of them, or raise max_failed_runs first"
        )
    if sweep.finish_reason is FinishReason.TERMINATED and sweep.spec.terminator is not None:
        name = sweep.spec.terminator.name
        problems.append(f"its terminator '{name}' ended it; remove the terminator first")
    if problems:
        raise FailedPreconditionError(
            "SWEEP_STATE_CONFLICT",
            f"sweep '{sweep.sweep_id}' is {sweep.state} and would end again at once: "
            f"{'; '.join(problems)}",
            sweep_id=sweep.sweep_id,
            state=sweep.state,
        )


def _run_again(work: UnitOfWork) -> None:
    """Move the sweep from a final state to RUNNING."""
    sweep = work.sweep
    sweep.state = SweepState.RUNNING
    sweep.finish_reason = None
    sweep.end_time = None
    sweep.end_message = ""
    sweep.start_time = sweep.start_time or work.now
    # The space may have been widened meanwhile; the next Suggest finds out.
    sweep.space_exhausted = False
    work.touch_sweep()


def _queue_again(work: UnitOfWork, run: Run) -> None:
    """Queue an ended run again; its reported values stay until the next attempt begins."""
    if run.state is not RunState.LOST:
        # A lost run's agent may still deliver a result until another agent has the run.
        run.agent_id = ""
    run.objective, run.objectives = None, ()
    run.losses = run.failures = 0
    run.stop_requested = False
    work.move(run, RunState.QUEUED)
