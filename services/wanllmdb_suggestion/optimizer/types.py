"""The values that a model knows of a sweep and its runs, each a copy of the registry's."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from sys import intern

from typing_extensions import override

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace

Parameters = Mapping[str, ParameterValue]


class Point(Mapping[str, ParameterValue]):
    """The parameters of a run, without the table of names that each dictionary has.

    Runs with the same names share them, and equal texts are one. A model of 100,000 runs takes
    half of the memory.

    Attributes:
        names: The names of the parameters, ascending.
        row: Their values.
    """

    __slots__ = ("names", "row")

    def __init__(self, parameters: Mapping[str, ParameterValue]) -> None:
        """Copy the parameters."""
        self.names, ascend = _shared(tuple(parameters))
        if not ascend:
            parameters = dict(sorted(parameters.items()))
            self.names, _ = _shared(tuple(parameters))
        self.row = tuple(
            intern(value) if type(value) is str else value for value in parameters.values()
        )

    @override
    def __getitem__(self, name: str) -> ParameterValue:
        at = bisect_left(self.names, name)
        if at == len(self.names) or self.names[at] != name:
            raise KeyError(name)
        return self.row[at]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    @override
    def __len__(self) -> int:
        return len(self.names)

    @override
    def __repr__(self) -> str:
        return f"Point({dict(self)!r})"


@lru_cache(maxsize=4096)
def _shared(names: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the names, the same object for equal ones, and whether they ascend."""
    return names, list(names) == sorted(names)


class RunState(StrEnum):
    """The state of a run; the names are those of the protos."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELED = "CANCELED"


class SweepState(StrEnum):
    """The state of a sweep; the names are those of the protos."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class Exhausted(StrEnum):
    """Why a sweep that works as intended assigns no more runs."""

    RUN_CAP = "RUN_CAP"
    SPACE_EXHAUSTED = "SPACE_EXHAUSTED"
    TARGET_REACHED = "TARGET_REACHED"
    TERMINATED = "TERMINATED"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that the sweep optimizes."""

    name: str
    minimize: bool = True
    # WORST, BEST or LATEST, the names of the protos; empty for no imputation.
    impute: str = ""
    impute_while_running: str = ""


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """An algorithm by name, with the options of the config, which the registry has checked."""

    name: str
    options: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WandbHyperband:
    """W&B's hyperband: rungs at min_iter * eta^i, or at max_iter / eta^i for i = 1..s.

    Rungs are truncated to integers. Either `min_iter` is given, or `max_iter` and `s`; the
    others are 0. A run continues while it is no worse than the value at index n/eta of the n
    values at its rung, best first. With `strict`, the run's value at the rung is tested, else
    its best value so far.
    """

    min_iter: int = 0
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0

    def rungs(self) -> Iterator[int]:
        """Yield the rungs as ascending iterations, counted from 1; endless with `min_iter`."""
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
    """A run as the registry last returned it.

    A queued run that was never assigned (attempt 0) may have only some of its parameters;
    every other run has all of them. `last_step` is the highest step that the run reported.
    `objective` is set in sweeps with one metric, `objectives` in sweeps with several.
    `sampler_state` is what the sampler stored with the run, unchecked. `is_worst` is set by
    imputation, for samplers only: the run counts as having the worst value of all ended runs.
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
    """An imported result, by its index among the sweep's prior runs.

    A prior run has no number. `state` is FINISHED, PRUNED or FAILED; `objectives` are in the
    order of the metrics, and empty for a failed run.
    """

    index: int
    state: RunState
    parameters: Parameters
    objectives: tuple[float, ...] = ()
    last_step: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectivePoint:
    """A value of the metric that a run reported at a step; it may be NaN or infinite."""

    number: int
    attempt: int
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class StudySpec:
    """The search space of a sweep and its algorithms.

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
        """The name of the metric, if the sweep has exactly one."""
        return self.metrics[0].name if len(self.metrics) == 1 else None

    @property
    def minimize(self) -> bool:
        """Whether smaller values are better, in a sweep with one metric."""
        return self.metrics[0].minimize if len(self.metrics) == 1 else True

    def models_as(self, other: StudySpec) -> bool:
        """Return whether a model of `other` serves this spec: they differ by the cap at most."""
        return replace(self, run_cap=other.run_cap) == other


@dataclass(frozen=True, slots=True)
class SweepStatus:
    """The state of the sweep at the last sync.

    `finished_by` is why a FINISHED sweep finished by itself; None if a user finished it.
    `next_number` is the number of the next new run.
    """

    state: SweepState = SweepState.PENDING
    finished_by: Exhausted | None = None
    next_number: int = 0
    space_exhausted: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of changes since a revision; complete up to `revision`.

    `spec`, `etag` and, once the sweep has ended, `end_message` are set when the sweep itself
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
