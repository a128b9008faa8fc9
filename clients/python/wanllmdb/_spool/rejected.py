"""What to send when a registry refuses the content of a request about a run.

A value that can't be stored must not keep a run's end from being told.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable
from typing import TypeAlias
from uuid import uuid4

from google.protobuf.message import Message

from wanllmdb._errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
    WanllmdbError,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2

WithRows: TypeAlias = "pb.ReportMetricsRequest | pb.FinishRunRequest"

_LOST = ("RUN_NOT_RUNNING", "RUN_LEASE_LOST")
_ROW = re.compile(r"rows\[(\d+)\]")


def rejects_content(error: WanllmdbError) -> bool:
    """Whether another content may be taken: neither time nor another sender would help."""
    if isinstance(error, ResourceExhaustedError):
        return error.retry_after is None
    if isinstance(error, FailedPreconditionError):
        return error.reason not in _LOST
    return isinstance(error, InvalidArgumentError)


def reduced(
    request: Message, error: WanllmdbError, known: Collection[str] = frozenset()
) -> Message | None:
    """A request that says less, under an id of its own; None where nothing is left to say.

    The rows that the error names are left out, else all metrics but the known ones, else
    all; then the config; a run's end itself remains, as a failure that says why.

    Args:
        request: what was refused.
        error: how.
        known: metrics that the registry has taken before.
    """
    if not isinstance(request, pb.ReportMetricsRequest | pb.FinishRunRequest):
        return None
    rest = copy.deepcopy(request)
    rest.request_id = str(uuid4())
    is_end = isinstance(rest, pb.FinishRunRequest)
    is_of_config = bool(error.fields) and all(path.startswith("config") for path, _ in error.fields)
    if rest.rows and not (is_end and is_of_config):
        _thin_out(rest, error, known)
        return rest if rest.rows or is_end else None
    if not isinstance(rest, pb.FinishRunRequest):
        return None
    if rest.config:
        rest.ClearField("config")
        return rest
    message = f"its end was refused: {error.message:.1000}"
    if rest.failed.error.message == message:
        return None
    rest.failed.Clear()
    rest.failed.error.message = message
    return rest


def _thin_out(request: WithRows, error: WanllmdbError, known: Collection[str]) -> None:
    named = {int(found[1]) for path, _ in error.fields if (found := _ROW.match(path))}
    rows = list(request.rows)
    kept = []
    for index, row in enumerate(rows):
        rest = run_pb2.MetricRow()
        if index not in named:
            rest.CopyFrom(row)
        for name in row.values if not named else ():
            if name not in known:
                del rest.values[name]
        if rest.values:
            kept.append(rest)
    if _count(kept) == _count(rows):
        # What was left out before was not at fault.
        kept = []
    del request.rows[:]
    request.rows.extend(kept)


def _count(rows: Iterable[run_pb2.MetricRow]) -> int:
    return sum(len(row.values) for row in rows)
