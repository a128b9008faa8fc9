"""What an agent that comes back under its name is given: the runs that it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import Run, RunState, Sweep, SweepState


@dataclass(frozen=True)
class ResumeRuns(SingleChange[Sequence[Run]]):
    """Gives an agent its runs back, at most `count` by ascending number, with new leases.

    Those that run, whatever the sweep's state, since they may end in any. And those that
    were queued again because their lease ran out, if nobody was given them since and the
    sweep hands out runs: until then their result would count, too. Attempts stay, and with
    them what was reported, so each attempt still ends once, whoever says so.
    """

    agent_id: str
    count: int

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(agent_ids=frozenset({self.agent_id}))

    def apply(self, edit: SweepEdit) -> Sequence[Run]:
        resumable = [RunState.RUNNING]
        if edit.sweep.state is SweepState.RUNNING:
            resumable.append(RunState.QUEUED)
        mine = sorted(
            (
                run
                for run in edit.runs.values()
                if run.agent_id == self.agent_id and run.state in resumable
            ),
            key=lambda run: run.number,
        )
        for run in mine[: self.count]:
            if run.state is RunState.QUEUED:
                run.error = None
                edit.move(run, RunState.RUNNING)
            else:
                edit.touch(run)
            run.lease_expire_time = edit.now + edit.lease
        return mine[: self.count]
