"""What the client makes of the answers of services."""

from __future__ import annotations

import base64
from typing import Any

import grpc
import grpc.aio

from wanllmdb._agent.commands import is_lost
from wanllmdb._agent.wait_policy import is_passing
from wanllmdb._connection.addresses import REGISTRY
from wanllmdb._connection.credentials import Credentials
from wanllmdb._connection.error_details import TRAILER
from wanllmdb._connection.peer import Peer
from wanllmdb._errors import InvalidArgumentError, ResourceExhaustedError


def read_error(given: dict[str, Any]) -> Any:
    """Return what programs see of an error, and what an agent does about it."""
    code = grpc.StatusCode[given["code"]]
    details = base64.b64decode(given["details"])
    trailer = grpc.aio.Metadata((TRAILER, details)) if details else grpc.aio.Metadata()
    sent = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailer, given["text"])
    peer = Peer(REGISTRY, "127.0.0.1:1", Credentials.of(None, False, False))
    error = peer.failure("FinishRun", 10.0, sent)
    positions = error.positions if isinstance(error, InvalidArgumentError) else ()
    return {
        "reason": error.reason,
        "metadata": error.metadata,
        "fields": [[path, text] for path, text in error.fields],
        "positions": [None if at is None else [at.line, at.column] for at in positions],
        "retry_after": error.retry_after if isinstance(error, ResourceExhaustedError) else None,
        "waits": is_passing(error),
        "ends_run": is_lost(error),
    }
