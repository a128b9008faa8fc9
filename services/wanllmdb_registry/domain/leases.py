"""Leases: an agent holds a run as long as its heartbeats renew the run's lease.

`ExpireLeases` queues a run past its lease again. `ResumeRuns` and `TakeBackRuns` return such a run
to its agent while no other agent has it, and `ReleaseRun` gives a run back before its lease ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_registry.domain.bounds import PAGE_BYTES, size_of_run
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import (
    Run,
    RunError,
    RunState,
    Sweep,
    SweepState,
)
from wanllmdb_registry.domain.sweep_lifecycle import finish_if_done
from wanllmdb_registry.domain.unit_of_work import Attempt, LoadPlan, UnitOfWork


@dataclass(frozen=True, slots=True)
class HeldRuns:
    """The runs of one sweep that an agent named in a heartbeat.

    Attributes:
        states: The states of the runs that the agent still holds.
        stopping: Those of them that a user asked to stop.
        expire_times: When the renewed leases end; only running runs have a lease.
        sweep_state: None if the sweep does not exist.
    """

    states: Mapping[Attempt, RunState]
    stopping: Set[Attempt]
    expire_times: Mapping[Attempt, datetime]
    sweep_state: SweepState | None

    @property
    def queued(self) -> list[Attempt]:
        """The runs that were queued again because their lease had expired."""
        return [held for held, state in self.states.items() if state is RunState.QUEUED]


def held_run(work: UnitOfWork, number: int, attempt: int) -> Run:
    """Return the run if this attempt may still change it.

    Raises:
        FailedPreconditionError: RUN_LEASE_LOST or RUN_NOT_RUNNING.
    """
    run = work.run(number)
    if attempt > run.attempt or attempt < 1:
        text = f"run {run.number} has {run.attempt} attempts, so there is no attempt {attempt}"
        raise invalid_request(FieldViolation("attempt", text))
    if attempt < run.attempt:
        raise FailedPreconditionError(
            "RUN_LEASE_LOST",
            f"run {run.number} of sweep '{run.sweep_id}' was lost and assigned again: attempt "
            f"{run.attempt} has replaced attempt {attempt}",
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
        )
    if not run.is_held:
        not_running(run)
    return run


@dataclass(frozen=True)
class ReleaseRun(SingleCommand[Run]):
    """Gives a run back: the run is queued again at once, which is not a retry.

    A run past its lease that no other agent has is given back, too: otherwise a repetition of the
    rejected request would succeed after a heartbeat had taken the run back. A run that was to
    stop, or whose sweep has ended, is canceled instead.
    """

    number: int
    attempt: int
    reason: str

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(numbers=frozenset({self.number}))

    def apply(self, work: UnitOfWork) -> Run:
        run = held_run(work, self.number, self.attempt)
        if run.state is RunState.LOST:
            not_running(run)
        if run.stop_requested:
            work.move(run, RunState.CANCELED)
            finish_if_done(work)
            return run
        run.error = RunError(self.reason) if self.reason else None
        if work.sweep.state.is_final:
            work.move(run, RunState.CANCELED)
        else:
            run.agent_id = ""
            work.move(run, RunState.QUEUED)
        return run


@dataclass(frozen=True, slots=True)
class ExpiredLeases:
    """The number of runs past their lease, and of those that were queued again."""

    runs: int
    queued: int


@dataclass(frozen=True)
class ExpireLeases(SingleCommand[ExpiredLeases]):
    """Queues runs past their lease again, or marks them LOST if no retry is left.

    A run that was to stop is canceled instead.
    """

    @property
    def needs_lock(self) -> bool:
        # A heartbeat between the load and the write would be overlooked.
        return True

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(expired=True)

    def apply(self, work: UnitOfWork) -> ExpiredLeases:
        queued = 0
        expired = [
            run
            for run in work.runs.values()
            if run.state is RunState.RUNNING
            and run.lease_expire_time is not None
            and run.lease_expire_time <= work.now
        ]
        for run in sorted(expired, key=lambda run: run.number):
            if run.stop_requested:
                work.move(run, RunState.CANCELED)
                continue
            run.error = RunError(
                f"agent '{run.agent_id}' sent no heartbeat for {work.lease.total_seconds():g} "
                "seconds; it crashed, hangs or is disconnected"
            )
            if not work.sweep.state.is_final and run.losses < work.sweep.spec.retries.lost:
                run.losses += 1
                queued += 1
                work.move(run, RunState.QUEUED)
            else:
                work.move(run, RunState.LOST)
        finish_if_done(work)
        return ExpiredLeases(len(expired), queued)


def not_running(run: Run) -> NoReturn:
    raise FailedPreconditionError(
        "RUN_NOT_RUNNING",
        f"run {run.number} of sweep '{run.sweep_id}' is {run.state}",
        sweep_id=run.sweep_id,
        number=run.number,
        state=run.state,
    )


@dataclass(frozen=True)
class ResumeRuns(SingleCommand[Sequence[Run]]):
    """Returns the runs of an agent that has restarted, and renews their leases.

    The answer has at most `count` runs by ascending number, and no more than fit into one
    message; the agent's other runs are assigned to other agents when their leases end.

    The agent gets its running runs in any state of the sweep, since a run may end in any state,
    and the runs that it may take back. Their attempts and reported values stay the same, so each
    attempt still ends once.
    """

    agent_id: str
    count: int

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(agent_ids=frozenset({self.agent_id}))

    def apply(self, work: UnitOfWork) -> Sequence[Run]:
        mine = [
            run
            for run in work.runs.values()
            if run.agent_id == self.agent_id
            and (run.state is RunState.RUNNING or _may_be_taken_back(work.sweep, run))
        ]
        held = _that_fit(sorted(mine, key=lambda run: run.number)[: self.count])
        for run in held:
            _hold_again(work, run)
        return held


@dataclass(frozen=True)
class TakeBackRuns(SingleCommand[Sequence[Run]]):
    """Returns queued runs to agents that were silent too long but still work on these runs."""

    held: Sequence[Attempt]

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(numbers=frozenset(number for number, _ in self.held))

    def apply(self, work: UnitOfWork) -> Sequence[Run]:
        back = []
        for number, attempt in self.held:
            run = work.runs.get(number)
            if run is not None and run.attempt == attempt and _may_be_taken_back(work.sweep, run):
                _hold_again(work, run)
                back.append(run)
        return back


def _that_fit(runs: Sequence[Run]) -> Sequence[Run]:
    """Return the first runs that fit into one answer, at least one."""
    size = 0
    for count, run in enumerate(runs):
        size += size_of_run(run)
        if size > PAGE_BYTES and count:
            return runs[:count]
    return runs


def _may_be_taken_back(sweep: Sweep, run: Run) -> bool:
    """Return whether the run is past its lease, has no other agent, and its sweep is running.

    The result of the agent that held such a run would still count, too.
    """
    return sweep.state is SweepState.RUNNING and run.state is RunState.QUEUED and run.is_held


def _hold_again(work: UnitOfWork, run: Run) -> None:
    if run.state is RunState.QUEUED:
        run.error = None
        work.move(run, RunState.RUNNING)
    else:
        work.touch(run)
    run.lease_expire_time = work.now + work.lease
