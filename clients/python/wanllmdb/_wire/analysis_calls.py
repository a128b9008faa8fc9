"""The analysis service's RPCs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wanllmdb._types import analysis
from wanllmdb._types.enums import CorrelationMethod, ImportanceEvaluator
from wanllmdb._wire import analysis_results as results
from wanllmdb._wire.call import Call, sendable
from wanllmdb._wire.enums import to_wire
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

IMPORTANCE_TIMEOUT = 180.0
"""Seconds: forests over 1,000 runs take a while on a core that is busy."""


@sendable
def get_parameter_importance(
    sweep_id: str, evaluator: ImportanceEvaluator | str | None, metric: str
) -> Call[analysis.ParameterImportances]:
    """GetParameterImportance."""
    number = to_wire(evaluator, ImportanceEvaluator, pb.ImportanceEvaluator, "evaluator")
    return Call(
        pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=number, metric=metric),
        results.to_importances,
        timeout=IMPORTANCE_TIMEOUT,
    )


@sendable
def get_optimization_history(
    sweep_id: str, metric: str, max_points: int
) -> Call[analysis.OptimizationHistory]:
    """GetOptimizationHistory."""
    return Call(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, metric=metric, max_points=max_points),
        results.to_optimization_history,
    )


@sendable
def get_hypervolume_history(
    sweep_id: str, reference_point: Mapping[str, float], max_points: int
) -> Call[analysis.HypervolumeHistory]:
    """GetHypervolumeHistory."""
    return Call(
        pb.GetHypervolumeHistoryRequest(
            sweep_id=sweep_id, reference_point=reference_point, max_points=max_points
        ),
        results.to_hypervolume_history,
    )


@sendable
def get_slices(
    sweep_id: str, parameters: Sequence[str], metric: str, max_points: int
) -> Call[analysis.Slices]:
    """GetSlices."""
    return Call(
        pb.GetSlicesRequest(
            sweep_id=sweep_id, parameters=parameters, metric=metric, max_points=max_points
        ),
        results.to_slices,
    )


@sendable
def get_contour(
    sweep_id: str,
    x_parameter: str,
    y_parameter: str,
    metric: str,
    resolution: int,
    max_points: int,
) -> Call[analysis.Contour]:
    """GetContour."""
    return Call(
        pb.GetContourRequest(
            sweep_id=sweep_id,
            x_parameter=x_parameter,
            y_parameter=y_parameter,
            metric=metric,
            resolution=resolution,
            max_points=max_points,
        ),
        results.to_contour,
    )


@sendable
def get_edf(sweep_ids: Sequence[str], metric: str, max_points: int) -> Call[analysis.Edf]:
    """GetEdf."""
    return Call(
        pb.GetEdfRequest(sweep_ids=sweep_ids, metric=metric, max_points=max_points),
        results.to_edf,
    )


@sendable
def get_correlations(
    sweep_id: str, method: CorrelationMethod | str | None
) -> Call[analysis.Correlations]:
    """GetCorrelations."""
    number = to_wire(method, CorrelationMethod, pb.CorrelationMethod, "method")
    return Call(
        pb.GetCorrelationsRequest(sweep_id=sweep_id, method=number), results.to_correlations
    )


@sendable
def compare_sweeps(
    sweep_ids: Sequence[str], metric: str, max_points: int
) -> Call[analysis.SweepComparison]:
    """CompareSweeps."""
    return Call(
        pb.CompareSweepsRequest(sweep_ids=sweep_ids, metric=metric, max_points=max_points),
        results.to_comparison,
    )
