"""Analyses that are ready to be plotted, from protobuf.

A sweep with more runs than fit into a response is sampled: the total then exceeds the length of
the columns. An analysis, or a curve of one, includes every change of its sweep up to its
`revision`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from wanllmdb._types.enums import (
    AxisKind,
    AxisScale,
    Goal,
    RunState,
    SweepState,
    enum_from_proto,
    enums_from_proto,
)
from wanllmdb._types.values import from_parameter_value, optional_field, optional_time
from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ParallelDimension:
    """One axis of a parallel-coordinates plot and its column of values.

    For a category axis, `values` holds indices into `categories`. A value is NaN if the run
    lacks it.
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

    `best_index` is the row of the best run; None for sweeps with several metrics.
    """

    dimensions: tuple[ParallelDimension, ...]
    run_numbers: tuple[int, ...]
    best_index: int | None
    total_finished_runs: int
    revision: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The start and end of each run: columns of equal length, by run number.

    Times are seconds since `start_time`. An end is NaN if the run has not ended, an objective
    if the run has none. `agents` holds each run's agent.
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
    revision: int


@dataclass(frozen=True, slots=True)
class ParameterImportance:
    """The importance of one parameter for the metric.

    `importance` is the parameter's share, 0 to 1. The correlations with the objective, linear
    (Pearson) and by rank (Spearman), are -1 to 1; None if the parameter's values have no order,
    or if the parameter or the objective never varies. `runs` is the number of runs that have
    the parameter.
    """

    name: str
    importance: float
    linear_correlation: float | None
    rank_correlation: float | None
    runs: int


@dataclass(frozen=True, slots=True)
class ParameterImportances:
    """The parameters, most important first, and the number of finished runs used."""

    parameters: tuple[ParameterImportance, ...]
    runs_used: int
    revision: int

    @property
    def importances(self) -> dict[str, float]:
        """The importances by parameter name, most important first."""
        return {parameter.name: parameter.importance for parameter in self.parameters}


@dataclass(frozen=True, slots=True)
class OptimizationHistory:
    """The objective and the best objective so far: columns of equal length, by run number."""

    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    best_objectives: tuple[float, ...]
    goal: Goal
    total_finished_runs: int
    revision: int


@dataclass(frozen=True, slots=True)
class HypervolumeHistory:
    """The volume that the Pareto front so far dominates, by run number.

    The volume is measured from `reference_point`, a value for each metric. `is_estimate` is True
    if the front is too large for exact volumes in three or more dimensions.
    """

    run_numbers: tuple[int, ...]
    hypervolumes: tuple[float, ...]
    reference_point: Mapping[str, float]
    total_finished_runs: int
    is_estimate: bool
    revision: int


@dataclass(frozen=True, slots=True)
class ParameterAxis:
    """A parameter's axis; a category axis has `categories` in the search space's order."""

    name: str
    scale: AxisScale
    min: float
    max: float
    categories: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ParameterColumn:
    """A parameter's axis and its values, one per run.

    For a category axis, the values are indices into the categories. A value is NaN if the run
    lacks the parameter.
    """

    axis: ParameterAxis
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    """Each parameter's values next to the objective: columns of equal length, by run number.

    `ranks` are the runs' relative ranks among all finished runs: 0 for the best, 1 for the
    worst.
    """

    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    ranks: tuple[float, ...]
    parameters: tuple[ParameterColumn, ...]
    total_finished_runs: int
    revision: int


@dataclass(frozen=True, slots=True)
class Contour:
    """The objective over two parameters: the runs, and a surface interpolated between them.

    `surface` has a row for each of `y_positions`, with a value for each of `x_positions`; the
    value is NaN outside the area that the runs enclose.
    """

    x: ParameterColumn
    y: ParameterColumn
    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    x_positions: tuple[float, ...]
    y_positions: tuple[float, ...]
    surface: tuple[tuple[float, ...], ...]
    revision: int


@dataclass(frozen=True, slots=True)
class EdfCurve:
    """One sweep's shares of finished runs with an objective of at most each given value."""

    sweep_id: str
    name: str
    shares: tuple[float, ...]
    finished_runs: int
    revision: int


@dataclass(frozen=True, slots=True)
class Edf:
    """Empirical distribution functions of several sweeps over the same objectives."""

    objectives: tuple[float, ...]
    curves: tuple[EdfCurve, ...]
    goal: Goal


@dataclass(frozen=True, slots=True)
class Correlations:
    """A matrix of correlations: a row and a column for each of `names`, parameters first.

    An entry is NaN if one of its two columns never varies. `runs` holds the number of runs that
    each entry is based on.
    """

    names: tuple[str, ...]
    correlations: tuple[tuple[float, ...], ...]
    runs: tuple[tuple[int, ...], ...]
    revision: int


