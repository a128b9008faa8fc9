"""The analysis service's RPCs."""

from __future__ import annotations

from wanllmdb._types.analysis import OptimizationHistory, ParameterImportance
from wanllmdb._types.enums import ImportanceEvaluator
from wanllmdb._wire import results
from wanllmdb._wire.call import Call
from wanllmdb._wire.enums import to_wire
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

IMPORTANCE_TIMEOUT = 180.0
"""Seconds: forests over 1,000 runs take a while on a core that is busy."""


def get_parameter_importance(
    sweep_id: str, evaluator: ImportanceEvaluator | str | None
) -> Call[ParameterImportance]:
    """GetParameterImportance."""
    number = to_wire(evaluator, ImportanceEvaluator, pb.ImportanceEvaluator, "evaluator")
    return Call(
        pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=number),
        results.to_importance,
        timeout=IMPORTANCE_TIMEOUT,
    )


def get_optimization_history(sweep_id: str, max_points: int) -> Call[OptimizationHistory]:
    """GetOptimizationHistory."""
    return Call(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, max_points=max_points),
        results.to_optimization_history,
    )
