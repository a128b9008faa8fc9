"""How a sweep ends: by itself, or because somebody says so."""

from __future__ import annotations

from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import (
    FinishReason,
    Metric,
    Run,
    RunState,
    Sweep,
    SweepState,
)

# Of an error's first line; the whole text stays with the run.
_MAX_ERROR = 300


def end(edit: SweepEdit, state: SweepState, reason: FinishReason | None, message: str) -> None:
    """Ends the sweep; its queued runs, which must be loaded, are canceled."""
    sweep = edit.sweep
    sweep.state = state
    sweep.finish_reason = reason
    sweep.end_message = message
    sweep.end_time = edit.now
    for run in list(edit.runs.values()):
        if run.state is RunState.QUEUED:
            edit.move(run, RunState.CANCELED)
    edit.touch_sweep()


def needs_to_finish(sweep: Sweep) -> Needs:
    """What `finish_if_done` needs: a met target, or too many failures, cancel queued runs."""
    spec = sweep.spec
    ends_early = spec.max_failed_runs is not None or any(
        metric.target is not None for metric in spec.metrics
    )
    return Needs(queued=ends_early)


def finish_if_done(edit: SweepEdit, ended: Run | None = None) -> None:
    """Ends a sweep whose target is met, that failed too often, or whose runs have all ended.

    Args:
        edit: The sweep; what `needs_to_finish` says is loaded.
        ended: The run whose end may have done it, if one did.
    """
    sweep = edit.sweep
    if sweep.state.is_final or sweep.state is SweepState.PENDING:
        return
    reached = target_reached(edit, ended)
    allowed = sweep.spec.max_failed_runs
    if reached is not None:
        end(edit, SweepState.FINISHED, FinishReason.TARGET_REACHED, reached)
    elif allowed is not None and sweep.counts.failed >= allowed:
        end(edit, SweepState.FAILED, None, _too_many_failed(sweep.counts.failed, allowed, ended))
    elif sweep.counts.unfinished:
        return
    elif sweep.space_exhausted:
        message = "every point of the search space was handed out, and all runs have ended"
        end(edit, SweepState.FINISHED, FinishReason.SPACE_EXHAUSTED, message)
    elif sweep.remaining == 0:
        message = f"run_cap is {sweep.spec.run_cap}; so many runs were handed out, and all ended"
        end(edit, SweepState.FINISHED, FinishReason.RUN_CAP, message)


def target_reached(edit: SweepEdit, ended: Run | None = None) -> str | None:
    """Which run meets the target of every metric that has one, in a sentence; None if none does.

    With one metric it is the best run, also when the target was set after that one ended. With
    several, no run is the best: the one that ended is looked at, and those that were loaded.
    """
    metrics, best = edit.sweep.spec.metrics, edit.sweep.best
    if best is not None:
        return _meeting(best.number, metrics, (best.objective,))
    finished = dict(edit.objectives)
    if ended is not None and ended.state is RunState.FINISHED:
        finished[ended.number] = ended.objectives
    found = (
        _meeting(number, metrics, finished[number])
        for number in sorted(finished)
        # Of a run that ended without a value there are none.
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
    return f"{message}. The last one, run {ended.number}: {line:.{_MAX_ERROR}}"
