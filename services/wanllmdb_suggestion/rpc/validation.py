"""Checks of requests. All violations of a request are reported together."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Sequence

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_suggestion.analysis.requests import EVALUATORS, METHODS
from wanllmdb_suggestion.errors import Violations
from wanllmdb_suggestion.suggest.suggest_queue import MAX_ENDED_BYTES

MAX_RUNS_PER_SUGGEST = 100
MAX_BEST_RUNS = 1_000
DEFAULT_BEST_RUNS = 10
MAX_AGENT_ID = 200
MAX_ENDED_RUNS = 16
# Names of parameters contain those of their groups, which nest up to twenty deep.
MAX_PARAMETER_NAME = 5_000


def check_suggest(request: pb.SuggestRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.bounded("count", request.count, MAX_RUNS_PER_SUGGEST)
    if not request.agent_id or len(request.agent_id) > MAX_AGENT_ID:
        violations.add("agent_id", f"must have 1 to {MAX_AGENT_ID} characters")
    if request.request_id and not _is_uuid(request.request_id):
        violations.add("request_id", "must be a UUID, such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    if request.ended_runs:
        _check_ended_runs(violations, request)
    violations.raise_any()


def _check_ended_runs(violations: Violations, request: pb.SuggestRequest) -> None:
    """Check what concerns the Suggest; what is wrong with an end alone is the end's result."""
    ends = request.ended_runs
    if len(ends) > MAX_ENDED_RUNS:
        violations.add("ended_runs", f"are {len(ends):,}, at most {MAX_ENDED_RUNS} are allowed")
        return
    size = sum(end.ByteSize() for end in ends)
    if size > MAX_ENDED_BYTES:
        violations.add(
            "ended_runs",
            f"take {size:,} bytes, at most {MAX_ENDED_BYTES:,} are allowed: send FinishRun instead",
        )
    for index, end in enumerate(ends):
        if end.sweep_id not in ("", request.sweep_id):
            violations.add(f"ended_runs[{index}].sweep_id", "must be empty or the request's")


def check_should_stop(request: pb.ShouldStopRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    if not request.HasField("number"):
        violations.add("number", "is required: the number of a run, from 0 on")
    if request.number < 0:
        violations.add("number", f"must be at least 0, not {request.number}")
    violations.raise_any()


def check_best_runs(request: pb.GetBestRunsRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.bounded("count", request.count, MAX_BEST_RUNS)
    violations.raise_any()


# The usual form, which takes a third of the time of `uuid.UUID`.
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _is_uuid(text: str) -> bool:
    if _UUID.fullmatch(text):
        return True
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


MAX_POINTS = 10_000
MAX_RESOLUTION = 200
MAX_SWEEPS = 50
MAX_PARAMETERS = 500
MAX_REFERENCES = 100


def check_importance(request: analysis_pb.GetParameterImportanceRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    if request.evaluator not in EVALUATORS:
        violations.add("evaluator", f"is not one that this server knows: {request.evaluator}")
    violations.name("metric", request.metric)
    violations.raise_any()


def check_history(request: analysis_pb.GetOptimizationHistoryRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.name("metric", request.metric)
    violations.bounded("max_points", request.max_points, MAX_POINTS)
    violations.raise_any()


def check_hypervolume(request: analysis_pb.GetHypervolumeHistoryRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.bounded("max_points", request.max_points, MAX_POINTS)
    if len(request.reference_point) > MAX_REFERENCES:
        text = f"has {len(request.reference_point):,} values, at most {MAX_REFERENCES} are allowed"
        violations.add("reference_point", text)
        violations.raise_any()
    for name, value in sorted(request.reference_point.items()):
        violations.name(f"reference_point.{name:.100}", name)
        if not math.isfinite(value):
            violations.add(f"reference_point.{name:.100}", f"must be finite, is {value}")
    violations.raise_any()


def check_slices(request: analysis_pb.GetSlicesRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.bounded("max_points", request.max_points, MAX_POINTS)
    violations.name("metric", request.metric)
    if len(request.parameters) > MAX_PARAMETERS:
        text = f"are {len(request.parameters):,}, at most {MAX_PARAMETERS} are allowed"
        violations.add("parameters", text)
        violations.raise_any()
    for index, name in enumerate(request.parameters):
        violations.name(f"parameters[{index}]", name, most=MAX_PARAMETER_NAME)
    _check_distinct(violations, "parameters", request.parameters)
    violations.raise_any()


def check_contour(request: analysis_pb.GetContourRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    violations.bounded("max_points", request.max_points, MAX_POINTS)
    violations.bounded("resolution", request.resolution, MAX_RESOLUTION, least=2)
    violations.name("metric", request.metric)
    for field in ("x_parameter", "y_parameter"):
        violations.name(field, getattr(request, field), required=True, most=MAX_PARAMETER_NAME)
    if request.y_parameter and request.y_parameter == request.x_parameter:
        violations.add("y_parameter", "must differ from x_parameter")
    violations.raise_any()


def check_edf(request: analysis_pb.GetEdfRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    _check_sweep_ids(violations, request.sweep_ids)
    violations.name("metric", request.metric)
    violations.bounded("max_points", request.max_points, MAX_POINTS, least=2)
    violations.raise_any()


def check_correlations(request: analysis_pb.GetCorrelationsRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.sweep_id(request.sweep_id)
    if request.method not in METHODS:
        violations.add("method", f"is not one that this server knows: {request.method}")
    violations.raise_any()


def check_compare(request: analysis_pb.CompareSweepsRequest) -> None:
    """Raises INVALID_REQUEST."""
    violations = Violations()
    violations.name("metric", request.metric)
    _check_sweep_ids(violations, request.sweep_ids)
    violations.bounded("max_points", request.max_points, MAX_POINTS, least=2)
    violations.raise_any()


def _check_sweep_ids(violations: Violations, sweep_ids: Sequence[str]) -> None:
    if not 1 <= len(sweep_ids) <= MAX_SWEEPS:
        violations.add("sweep_ids", f"must be 1 to {MAX_SWEEPS}, not {len(sweep_ids)}")
        return
    for index, sweep_id in enumerate(sweep_ids):
        violations.name(f"sweep_ids[{index}]", sweep_id, required=True)
    _check_distinct(violations, "sweep_ids", sweep_ids)


def _check_distinct(violations: Violations, field: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name and name in seen:
            violations.add(f"{field}[{index}]", f"repeats '{name:.100}'")
        seen.add(name)
