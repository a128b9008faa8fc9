"""The values that a model knows of a sweep and its runs, each a copy of the registry's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace

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


class Exhausted(StrEnum):
    """Why a sweep hands out no more runs though nothing is wrong."""

    RUN_CAP = "RUN_CAP"
    SPACE_EXHAUSTED = "SPACE_EXHAUSTED"
    TARGET_REACHED = "TARGET_REACHED"
    TERMINATED = "TERMINATED"


@dataclass(frozen=True, slots=True)
class Metric:
    """What is optimized."""

    name: str
    minimize: bool = True
    # WORST, BEST or LATEST, as the protos name them; empty for nothing.
    impute: str = ""
    impute_while_running: str = ""


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """An algorithm by name, with the options that were given; the registry has checked them."""

    name: str
    options: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WandbHyperband:
    """Bands at min_iter * eta^i, or at max_iter / eta^i for i = 1..s, cut to integers.

    Either `min_iter` is given, or `max_iter` and `s`; the others are 0. A run
    goes on while it is not worse than the value at place n/eta of those at its
    rung. `strict` tests its value at the rung, else its best one so far.
    """

    min_iter: int = 0
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0

    def rungs(self) -> Iterator[int]:
        """Ascending iterations, counted from 1, each once; with min_iter without end."""
        last = 0
        for exact in self._endless() if self.min_iter else self._before_max_iter():
            if int(exact) > last:
                last = int(exact)
                yield last

    def _endless(self) -> Iterator[float]:
        exact = float(self.min_iter)
        while math.isfinite(exact):
            yield exact
            exact *= self.eta

    def _before_max_iter(self) -> Iterator[float]:
        found = []
        exact = float(self.max_iter)
        for _ in range(self.s):
            exact /= self.eta
            if exact < 1:
                break
            found.append(exact)
        return reversed(found)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the registry last told it.

    A queued run that was never handed out (attempt 0) may have only some of
    its parameters; every other run has all of them. `last_step` is the highest
    step that it reported. `objective` is set in sweeps with one metric,
    `objectives` in those with several. `sampler_state` is what the sampler stored
    with it, unchecked. `is_worst` is set for a sampler alone, on a run that counts as one with
    the worst value of all that ended.
    """

    number: int
    state: RunState
    attempt: int
    parameters: Parameters
    objective: float | None
    last_step: int | None = None
    objectives: tuple[float, ...] = ()
    sampler_state: bytes = b""
    is_worst: bool = False


@dataclass(frozen=True, slots=True)
class PriorRecord:
    """A result of elsewhere, by its place among the sweep's prior runs; it has no number.

    `state` is FINISHED, PRUNED or FAILED; `objectives` are in the order of the
    metrics, none when it failed.
    """

    index: int
    state: RunState
    parameters: Parameters
    objectives: tuple[float, ...] = ()
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

    Early termination is W&B's `hyperband`, or a `pruner` by name, or neither.
    """

    sampler: AlgorithmChoice
    space: SearchSpace
    seed: int
    metrics: tuple[Metric, ...] = ()
    hyperband: WandbHyperband | None = None
    pruner: AlgorithmChoice | None = None
    terminator: AlgorithmChoice | None = None
    run_cap: int | None = None

    @property
    def metric(self) -> str | None:
        """The metric's name, if there is exactly one."""
        return self.metrics[0].name if len(self.metrics) == 1 else None

    @property
    def minimize(self) -> bool:
        """Whether smaller is better, in a sweep with one metric."""
        return self.metrics[0].minimize if len(self.metrics) == 1 else True

    def models_as(self, other: StudySpec) -> bool:
        """Whether a model built for `other` serves this one: all is equal but the cap."""
        return replace(self, run_cap=other.run_cap) == other


@dataclass(frozen=True, slots=True)
class SweepStatus:
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

    `spec`, `etag` and, once it has ended, `end_message` are set when the sweep itself
    changed.
    """

    revision: int
    status: SweepStatus
    runs: Sequence[RunRecord] = ()
    points: Sequence[ObjectivePoint] = ()
    prior_runs: Sequence[PriorRecord] = ()
    spec: StudySpec | None = None
    etag: str = ""
    end_message: str = ""
