"""`EnqueueRuns` queues points that a user wants tried next; `PointChecker` validates them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_common.search_space.conditions import parents_first
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import (
    Condition,
    ParameterValue,
    SearchSpace,
    in_words,
    membership,
    same_value,
)
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import Parameters, Run, RunOrigin, RunState
from wanllmdb_registry.domain.run_cap import require_room_for
from wanllmdb_registry.domain.sweep_events import SweepEventKind, runs_named
from wanllmdb_registry.domain.unit_of_work import UnitOfWork

_INT64 = range(-(2**63), 2**63)


def lies_in(gives: Callable[[ParameterValue], bool], value: ParameterValue) -> bool:
    """Return whether a run may have the value; unlike JSON, runs have integers of 64 bits."""
    return (not isinstance(value, int) or value in _INT64) and gives(value)


class PointChecker:
    """Finds the problems of points of a space; a point may omit parameters."""

    def __init__(self, space: SearchSpace) -> None:
        self._distributions = {p.name: p.distribution for p in space.parameters}
        self._gives = {p.name: membership(p.distribution) for p in space.parameters}
        # Children first, so that their demands on a parent are known before the parent.
        self._children_first = tuple(reversed(parents_first(space)))
        self._constraints = Constraints(space)

    def problems(self, point: Mapping[str, ParameterValue], path: str) -> Iterator[FieldViolation]:
        """Yield unknown names, impossible values and conditions, and broken constraints."""
        fine = True
        for name, value in point.items():
            text = self._outside(name, value)
            if text is not None:
                fine = False
                yield FieldViolation(f"{path}.parameters.{name:.100}", text)
        if fine:
            yield from self._impossible(point, path)
            for text in self._constraints.broken(point):
                yield FieldViolation(f"{path}.parameters", f"breaks the constraint '{text:.200}'")

    def _outside(self, name: str, value: ParameterValue) -> str | None:
        if name not in self._distributions:
            known = ", ".join(self._distributions)
            return f"the search space has no parameter '{name:.100}'; its parameters: {known:.300}"
        if not lies_in(self._gives[name], value):
            return f"is never {value!r:.100}: it is {in_words(self._distributions[name]):.200}"
        return None

    def _impossible(
        self, point: Mapping[str, ParameterValue], path: str
    ) -> Iterator[FieldViolation]:
        """Yield given parameters whose conditions can't hold, whatever values the rest gets."""
        # For each parameter that is not given but required: the values that the parameter may
        # have, and a given parameter that requires it.
        demanded: dict[str, tuple[ParameterValue, ...]] = {}
        needed_by: dict[str, str] = {}
        for parameter in self._children_first:
            if parameter.name not in point and parameter.name not in demanded:
                continue
            given = needed_by.get(parameter.name, parameter.name)
            for condition in parameter.conditions:
                parent = condition.parameter
                if parent in point:
                    possible = _among(condition, (point[parent],))
                else:
                    possible = _among(condition, demanded.get(parent, condition.values))
                    demanded[parent] = possible
                    needed_by[parent] = given
                if not possible:
                    wanted = ", ".join(f"{value!r:.40}" for value in condition.values[:10])
                    yield FieldViolation(
                        f"{path}.parameters.{given:.100}",
                        f"a run has {parameter.name:.100} only when {parent:.100} is {wanted}, "
                        "which the other parameters given rule out",
                    )


def _among(condition: Condition, values: tuple[ParameterValue, ...]) -> tuple[ParameterValue, ...]:
    return tuple(
        value for value in values if any(same_value(value, wanted) for wanted in condition.values)
    )


# Problems that are reported, of one run and of all runs.
MAX_RUN_PROBLEMS = 10
MAX_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """Parameters and labels of a run to queue; the sampler completes the parameters."""

    parameters: Parameters
    labels: Mapping[str, str]


def check_enqueued(space: SearchSpace, runs: Sequence[EnqueuedRun]) -> None:
    """Check that runs in this space can have the parameters.

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
class EnqueueRuns(SingleCommand[Sequence[Run]]):
    """Queues points of the space, in order; their runs count against the run cap.

    `check_enqueued` checks the points before the transaction. Since a space only ever grows, a
    point that an earlier version allowed is still allowed.
    """

    runs: Sequence[EnqueuedRun]

    def apply(self, work: UnitOfWork) -> Sequence[Run]:
        sweep = work.sweep
        if sweep.state.is_final:
            raise FailedPreconditionError(
                "SWEEP_NOT_RUNNING",
                f"sweep '{sweep.sweep_id}' is {sweep.state}: it starts no more runs",
                sweep_id=sweep.sweep_id,
                state=sweep.state,
            )
        require_room_for(sweep, len(self.runs))
        queued = []
        for wanted in self.runs:
            run = Run(
                sweep_id=sweep.sweep_id,
                number=sweep.next_number,
                parameters=wanted.parameters,
                labels=wanted.labels,
                state=RunState.QUEUED,
                origin=RunOrigin.ENQUEUED,
                create_time=work.now,
            )
            work.create(run)
            queued.append(run)
        numbers = [run.number for run in queued]
        work.note(SweepEventKind.RUNS_ENQUEUED, runs_named(numbers))
        return queued
