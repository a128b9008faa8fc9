"""Parameters that a user wants tried next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wanllmdb_common.errors import FailedPreconditionError, invalid_request
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import SweepEdit
from wanllmdb_registry.domain.model import Parameters, Run, RunOrigin, RunState
from wanllmdb_registry.domain.points import PointChecker


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """What a user wants tried; the sampler completes the parameters."""

    parameters: Parameters
    labels: Mapping[str, str]


@dataclass(frozen=True)
class EnqueueRuns(SingleChange[Sequence[Run]]):
    """Queues points of the space, in order; they count against the cap."""

    runs: Sequence[EnqueuedRun]

    def apply(self, edit: SweepEdit) -> Sequence[Run]:
        sweep = edit.sweep
        if sweep.state.is_final:
            raise FailedPreconditionError(
                "SWEEP_NOT_RUNNING",
                f"sweep '{sweep.sweep_id}' is {sweep.state}: nothing more will be tried",
                sweep_id=sweep.sweep_id,
                state=sweep.state,
            )
        checker = PointChecker(sweep.spec.space)
        problems = [
            problem
            for index, run in enumerate(self.runs)
            for problem in checker.problems(run.parameters, f"runs[{index}]")
        ]
        if problems:
            raise invalid_request(*problems)
        if sweep.remaining is not None and len(self.runs) > sweep.remaining:
            raise FailedPreconditionError(
                "RUN_CAP_REACHED",
                f"sweep '{sweep.sweep_id}' has room for {sweep.remaining} more runs, not for "
                f"{len(self.runs)}: raise its run_cap of {sweep.spec.run_cap} first",
                sweep_id=sweep.sweep_id,
                run_cap=sweep.spec.run_cap,
                total_runs=sweep.next_number,
            )
        queued = []
        for wanted in self.runs:
            run = Run(
                sweep_id=sweep.sweep_id,
                number=sweep.next_number,
                parameters=wanted.parameters,
                labels=wanted.labels,
                state=RunState.QUEUED,
                origin=RunOrigin.ENQUEUED,
                create_time=edit.now,
            )
            edit.create(run)
            queued.append(run)
        return queued
