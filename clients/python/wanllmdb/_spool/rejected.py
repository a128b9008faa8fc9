"""Reduced requests for a registry that rejects the content of a request about a run.

A value that the registry can't store must not prevent it from learning how the run ended.
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
    """Whether the registry may accept other content; waiting or another sender would not help."""
    if isinstance(error, ResourceExhaustedError):
        return error.retry_after is None
    if isinstance(error, FailedPreconditionError):
        return error.reason not in _LOST
    return isinstance(error, InvalidArgumentError)


def reduced(
    request: Message, error: WanllmdbError, known: Collection[str] = frozenset()
) -> Message | None:
    """A request with less content and a new id; None if nothing is left to send.

    The first step drops the rows that the error names, or else all metrics except known ones, or
    else all rows; the next step drops the config. A run's end itself remains, as a failure that
    gives the reason.

    Args:
        request: the rejected request.
        error: the registry's error.
        known: metrics that the registry has accepted before.
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
    message = f"the registry rejected the run's end: {error.message:.1000}"
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
        # The rows that were dropped before were not at fault.
        kept = []
    del request.rows[:]
    request.rows.extend(kept)


def _count(rows: Iterable[run_pb2.MetricRow]) -> int:
    return sum(len(row.values) for row in rows)
