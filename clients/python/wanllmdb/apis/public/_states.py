"""The states of sweeps and runs in W&B's words."""

from __future__ import annotations

from collections.abc import Mapping

from wanllmdb._types.enums import RunState, SweepState
from wanllmdb._types.run import Run

_WORDS: Mapping[RunState, str] = {
    RunState.RUNNING: "running",
    RunState.FINISHED: "finished",
    RunState.PRUNED: "killed",
    RunState.FAILED: "failed",
    RunState.LOST: "crashed",
    RunState.CANCELED: "killed",
}

STATES_BY_WORD: Mapping[str, frozenset[RunState]] = {
    "pending": frozenset({RunState.QUEUED}),
    "preempted": frozenset({RunState.QUEUED}),
    "preempting": frozenset(),
    **{
        word: frozenset(state for state, own in _WORDS.items() if own == word)
        for word in _WORDS.values()
    },
}
"""The states that a run which W&B's word describes may be in."""


def run_state(run: Run) -> str:
    """W&B's word for a run's state.

    A run that waits is "pending", or "preempted" where an agent had it before; "killed" are
    those that early termination or a canceled sweep stopped, "crashed" those whose agent was
    lost.
    """
    if run.state is RunState.QUEUED:
        return "preempted" if run.attempt else "pending"
    return _WORDS.get(run.state, run.state.value)


def sweep_state(state: SweepState) -> str:
    """W&B's word for a sweep's state: PENDING, RUNNING, PAUSED, FINISHED, FAILED or CANCELED."""
    return state.value.upper()
