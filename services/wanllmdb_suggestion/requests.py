"""Checks of requests: every problem of a request at once."""

from __future__ import annotations

import uuid

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.errors import FieldViolation, invalid_request

MAX_RUNS_PER_SUGGEST = 100
MAX_BEST_RUNS = 1_000
DEFAULT_BEST_RUNS = 10
MAX_AGENT_ID = 200
# Of sweeps and metrics. Parameters lie in groups, twenty deep.
MAX_NAME = 200
MAX_PARAMETER_NAME = 5_000


class Problems:
    """What is wrong with a request, collected."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, field: str, description: str) -> None:
        """Takes one; the description is a sentence about the field."""
        self._found.append(FieldViolation(field, description))

    def sweep_id(self, sweep_id: str) -> None:
        """Must be there."""
        self.name("sweep_id", sweep_id, required=True)

    def name(self, field: str, name: str, *, required: bool = False, most: int = MAX_NAME) -> None:
        """Must be there, where it is required, and not longer than any name is."""
        if required and not name:
            self.add(field, "must not be empty")
        if len(name) > most:
            self.add(field, f"has {len(name):,} characters, at most {most:,} are allowed")

    def bounded(self, field: str, value: int, most: int, least: int = 1) -> None:
        """Must be within the bounds, or 0."""
        if value != 0 and not least <= value <= most:
            self.add(field, f"must be {least} to {most:,}, or 0 for the default, not {value}")

    def raise_any(self) -> None:
        """Raises INVALID_REQUEST if there are any."""
        if self._found:
            raise invalid_request(*self._found)


def check_suggest(request: pb.SuggestRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("count", request.count, MAX_RUNS_PER_SUGGEST)
    if not request.agent_id or len(request.agent_id) > MAX_AGENT_ID:
        problems.add("agent_id", f"must have 1 to {MAX_AGENT_ID} characters")
    if request.request_id and not _is_uuid(request.request_id):
        problems.add("request_id", "must be a UUID, such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8")
    problems.raise_any()


def check_should_stop(request: pb.ShouldStopRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    if request.number < 0:
        problems.add("number", f"must be at least 0, not {request.number}")
    problems.raise_any()


def check_best_runs(request: pb.GetBestRunsRequest) -> None:
    """Raises INVALID_REQUEST."""
    problems = Problems()
    problems.sweep_id(request.sweep_id)
    problems.bounded("count", request.count, MAX_BEST_RUNS)
    problems.raise_any()


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
