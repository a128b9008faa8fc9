"""Parameters that a user wants tried next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import SweepEdit
from wanllmdb_registry.domain.model import Parameters, Run, RunOrigin, RunState
from wanllmdb_registry.domain.points import PointChecker

# That are reported, of one run and of all.
MAX_RUN_PROBLEMS = 10
MAX_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """What a user wants tried; the sampler completes the parameters."""

    parameters: Parameters
    labels: Mapping[str, str]


def check_enqueued(space: SearchSpace, runs: Sequence[EnqueuedRun]) -> None:
    """Passes where runs of a sweep with this space can have the parameters.

    Raises:
        InvalidArgumentError: INVALID_REQUEST with every problem.
    """
    checker = PointChecker(space)
    problems: list[FieldViolation] = []
    for index, run in with_checkpoints(enumerate(runs), every=1):
        problems += islice(checker.problems(run.parameters, f"runs[{index}]"), MAX_RUN_PROBLEMS)
        if len(problems) > MAX_PROBLEMS:
            break
    if problems:
        raise invalid_request(*problems)


@dataclass(frozen=True)
class EnqueueRuns(SingleChange[Sequence[Run]]):
    """Queues points of the space, in order; they count against the cap.

    The points are checked before, see `check_enqueued`: since a space only ever grows, what
    an earlier one allowed is allowed.
    """

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