@dataclass(frozen=True, slots=True)
class ProgressCurve:
    """The progress of one sweep: columns of equal length, in the order in which runs ended.

    `seconds` count from the sweep's start; `ended_runs` counts all runs that had ended by then.
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
    duration: timedelta
    revision: int


@dataclass(frozen=True, slots=True)
class SweepComparison:
    """The progress of several sweeps, in the order of the request."""

    curves: tuple[ProgressCurve, ...]
    goal: Goal


def parallel_coordinates_from_proto(
    message: plots_pb2.GetParallelCoordinatesResponse,
) -> ParallelCoordinates:
    """Columns of a parallel-coordinates plot."""
    return ParallelCoordinates(
        dimensions=tuple(
            ParallelDimension(
                name=axis.name,
                kind=enum_from_proto(AxisKind, axis, "kind"),
                scale=enum_from_proto(AxisScale, axis, "scale"),
                min=axis.min,
                max=axis.max,
                categories=tuple(from_parameter_value(value) for value in axis.categories),
                values=tuple(axis.values),
            )
            for axis in message.dimensions
        ),
        run_numbers=tuple(message.run_numbers),
        best_index=optional_field(message, "best_index"),
        total_finished_runs=message.total_finished_runs,
        revision=message.revision,
    )


def timeline_from_proto(message: plots_pb2.GetTimelineResponse) -> Timeline:
    """When each run started and ended."""
    return Timeline(
        start_time=optional_time(message, "start_time"),
        run_numbers=tuple(message.run_numbers),
        states=enums_from_proto(RunState, message, "states"),
        start_seconds=tuple(message.start_seconds),
        end_seconds=tuple(message.end_seconds),
        objectives=tuple(message.objectives),
        agents=tuple(message.agents[index] for index in message.agent_indices),
        now_seconds=message.now_seconds,
        total_runs=message.total_runs,
        revision=message.revision,
    )


def importances_from_proto(message: pb.GetParameterImportanceResponse) -> ParameterImportances:
    """How much each parameter matters."""
    return ParameterImportances(
        parameters=tuple(
            ParameterImportance(
                name=entry.name,
                importance=entry.importance,
                linear_correlation=optional_field(entry, "linear_correlation"),
                rank_correlation=optional_field(entry, "rank_correlation"),
                runs=entry.runs,
            )
            for entry in message.importances
        ),
        runs_used=message.runs_used,
        revision=message.revision,
    )


def optimization_history_from_proto(
    message: pb.GetOptimizationHistoryResponse,
) -> OptimizationHistory:
    """The objective and the best one so far."""
    return OptimizationHistory(
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        best_objectives=tuple(message.best_objectives),
        goal=enum_from_proto(Goal, message, "goal"),
        total_finished_runs=message.total_finished_runs,
        revision=message.revision,
    )


def hypervolume_history_from_proto(
    message: pb.GetHypervolumeHistoryResponse,
) -> HypervolumeHistory:
    """The volume that the Pareto front dominates."""
    return HypervolumeHistory(
        run_numbers=tuple(message.run_numbers),
        hypervolumes=tuple(message.hypervolumes),
        reference_point=dict(zip(message.metrics, message.reference_point, strict=True)),
        total_finished_runs=message.total_finished_runs,
        is_estimate=message.is_estimate,
        revision=message.revision,
    )


def slices_from_proto(message: pb.GetSlicesResponse) -> Slices:
    """Each parameter's values next to the objective."""
    return Slices(
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        ranks=tuple(message.ranks),
        parameters=tuple(map(_column_from_proto, message.parameters)),
        total_finished_runs=message.total_finished_runs,
        revision=message.revision,
    )


def contour_from_proto(message: pb.GetContourResponse) -> Contour:
    """The objective over two parameters."""
    return Contour(
        x=_column_from_proto(message.x),
        y=_column_from_proto(message.y),
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        x_positions=tuple(message.x_positions),
        y_positions=tuple(message.y_positions),
        surface=rows_to_proto(message.surface, len(message.x_positions)),
        revision=message.revision,
    )


def edf_from_proto(message: pb.GetEdfResponse) -> Edf:
    """Empirical distribution functions."""
    return Edf(
        objectives=tuple(message.objectives),
        curves=tuple(
            EdfCurve(
                curve.sweep_id,
                curve.name,
                tuple(curve.shares),
                curve.finished_runs,
                curve.revision,
            )
            for curve in message.curves
        ),
        goal=enum_from_proto(Goal, message, "goal"),
    )


def correlations_from_proto(message: pb.GetCorrelationsResponse) -> Correlations:
    """The matrix of correlations."""
    return Correlations(
        names=tuple(message.names),
        correlations=rows_to_proto(message.correlations, len(message.names)),
        runs=rows_to_proto(message.runs, len(message.names)),
        revision=message.revision,
    )


def comparison_from_proto(message: pb.CompareSweepsResponse) -> SweepComparison:
    """The progress of several sweeps."""
    return SweepComparison(
        curves=tuple(
            ProgressCurve(
                sweep_id=curve.sweep_id,
                name=curve.name,
                state=enum_from_proto(SweepState, curve, "state"),
                ended_runs=tuple(curve.ended_runs),
                seconds=tuple(curve.seconds),
                best_objectives=tuple(curve.best_objectives),
                best_run_numbers=tuple(curve.best_run_numbers),
                finished_runs=curve.finished_runs,
                total_runs=curve.total_runs,
                duration=curve.duration.ToTimedelta(),
                revision=curve.revision,
            )
            for curve in message.curves
        ),
        goal=enum_from_proto(Goal, message, "goal"),
    )


def _column_from_proto(message: pb.ParameterColumn) -> ParameterColumn:
    axis = message.axis
    return ParameterColumn(
        axis=ParameterAxis(
            name=axis.name,
            scale=enum_from_proto(AxisScale, axis, "scale"),
            min=axis.min,
            max=axis.max,
            categories=tuple(from_parameter_value(value) for value in axis.categories),
        ),
        values=tuple(message.values),
    )


def rows_to_proto(values: Sequence[T], width: int) -> tuple[tuple[T, ...], ...]:
    """A matrix from its values row by row."""
    starts = range(0, len(values), width) if width else ()
    return tuple(tuple(values[start : start + width]) for start in starts)
