"""What a model knows of a sweep and its runs: plain values, each a copy of the registry's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_suggestion.study.hyperband import Hyperband

Parameters = Mapping[str, ParameterValue]


class RunState(StrEnum):
    """Where a run stands; the names are the protos'."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELED = "CANCELED"


class SweepState(StrEnum):
    """Where a sweep stands; the names are the protos'."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class Method(StrEnum):
    """How the next parameters are chosen."""

    RANDOM = "random"
    GRID = "grid"
    BAYES = "bayes"


class Exhausted(StrEnum):
    """Why a sweep hands out no more runs though nothing is wrong."""

    RUN_CAP = "RUN_CAP"
    SPACE_EXHAUSTED = "SPACE_EXHAUSTED"
    TARGET_REACHED = "TARGET_REACHED"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the registry last told it.

    A queued run that was never handed out (attempt 0) may have only some of
    its parameters; every other run has all of them. `last_step` is the highest
    step that it reported.
    """

    number: int
    state: RunState
    attempt: int
    parameters: Parameters
    objective: float | None
    last_step: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectivePoint:
    """A value of the metric that a run reported at a step; may be NaN or infinite."""

    number: int
    attempt: int
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class StudySpec:
    """What is searched and how.

    `metric` is the metric's name, None where the sweep has none; a sweep
    without one is taken as minimized, which then decides nothing.
    """

    method: Method
    space: SearchSpace
    seed: int
    metric: str | None = None
    minimize: bool = True
    hyperband: Hyperband | None = None
    run_cap: int | None = None

    def models_as(self, other: StudySpec) -> bool:
        """Whether a model built for `other` serves this one: all is equal but the cap."""
        return (
            self.method == other.method
            and self.space == other.space
            and self.seed == other.seed
            and self.metric == other.metric
            and self.minimize == other.minimize
            and self.hyperband == other.hyperband
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the sweep stood at the last sync.

    `finished_by` says what finished a FINISHED sweep by itself; None where a
    user did. `next_number` is the number that the next new run will get.
    """

    state: SweepState = SweepState.PENDING
    finished_by: Exhausted | None = None
    next_number: int = 0
    space_exhausted: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of what changed since a revision; complete up to `revision`.

    `spec` and `etag` are set when the sweep itself changed.
    """

    revision: int
    standing: Standing
    runs: Sequence[RunRecord] = ()
    points: Sequence[ObjectivePoint] = ()
    spec: StudySpec | None = None
    etag: str = ""
