"""Agents that were taken for dead get the runs that they had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wanllmdb_registry.domain.bounds import PAGE_BYTES, size_of_run
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import Attempt, Needs, SweepEdit
from wanllmdb_registry.domain.model import Run, RunState, Sweep, SweepState


@dataclass(frozen=True)
class ResumeRuns(SingleChange[Sequence[Run]]):
    """Gives an agent that comes back its runs, at most `count` by ascending number, and as
    many as fit into one answer; what others there are goes to others when its lease ends.

    Those that run, whatever the sweep's state, since they may end in any; and those that it
    may take back. Attempts stay, and with them what was reported, so each attempt still
    ends once, whoever says so.
    """

    agent_id: str
    count: int

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(agent_ids=frozenset({self.agent_id}))

    def apply(self, edit: SweepEdit) -> Sequence[Run]:
        mine = [
            run
            for run in edit.runs.values()
            if run.agent_id == self.agent_id
            and (run.state is RunState.RUNNING or _may_be_taken_back(edit.sweep, run))
        ]
        held = _that_fit(sorted(mine, key=lambda run: run.number)[: self.count])
        for run in held:
            _hold_again(edit, run)
        return held


@dataclass(frozen=True)
class TakeBackRuns(SingleChange[Sequence[Run]]):
    """Gives agents that were silent for too long, but work on, the runs that still can be."""

    held: Sequence[Attempt]

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(numbers=frozenset(number for number, _ in self.held))

    def apply(self, edit: SweepEdit) -> Sequence[Run]:
        back = []
        for number, attempt in self.held:
            run = edit.runs.get(number)
            if run is not None and run.attempt == attempt and _may_be_taken_back(edit.sweep, run):
                _hold_again(edit, run)
                back.append(run)
        return back


def _that_fit(runs: Sequence[Run]) -> Sequence[Run]:
    """As many of the runs, from the first on, as fit into one answer; at least one."""
    size = 0
    for count, run in enumerate(runs):
        size += size_of_run(run)
        if size > PAGE_BYTES and count:
            return runs[:count]
    return runs


def _may_be_taken_back(sweep: Sweep, run: Run) -> bool:
    """Whether the lease ran out, nobody else was given it since, and the sweep hands out runs.

    Until then its agent's result would count, too.
    """
    return sweep.state is SweepState.RUNNING and run.state is RunState.QUEUED and run.is_held


def _hold_again(edit: SweepEdit, run: Run) -> None:
    if run.state is RunState.QUEUED:
        run.error = None
        edit.move(run, RunState.RUNNING)
    else:
        edit.touch(run)
    run.lease_expire_time = edit.now + edit.lease
