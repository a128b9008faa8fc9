"""From the analysis service's answers, and those for plots, to typed results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from wanllmdb._types import analysis
from wanllmdb._types.enums import AxisKind, AxisScale, Goal, RunState, SweepState
from wanllmdb._wire.enums import each_from_wire, from_wire
from wanllmdb._wire.values import from_parameter_value, optional_field, optional_time
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

T = TypeVar("T")


def to_parallel_coordinates(
    message: registry_pb.GetParallelCoordinatesResponse,
) -> analysis.ParallelCoordinates:
    """Columns of a parallel-coordinates plot."""
    return analysis.ParallelCoordinates(
        dimensions=tuple(
            analysis.ParallelDimension(
                name=axis.name,
                kind=from_wire(AxisKind, axis, "kind"),
                scale=from_wire(AxisScale, axis, "scale"),
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
    )


def to_timeline(message: registry_pb.GetTimelineResponse) -> analysis.Timeline:
    """When each run was handed out and ended."""
    return analysis.Timeline(
        start_time=optional_time(message, "start_time"),
        run_numbers=tuple(message.run_numbers),
        states=each_from_wire(RunState, message, "states"),
        start_seconds=tuple(message.start_seconds),
        end_seconds=tuple(message.end_seconds),
        objectives=tuple(message.objectives),
        agents=tuple(message.agents[index] for index in message.agent_indices),
        now_seconds=message.now_seconds,
        total_runs=message.total_runs,
    )


def to_importances(message: pb.GetParameterImportanceResponse) -> analysis.ParameterImportances:
    """How much each parameter matters."""
    return analysis.ParameterImportances(
        parameters=tuple(
            analysis.ParameterImportance(
                name=entry.name,
                importance=entry.importance,
                linear_correlation=optional_field(entry, "linear_correlation"),
                rank_correlation=optional_field(entry, "rank_correlation"),
                runs=entry.runs,
            )
            for entry in message.importances
        ),
        runs_used=message.runs_used,
    )


def to_optimization_history(
    message: pb.GetOptimizationHistoryResponse,
) -> analysis.OptimizationHistory:
    """The objective and the best one so far."""
    return analysis.OptimizationHistory(
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        best_objectives=tuple(message.best_objectives),
        goal=from_wire(Goal, message, "goal"),
        total_finished_runs=message.total_finished_runs,
    )


def to_hypervolume_history(
    message: pb.GetHypervolumeHistoryResponse,
) -> analysis.HypervolumeHistory:
    """The volume that the Pareto front dominates."""
    return analysis.HypervolumeHistory(
        run_numbers=tuple(message.run_numbers),
        hypervolumes=tuple(message.hypervolumes),
        reference_point=dict(zip(message.metrics, message.reference_point, strict=True)),
        total_finished_runs=message.total_finished_runs,
        is_estimate=message.is_estimate,
    )


def to_slices(message: pb.GetSlicesResponse) -> analysis.Slices:
    """Each parameter's values beside the objective."""
    return analysis.Slices(
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        ranks=tuple(message.ranks),
        parameters=tuple(map(_column, message.parameters)),
        total_finished_runs=message.total_finished_runs,
    )


def to_contour(message: pb.GetContourResponse) -> analysis.Contour:
    """The objective over two parameters."""
    return analysis.Contour(
        x=_column(message.x),
        y=_column(message.y),
        run_numbers=tuple(message.run_numbers),
        objectives=tuple(message.objectives),
        x_places=tuple(message.x_places),
        y_places=tuple(message.y_places),
        surface=_rows(message.surface, len(message.x_places)),
    )


def to_edf(message: pb.GetEdfResponse) -> analysis.Edf:
    """Empirical distribution functions."""
    return analysis.Edf(
        objectives=tuple(message.objectives),
        curves=tuple(
            analysis.EdfCurve(curve.sweep_id, curve.name, tuple(curve.shares), curve.finished_runs)
            for curve in message.curves
        ),
        goal=from_wire(Goal, message, "goal"),
    )


def to_correlations(message: pb.GetCorrelationsResponse) -> analysis.Correlations:
    """The matrix of correlations."""
    return analysis.Correlations(
        names=tuple(message.names),
        correlations=_rows(message.correlations, len(message.names)),
        runs=_rows(message.runs, len(message.names)),
    )


def to_comparison(message: pb.CompareSweepsResponse) -> analysis.SweepComparison:
    """The courses of several sweeps."""
    return analysis.SweepComparison(
        courses=tuple(
            analysis.SweepCourse(
                sweep_id=course.sweep_id,
                name=course.name,
                state=from_wire(SweepState, course, "state"),
                ended_runs=tuple(course.ended_runs),
                seconds=tuple(course.seconds),
                best_objectives=tuple(course.best_objectives),
                best_run_numbers=tuple(course.best_run_numbers),
                finished_runs=course.finished_runs,
                total_runs=course.total_runs,
                duration_seconds=course.duration_seconds,
            )
            for course in message.courses
        ),
        goal=from_wire(Goal, message, "goal"),
    )


def _column(message: pb.ParameterColumn) -> analysis.ParameterColumn:
    axis = message.axis
    return analysis.ParameterColumn(
        axis=analysis.ParameterAxis(
            name=axis.name,
            scale=from_wire(AxisScale, axis, "scale"),
            min=axis.min,
            max=axis.max,
            categories=tuple(from_parameter_value(value) for value in axis.categories),
        ),
        values=tuple(message.values),
    )


def _rows(values: Sequence[T], width: int) -> tuple[tuple[T, ...], ...]:
    """A matrix that came row by row."""
    starts = range(0, len(values), width) if width else ()
    return tuple(tuple(values[start : start + width]) for start in starts)
