"""The states of a sweep: commands that start, pause, resume, finish, cancel or delete it.

`finish_if_done` ends a sweep that reached its target, failed too often, or has no runs left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    ServiceError,
)
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import (
    FinishReason,
    Metric,
    Run,
    RunState,
    Sweep,
    SweepSpec,
    SweepState,
)
from wanllmdb_registry.domain.run_cap import remaining_runs
from wanllmdb_registry.domain.sweep_events import SweepEventKind
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork


class SpecChangedError(ServiceError):
    """A check before the transaction was of another spec; the caller never sees this error."""

    def __init__(self) -> None:
        super().__init__("WRITE_CONFLICT", "the spec was changed during the check")


def require_spec(sweep: Sweep, spec: SweepSpec) -> None:
    """Check that the sweep still has the spec that was checked before the transaction.

    Raises:
        SpecChangedError: the sweep has another spec.
    """
    # Mostly the same object, since specs are parsed once.
    if sweep.spec is not spec and sweep.spec != spec:
        raise SpecChangedError


def check_etag(sweep: Sweep, etag: str) -> None:
    """Check that the etag is empty or current.

    Raises:
        AbortedError: ETAG_MISMATCH.
    """
    if etag and etag != sweep.etag:
        raise AbortedError(
            "ETAG_MISMATCH",
            f"sweep '{sweep.sweep_id}' has changed since it was read; "
            "read it again and repeat the change",
            sweep_id=sweep.sweep_id,
            etag=sweep.etag,
        )


@dataclass(frozen=True)
class Transition(SingleCommand[Sweep]):
    """Moves a sweep from one state to another; fails on a stale etag."""

    etag: str


class StartSweep(Transition):
    """Moves a sweep from PENDING to RUNNING."""

    def apply(self, work: UnitOfWork) -> Sweep:
        check_etag(work.sweep, self.etag)
        if work.sweep.state is not SweepState.PENDING:
            _reject(work.sweep, "started", SweepState.PENDING)
        start(work)
        # All runs of a sweep without further ones may have been canceled before it started.
        finish_if_done(work)
        return work.sweep


class PauseSweep(Transition):
    """Moves a sweep from RUNNING to PAUSED."""

    def apply(self, work: UnitOfWork) -> Sweep:
        check_etag(work.sweep, self.etag)
        if work.sweep.state is not SweepState.RUNNING:
            _reject(work.sweep, "paused", SweepState.RUNNING)
        work.sweep.state = SweepState.PAUSED
        work.touch_sweep()
        work.note(SweepEventKind.PAUSED)
        return work.sweep


class ResumeSweep(Transition):
    """Moves a sweep from PAUSED to RUNNING."""

    def apply(self, work: UnitOfWork) -> Sweep:
        check_etag(work.sweep, self.etag)
        if work.sweep.state is not SweepState.PAUSED:
            _reject(work.sweep, "resumed", SweepState.PAUSED)
        work.sweep.state = SweepState.RUNNING
        work.touch_sweep()
        work.note(SweepEventKind.RESUMED)
        return work.sweep


# The end message where a caller gives none.
_DEFAULT_MESSAGES = {
    FinishReason.REQUESTED: "finished by request",
    FinishReason.TERMINATED: "the terminator found that further runs are not worth their cost",
}


@dataclass(frozen=True)
class FinishSweep(Transition):
    """Finishes a sweep: its queued runs are canceled, its running runs may end.

    `reason` is REQUESTED or TERMINATED; `message` is an explanation for users.
    """

    reason: FinishReason = FinishReason.REQUESTED
    message: str = ""

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(queued=True)

    def apply(self, work: UnitOfWork) -> Sweep:
        check_etag(work.sweep, self.etag)
        _reject_final(work.sweep, "finished")
        message = self.message or _DEFAULT_MESSAGES[self.reason]
        is_requested = self.reason is FinishReason.REQUESTED
        end(work, SweepState.FINISHED, self.reason, message, is_requested=is_requested)
        return work.sweep


class CancelSweep(Transition):
    """Cancels a sweep: its queued runs are canceled, agents get the command to stop the others."""

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(queued=True)

    def apply(self, work: UnitOfWork) -> Sweep:
        check_etag(work.sweep, self.etag)
        _reject_final(work.sweep, "canceled")
        end(work, SweepState.CANCELED, None, "canceled by request", is_requested=True)
        return work.sweep


@dataclass(frozen=True)
class DeleteSweep(SingleCommand[None]):
    """Deletes a sweep with its runs and metrics."""

    etag: str

    @property
    def needs_lock(self) -> bool:
        return True

    def apply(self, work: UnitOfWork) -> None:
        check_etag(work.sweep, self.etag)
        work.deleted = True
        work.mutations += 1


def start(work: UnitOfWork, detail: str = "") -> None:
    """Move the sweep from PENDING to RUNNING; `detail` is that of the event."""
    work.sweep.state = SweepState.RUNNING
    work.sweep.start_time = work.now
    work.touch_sweep()
    work.note(SweepEventKind.STARTED, detail)


def _reject_final(sweep: Sweep, verb: str) -> None:
    if sweep.state.is_final:
        _reject(sweep, verb, SweepState.PENDING, SweepState.RUNNING, SweepState.PAUSED)


def _reject(sweep: Sweep, verb: str, *allowed: SweepState) -> NoReturn:
    names = " or ".join(allowed)
    raise FailedPreconditionError(
        "SWEEP_STATE_CONFLICT",
        f"sweep '{sweep.sweep_id}' is {sweep.state}; only a {names} sweep can be {verb}",
        sweep_id=sweep.sweep_id,
        state=sweep.state,
    )


# Characters of an error's first line; the whole text stays with the run.
_MAX_ERROR = 300


def end(
    work: UnitOfWork,
    state: SweepState,
    reason: FinishReason | None,
    message: str,
    *,
    is_requested: bool = False,
) -> None:
    """End the sweep and cancel its queued runs, which must be loaded.

    `is_requested` tells whether the current command's caller asked for the end.
    """
    sweep = work.sweep
    sweep.state = state
    sweep.finish_reason = reason
    sweep.end_message = message
    sweep.end_time = work.now
    for run in list(work.runs.values()):
        if run.state is RunState.QUEUED:
            work.move(run, RunState.CANCELED)
    work.touch_sweep()
    work.note(SweepEventKind(state.value), message, is_requested=is_requested)


def load_plan_to_finish(sweep: Sweep) -> LoadPlan:
    """Return what `finish_if_done` needs: a sweep that ends early cancels its queued runs."""
    spec = sweep.spec
    ends_early = spec.max_failed_runs is not None or any(
        metric.target is not None for metric in spec.metrics
    )
    return LoadPlan(queued=ends_early)


def finish_if_done(work: UnitOfWork, ended: Run | None = None) -> None:
    """End a sweep whose target is met, that failed too often, or whose runs have all ended.

    Args:
        work: The sweep, with what `load_plan_to_finish` names loaded.
        ended: The run whose end is the occasion, if any.
    """
    sweep = work.sweep
    if sweep.state.is_final or sweep.state is SweepState.PENDING:
        return
    reached = target_reached(work, ended)
    allowed = sweep.spec.max_failed_runs
    if reached is not None:
        end(work, SweepState.FINISHED, FinishReason.TARGET_REACHED, reached)
    elif allowed is not None and sweep.counts.failed >= allowed:
        end(work, SweepState.FAILED, None, _too_many_failed(sweep.counts.failed, allowed, ended))
    elif sweep.counts.unfinished:
        return
    elif sweep.space_exhausted:
        message = "every point of the search space was tried, and all runs have ended"
        end(work, SweepState.FINISHED, FinishReason.SPACE_EXHAUSTED, message)
    elif remaining_runs(sweep) == 0:
        cap = sweep.spec.run_cap
        message = f"run_cap is {cap}, and all runs have ended"
        end(work, SweepState.FINISHED, FinishReason.RUN_CAP, message)


def target_reached(work: UnitOfWork, ended: Run | None = None) -> str | None:
    """Return a sentence about a run that meets every target; None if no run does.

    With one metric the best run is checked, so a target that was set after its end counts, too.
    With several metrics no run is the best: `ended` and the loaded objectives are checked.
    """
    metrics, best = work.sweep.spec.metrics, work.sweep.best
    if best is not None:
        return _meeting(best.number, metrics, (best.objective,))
    finished = dict(work.objectives)
    if ended is not None and ended.state is RunState.FINISHED:
        finished[ended.number] = ended.objectives
    found = (
        _meeting(number, metrics, finished[number])
        for number in sorted(finished)
        # A run that ended without a value has no objectives.
        if finished[number]
    )
    return next((message for message in found if message is not None), None)


def _meeting(number: int, metrics: tuple[Metric, ...], objectives: tuple[float, ...]) -> str | None:
    aimed = [
        (metric, objective)
        for metric, objective in zip(metrics, objectives, strict=True)
        if metric.target is not None
    ]
    if not aimed or not all(metric.meets_target(objective) for metric, objective in aimed):
        return None
    what = "; ".join(
        f"{metric.name:.100} is {objective:g}, the target is {metric.target:g}"
        for metric, objective in aimed
    )
    return f"run {number} reached the target: {what}"


def _too_many_failed(failed: int, allowed: int, ended: Run | None) -> str:
    message = f"{failed} runs failed; max_failed_runs is {allowed}"
    if ended is None or ended.error is None:
        return message
    line = next(iter(ended.error.message.strip().splitlines()), "without a message")
    return f"{message}. The last failed run, run {ended.number}: {line:.{_MAX_ERROR}}"
