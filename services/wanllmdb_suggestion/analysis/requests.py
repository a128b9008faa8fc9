"""Checks of the requests themselves, and their defaults; what needs the sweep is in `subject`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_suggestion.optimizer.importance.importance import Evaluator
from wanllmdb_suggestion.optimizer.statistics.correlation import Scores, linear_scores, rank_scores
from wanllmdb_suggestion.requests import MAX_PARAMETER_NAME, Problems

MAX_POINTS = 10_000
DEFAULT_POINTS = 1_000
DEFAULT_PLACES = 200
MAX_RESOLUTION = 200
DEFAULT_RESOLUTION = 50
MAX_SWEEPS = 50
MAX_PARAMETERS = 500
MAX_REFERENCES = 100

EVALUATORS = {
    pb.IMPORTANCE_EVALUATOR_UNSPECIFIED: Evaluator.FANOVA,
    pb.IMPORTANCE_EVALUATOR_FANOVA: Evaluator.FANOVA,
    pb.IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY: Evaluator.MEAN_DECREASE_IMPURITY,
    pb.IMPORTANCE_EVALUATOR_PED_ANOVA: Evaluator.PED_ANOVA,
}

METHODS: dict[pb.CorrelationMethod.ValueType, Scores] = {
    pb.CORRELATION_METHOD_UNSPECIFIED: linear_scores,
    pb.CORRELATION_METHOD_PEARSON: linear_scores,
    pb.CORRELATION_METHOD_SPEARMAN: rank_scores,
}


def check_importance(request: pb.GetParameterImportanceRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    if request.evaluator not in EVALUATORS:
        problems.add("evaluator", f"is not one that this server knows: {request.evaluator}")
    problems.name("metric", request.metric)
    problems.raise_any()


def check_history(request: pb.GetOptimizationHistoryRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.name("metric", request.metric)
    problems.bounded("max_points", request.max_points, MAX_POINTS)
    problems.raise_any()


def check_hypervolume(request: pb.GetHypervolumeHistoryRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("max_points", request.max_points, MAX_POINTS)
    if len(request.reference_point) > MAX_REFERENCES:
        text = f"has {len(request.reference_point):,} values, at most {MAX_REFERENCES} are allowed"
        problems.add("reference_point", text)
        problems.raise_any()
    for name, value in sorted(request.reference_point.items()):
        problems.name(f"reference_point.{name:.100}", name)
        if not math.isfinite(value):
            problems.add(f"reference_point.{name:.100}", f"must be finite, is {value}")
    problems.raise_any()


def check_slices(request: pb.GetSlicesRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("max_points", request.max_points, MAX_POINTS)
    problems.name("metric", request.metric)
    if len(request.parameters) > MAX_PARAMETERS:
        text = f"are {len(request.parameters):,}, at most {MAX_PARAMETERS} are allowed"
        problems.add("parameters", text)
        problems.raise_any()
    for place, name in enumerate(request.parameters):
        problems.name(f"parameters[{place}]", name, most=MAX_PARAMETER_NAME)
    _check_distinct(problems, "parameters", request.parameters)
    problems.raise_any()


def check_contour(request: pb.GetContourRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("max_points", request.max_points, MAX_POINTS)
    problems.bounded("resolution", request.resolution, MAX_RESOLUTION, least=2)
    problems.name("metric", request.metric)
    for field in ("x_parameter", "y_parameter"):
        problems.name(field, getattr(request, field), required=True, most=MAX_PARAMETER_NAME)
    if request.y_parameter and request.y_parameter == request.x_parameter:
        problems.add("y_parameter", "must be another one than x_parameter")
    problems.raise_any()


def check_edf(request: pb.GetEdfRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    _check_sweep_ids(problems, request.sweep_ids)
    problems.name("metric", request.metric)
    problems.bounded("max_points", request.max_points, MAX_POINTS, least=2)
    problems.raise_any()


def check_correlations(request: pb.GetCorrelationsRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    if request.method not in METHODS:
        problems.add("method", f"is not one that this server knows: {request.method}")
    problems.raise_any()


def check_compare(request: pb.CompareSweepsRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.name("metric", request.metric)
    _check_sweep_ids(problems, request.sweep_ids)
    problems.bounded("max_points", request.max_points, MAX_POINTS, least=2)
    problems.raise_any()


def _check_sweep_ids(problems: Problems, sweep_ids: Sequence[str]) -> None:
    if not 1 <= len(sweep_ids) <= MAX_SWEEPS:
        problems.add("sweep_ids", f"must be 1 to {MAX_SWEEPS}, not {len(sweep_ids)}")
        return
    for place, sweep_id in enumerate(sweep_ids):
        problems.name(f"sweep_ids[{place}]", sweep_id, required=True)
    _check_distinct(problems, "sweep_ids", sweep_ids)


def _check_distinct(problems: Problems, field: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name and name in seen:
            problems.add(f"{field}[{place}]", f"repeats '{name:.100}'")
        seen.add(name)
