"""The analysis service's RPCs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wanllmdb._calls.call import Call, sendable
from wanllmdb._types.analysis import (
    Contour,
    Correlations,
    Edf,
    HypervolumeHistory,
    OptimizationHistory,
    ParameterImportances,
    Slices,
    SweepComparison,
    comparison_from_proto,
    contour_from_proto,
    correlations_from_proto,
    edf_from_proto,
    hypervolume_history_from_proto,
    importances_from_proto,
    optimization_history_from_proto,
    slices_from_proto,
)
from wanllmdb._types.enums import CorrelationMethod, ImportanceEvaluator, enum_to_proto
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

IMPORTANCE_TIMEOUT = 180.0
"""The deadline in seconds: a forest over 1,000 runs takes long on a busy core."""


@sendable
def get_parameter_importance(
    sweep_id: str, evaluator: ImportanceEvaluator | str | None, metric: str
) -> Call[ParameterImportances]:
    number = enum_to_proto(evaluator, ImportanceEvaluator, pb.ImportanceEvaluator, "evaluator")
    return Call(
        pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=number, metric=metric),
        importances_from_proto,
        timeout=IMPORTANCE_TIMEOUT,
    )


@sendable
def get_optimization_history(
    sweep_id: str, metric: str, max_points: int
) -> Call[OptimizationHistory]:
    return Call(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, metric=metric, max_points=max_points),
        optimization_history_from_proto,
    )


@sendable
def get_hypervolume_history(
    sweep_id: str, reference_point: Mapping[str, float], max_points: int
) -> Call[HypervolumeHistory]:
    return Call(
        pb.GetHypervolumeHistoryRequest(
            sweep_id=sweep_id, reference_point=reference_point, max_points=max_points
        ),
        hypervolume_history_from_proto,
    )


@sendable
def get_slices(
    sweep_id: str, parameters: Sequence[str], metric: str, max_points: int
) -> Call[Slices]:
    return Call(
        pb.GetSlicesRequest(
            sweep_id=sweep_id, parameters=parameters, metric=metric, max_points=max_points
        ),
        slices_from_proto,
    )


@sendable
def get_contour(
    sweep_id: str,
    x_parameter: str,
    y_parameter: str,
    metric: str,
    resolution: int,
    max_points: int,
) -> Call[Contour]:
    return Call(
        pb.GetContourRequest(
            sweep_id=sweep_id,
            x_parameter=x_parameter,
            y_parameter=y_parameter,
            metric=metric,
            resolution=resolution,
            max_points=max_points,
        ),
        contour_from_proto,
    )


@sendable
def get_edf(sweep_ids: Sequence[str], metric: str, max_points: int) -> Call[Edf]:
    return Call(
        pb.GetEdfRequest(sweep_ids=sweep_ids, metric=metric, max_points=max_points),
        edf_from_proto,
    )


@sendable
def get_correlations(sweep_id: str, method: CorrelationMethod | str | None) -> Call[Correlations]:
    number = enum_to_proto(method, CorrelationMethod, pb.CorrelationMethod, "method")
    return Call(
        pb.GetCorrelationsRequest(sweep_id=sweep_id, method=number), correlations_from_proto
    )


@sendable
def compare_sweeps(sweep_ids: Sequence[str], metric: str, max_points: int) -> Call[SweepComparison]:
    return Call(
        pb.CompareSweepsRequest(sweep_ids=sweep_ids, metric=metric, max_points=max_points),
        comparison_from_proto,
    )
