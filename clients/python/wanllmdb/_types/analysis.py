"""Answers that are ready to be plotted.

Where a sweep has more runs than an answer has room for, it is a sample: then the
total exceeds the columns' length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanllmdb._types.enums import AxisKind, AxisScale, Goal, RunState, SweepState


@dataclass(frozen=True, slots=True)
class ParallelDimension:
    """One axis of a parallel-coordinates plot and its column of values.

    For a category axis `values` holds indices into `categories`. NaN where a run
    has no such value.
    """

    name: str
    kind: AxisKind
    scale: AxisScale
    min: float
    max: float
    categories: tuple[Any, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ParallelCoordinates:
    """Columns of a parallel-coordinates plot: parameters by name, the metrics last.

    `best_index` is the row of the best run; None with several metrics.
    """

    dimensions: tuple[ParallelDimension, ...]
    run_numbers: tuple[int, ...]
    best_index: int | None
    total_finished_runs: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each run was handed out and ended: columns of equal length, by run number.

    Times are seconds since `start_time`; NaN where a run has not ended, and for an
    objective where it has none. `agents` has each run's agent.
    """

    start_time: datetime | None
    run_numbers: tuple[int, ...]
    states: tuple[RunState, ...]
    start_seconds: tuple[float, ...]
    end_seconds: tuple[float, ...]
    objectives: tuple[float, ...]
    agents: tuple[str, ...]
    now_seconds: float
    total_runs: int


@dataclass(frozen=True, slots=True)
class ParameterImportance:
    """How much one parameter matters for the metric.

    `importance` is its share, 0 to 1. The correlations with the objective, linear
    (Pearson) and by rank (Spearman), are -1 to 1; None where the parameter's values
    have no order, or one of the two never varies. `runs` have the parameter.
    """

    name: str
    importance: float
    linear_correlation: float | None
    rank_correlation: float | None
    runs: int


@dataclass(frozen=True, slots=True)
class ParameterImportances:
    """The parameters, most important first, and how many finished runs they rest on."""

    parameters: tuple[ParameterImportance, ...]
    runs_used: int

    @property
    def importances(self) -> dict[str, float]:
        """The shares alone, by name, most important first."""
        return {parameter.name: parameter.importance for parameter in self.parameters}


@dataclass(frozen=True, slots=True)
class OptimizationHistory:
    """The objective and the best one so far, columns of equal length by run number."""

    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    best_objectives: tuple[float, ...]
    goal: Goal
    total_finished_runs: int


@dataclass(frozen=True, slots=True)
class HypervolumeHistory:
    """The volume that the Pareto front so far dominates, by run number.

    It is measured from `reference_point`, by metric. `is_estimate` where exact
    volumes of so large a front of three and more metrics would take too long.
    """

    run_numbers: tuple[int, ...]
    hypervolumes: tuple[float, ...]
    reference_point: Mapping[str, float]
    total_finished_runs: int
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class ParameterAxis:
    """A parameter's axis; `categories` for a category axis, in the space's order."""

    name: str
    scale: AxisScale
    min: float
    max: float
    categories: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ParameterColumn:
    """A parameter's axis and its values, one a run.

    For a category axis they are indices into its categories. NaN where a run does not
    have the parameter.
    """

    axis: ParameterAxis
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    """Each parameter's values beside the objective: columns of equal length by run number.

    `ranks` are the runs' places among all finished ones: 0 for the best, 1 for the
    worst.
    """

    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    ranks: tuple[float, ...]
    parameters: tuple[ParameterColumn, ...]
    total_finished_runs: int


@dataclass(frozen=True, slots=True)
class Contour:
    """The objective over two parameters: as runs, and interpolated between them.

    `surface` has a row for each of `y_places`, and in it a value for each of
    `x_places`; NaN outside of what the runs enclose.
    """

    x: ParameterColumn
    y: ParameterColumn
    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    x_places: tuple[float, ...]
    y_places: tuple[float, ...]
    surface: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class EdfCurve:
    """One sweep's shares of finished runs whose objective is at most that of each place."""

    sweep_id: str
    name: str
    shares: tuple[float, ...]
    finished_runs: int


@dataclass(frozen=True, slots=True)
class Edf:
    """Empirical distribution functions of several sweeps over the same objectives."""

    objectives: tuple[float, ...]
    curves: tuple[EdfCurve, ...]
    goal: Goal


@dataclass(frozen=True, slots=True)
class Correlations:
    """A matrix of correlations: a row and a column for each of `names`, parameters first.

    NaN where one of the two never varies. `runs` says how many each entry rests on.
    """

    names: tuple[str, ...]
    correlations: tuple[tuple[float, ...], ...]
    runs: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SweepCourse:
    """The course of one sweep: columns of equal length, in the order in which runs ended.

    `seconds` count from the sweep's start, `ended_runs` all runs that had ended.
    """

    sweep_id: str
    name: str
    state: SweepState
    ended_runs: tuple[int, ...]
    seconds: tuple[float, ...]
    best_objectives: tuple[float, ...]
    best_run_numbers: tuple[int, ...]
    finished_runs: int
    total_runs: int
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class SweepComparison:
    """The courses of several sweeps, in the order of the request."""

    courses: tuple[SweepCourse, ...]
    goal: Goal
