"""`RetryRuns` queues ended runs again at the request of a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_registry.domain.bounds import MAX_TOGETHER
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import FinishReason, Run, RunState, Sweep, SweepState
from wanllmdb_registry.domain.sweep_lifecycle import check_etag, target_reached
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork, run_not_found

RETRYABLE_STATES = (RunState.FAILED, RunState.LOST, RunState.CANCELED, RunState.PRUNED)
# Problems that one refusal names.
_MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class RetriedRuns:
    """The numbers of runs that were queued again, and how many more there are to retry.

    `remaining` counts runs in the states that were asked for; 0 where numbers were.
    """

    sweep: Sweep
    numbers: Sequence[int]
    remaining: int


@dataclass(frozen=True)
class RetryRuns(SingleCommand[RetriedRuns]):
    """Queues ended runs again: all that are named by `numbers`, or those in `states`.

    A sweep that has ended runs again. A run keeps its number, so it counts against no cap a
    second time; it begins with the whole of the sweep's retries.
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
        if runs and sweep.state.is_final:
            _require_going_on(work, runs)
            _run_again(work)
        for run in runs:
            _queue_again(work, run)
        counts = sum(sweep.counts.of(state) for state in self.states)
        return RetriedRuns(sweep, [run.number for run in runs], counts)

    def _named(self, work: UnitOfWork) -> list[Run]:
        """The runs with these numbers.

        Raises:
            NotFoundError: RUN_NOT_FOUND.
            FailedPreconditionError: RUN_NOT_RETRYABLE with every problem.
            InvalidArgumentError: INVALID_REQUEST: they are too large to be retried together.
        """
        numbers = sorted(set(self.numbers))
        missing = [number for number in numbers if number >= work.sweep.next_number]
        runs = [work.runs[number] for number in numbers if number in work.runs]
        refusals = [(run.number, _why_not(work.sweep, run)) for run in runs]
        refused = [(number, why) for number, why in refusals if why]
        if missing and not refused and len(missing) == 1:
            raise run_not_found(work.sweep.sweep_id, number=missing[0])
        problems = [f"run {number} {why}" for number, why in refused]
        problems += [f"there is no run {number}" for number in missing]
        if problems:
            raise _not_retryable(work.sweep, problems)
        if len(runs) < len(numbers):
            text = (
                "name runs that are too large to be retried together, with all that they "
                f"reported: retry the first {len(runs):,} of them, then the others"
            )
            raise invalid_request(FieldViolation("numbers", text))
        return runs

    def _in_states(self, work: UnitOfWork) -> list[Run]:
        """The first runs by number in these states, as many as one request retries."""
        numbers = sorted(n for n, run in work.runs.items() if run.state in self.states)
        return [work.runs[number] for number in islice(numbers, MAX_TOGETHER)]


def _why_not(sweep: Sweep, run: Run) -> str | None:
    """Why a run can't be handed out again; None where it can."""
    match run.state:
        case RunState.QUEUED:
            return "is queued already"
        case RunState.RUNNING:
            return "is running"
        case RunState.FINISHED if run.values or not sweep.spec.metrics:
            return (
                "is finished, and its result counts: to try its parameters once more, queue them "
                "as a new run"
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
    """Passes where the sweep would not end again at once for what ended it before.

    Raises:
        FailedPreconditionError: SWEEP_STATE_CONFLICT.
    """
    sweep = work.sweep
    problems = []
    reached = target_reached(work)
    if reached is not None:
        problems.append(f"{reached}; change the target first, or take it away")
    allowed = sweep.spec.max_failed_runs
    failed = sweep.counts.failed - sum(run.state is RunState.FAILED for run in runs)
    if allowed is not None and failed >= allowed:
        problems.append(
            f"{failed} runs would still be failed, and max_failed_runs is {allowed}; retry at "
            f"least {failed - allowed + 1} more of them, or raise max_failed_runs first"
        )
    if sweep.finish_reason is FinishReason.TERMINATED and sweep.spec.terminator is not None:
        name = sweep.spec.terminator.name
        problems.append(f"its terminator '{name}' ended it; take the terminator away first")
    if problems:
        raise FailedPreconditionError(
            "SWEEP_STATE_CONFLICT",
            f"sweep '{sweep.sweep_id}' is {sweep.state} and would end again at once: "
            f"{'; '.join(problems)}",
            sweep_id=sweep.sweep_id,
            state=sweep.state,
        )


def _run_again(work: UnitOfWork) -> None:
    """From a final state to RUNNING."""
    sweep = work.sweep
    sweep.state = SweepState.RUNNING
    sweep.finish_reason = None
    sweep.end_time = None
    sweep.end_message = ""
    sweep.start_time = sweep.start_time or work.now
    # The space may have been widened since; the next Suggest finds out.
    sweep.space_exhausted = False
    work.touch_sweep()


def _queue_again(work: UnitOfWork, run: Run) -> None:
    """What the attempt reported stays with it until the next one begins, as after a lost lease."""
    if run.state is not RunState.LOST:
        # A lost run's agent may still deliver a result until another agent has the run.
        run.agent_id = ""
    run.objective, run.objectives = None, ()
    run.losses = run.failures = 0
    work.move(run, RunState.QUEUED)
