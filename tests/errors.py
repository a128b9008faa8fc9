"""The details of a failed call: its code, reason, metadata and fields."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2

from wanllmdb.api.registry.v1 import error_details_pb2 as problems_pb2


@dataclass
class RpcFailure:
    """The details of an error, which are set once the block has raised.

    `places` are the line and column of each of `fields`, for a config as text.
    """

    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    places: list[tuple[int, int]] = field(default_factory=list)
    retry_after: float = 0.0


@contextlib.contextmanager
def rpc_fails(code: grpc.StatusCode, reason: str) -> Iterator[RpcFailure]:
    """Check that the block raises an error with this code and reason."""
    failure = RpcFailure()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield failure
    error = caught.value
    failure.code = error.code()
    failure.message = error.details() or ""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for packed in status.details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                retry = error_details_pb2.RetryInfo()
                positions = problems_pb2.ProblemPositions()
                if packed.Unpack(info):
                    failure.reason, failure.metadata = info.reason, dict(info.metadata)
                elif packed.Unpack(bad):
                    failure.fields = {v.field: v.description for v in bad.field_violations}
                elif packed.Unpack(positions):
                    failure.places = [(place.line, place.column) for place in positions.positions]
                elif packed.Unpack(retry):
                    failure.retry_after = retry.retry_delay.ToMilliseconds() / 1000
    assert (failure.code, failure.reason) == (code, reason), failure
