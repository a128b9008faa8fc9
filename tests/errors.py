"""The details of a failed call: its code, reason, metadata and fields."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2


@dataclass
class Refusal:
    """The details of an error, which are set once the block has raised."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    retry_after: float = 0.0


@contextlib.contextmanager
def refused(code: grpc.StatusCode, reason: str) -> Iterator[Refusal]:
    """Check that the block raises an error with this code and reason."""
    refusal = Refusal()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield refusal
    error = caught.value
    refusal.code = error.code()
    refusal.message = error.details() or ""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for packed in status.details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                retry = error_details_pb2.RetryInfo()
                if packed.Unpack(info):
                    refusal.reason, refusal.metadata = info.reason, dict(info.metadata)
                elif packed.Unpack(bad):
                    refusal.fields = {v.field: v.description for v in bad.field_violations}
                elif packed.Unpack(retry):
                    refusal.retry_after = retry.retry_delay.ToMilliseconds() / 1000
    assert (refusal.code, refusal.reason) == (code, reason), refusal
