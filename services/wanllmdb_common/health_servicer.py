"""The health service of gRPC, in which no caller can hold up another one.

In the one that comes with grpcio a watcher writes while it holds a lock that all watchers of
the name need: one that reads nothing, and anybody may watch, leaves every new channel
without an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import TypeAlias

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import OverloadedError

Status: TypeAlias = "health_pb2.HealthCheckResponse.ServingStatus.ValueType"

# Of one connection; the second number where all together have the third.
MAX_WATCHES = 100
MIN_WATCHES = 2
MAX_ALL_WATCHES = 4_000


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # has no types
    """Tells how each name stands, and its watchers of every change. For one event loop."""

    def __init__(self) -> None:
        self._statuses: dict[str, Status] = {}
        # Set with the next change of any name, and then another one stands here.
        self._changed = asyncio.Event()
        self._is_draining = False
        # By the address and port of the connection.
        self._watches: Counter[str] = Counter()

    def set(self, name: str, status: Status) -> None:
        """How a name stands from now on, unless it is NOT_SERVING for good."""
        if not self._is_draining:
            self._statuses[name] = status
            self._tell()

    def drain(self) -> None:
        """NOT_SERVING by every name, for good."""
        self._is_draining = True
        self._statuses = dict.fromkeys(self._statuses, health_pb2.HealthCheckResponse.NOT_SERVING)
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        status = self._statuses.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return health_pb2.HealthCheckResponse(status=status)

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        peer = context.peer()
        self._admit(peer)
        self._watches[peer] += 1
        try:
            async for status in self._statuses_of(request.service):
                yield health_pb2.HealthCheckResponse(status=status)
        finally:
            self._watches[peer] -= 1
            if not self._watches[peer]:
                del self._watches[peer]

    def _admit(self, peer: str) -> None:
        """Raises OverloadedError: OVERLOADED: a channel needs one watch a server, not more."""
        most = MAX_WATCHES if self._watches.total() < MAX_ALL_WATCHES else MIN_WATCHES
        # Of the connections on a socket file it is not known which is which.
        if peer.startswith("ip") and self._watches[peer] >= most:
            limit = f"{most} watches of health on one connection"
            raise OverloadedError(
                "OVERLOADED", f"this server takes {limit}: come again in 1 s", 1.0, limit=limit
            )

    async def _statuses_of(self, name: str) -> AsyncIterator[Status]:
        unknown = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        told: Status | None = None
        while True:
            changed = self._changed
            status = self._statuses.get(name, unknown)
            if status != told:
                told = status
                # Whatever changes until it is taken is seen in the next round.
                yield status
            await changed.wait()
