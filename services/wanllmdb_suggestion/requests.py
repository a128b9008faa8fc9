"""Checks of requests: every problem of a request at once."""

from __future__ import annotations

import uuid

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.errors import FieldViolation, invalid_request

MAX_RUNS_PER_SUGGEST = 100
MAX_BEST_RUNS = 1_000
DEFAULT_BEST_RUNS = 10
MAX_HISTORY_POINTS = 10_000
DEFAULT_HISTORY_POINTS = 1_000
MAX_AGENT_ID = 200


class _Problems:
    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        self._found.append(FieldViolation(field, description))

    def sweep_id(self, sweep_id: str) -> None:
        if not sweep_id:
            self.add("sweep_id", "must not be empty")

    def bounded(self, field: str, value: int, most: int) -> None:
        if not 0 <= value <= most:
            self.add(field, f"must be 1 to {most:,}, or 0 for the default, not {value}")

    def raise_any(self) -> None:
        if self._found:
            raise invalid_request(*self._found)


def check_suggest(request: pb.SuggestRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = _Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("count", request.count, MAX_RUNS_PER_SUGGEST)
    if not request.agent_id or len(request.agent_id) > MAX_AGENT_ID:
        problems.add("agent_id", f"must have 1 to {MAX_AGENT_ID} characters")
    if request.request_id and not _is_uuid(request.request_id):
        problems.add("request_id", "must be a UUID, such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    problems.raise_any()


def check_should_stop(request: pb.ShouldStopRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = _Problems()
    problems.sweep_id(request.sweep_id)
    if request.number < 0:
        problems.add("number", f"must be at least 0, not {request.number}")
    problems.raise_any()


def check_best_runs(request: pb.GetBestRunsRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = _Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("count", request.count, MAX_BEST_RUNS)
    problems.raise_any()


def check_history(request: analysis_pb.GetOptimizationHistoryRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = _Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("max_points", request.max_points, MAX_HISTORY_POINTS)
    problems.raise_any()


def check_importance(request: analysis_pb.GetParameterImportanceRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = _Problems()
    problems.sweep_id(request.sweep_id)
    known = (analysis_pb.IMPORTANCE_EVALUATOR_UNSPECIFIED, analysis_pb.IMPORTANCE_EVALUATOR_FANOVA)
    if request.evaluator not in known:
        problems.add("evaluator", f"is not one that this server knows: {request.evaluator}")
    problems.raise_any()


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
