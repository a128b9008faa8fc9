"""The health statuses that a server reports, by name, and the gRPC service that reports them.

The empty name is liveness: SERVING from the start to the drain, even while a dependency is
unavailable, since a restart would not bring the dependency back. READINESS follows the
server's dependencies. Client channels watch the services' own names, which report only that
the server accepts calls: an unavailable database is unavailable for all replicas, and a
channel without a serving replica leaves calls waiting silently, whereas a server that answers
can explain what is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TypeAlias

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE

from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import OverloadedError
from wanllmdb_common.server.readiness import Readiness

LIVENESS = ""
READINESS = "readiness"


class Health:
    """The health service of one server.

    Args:
        services: Full names of the services.
        readiness: The state that READINESS follows. Without it, the server is ready as long as
            it serves.
    """

    full_name: str = HEALTH_SERVICE

    def __init__(self, services: Sequence[str], readiness: Readiness | None) -> None:
        self._services = services
        self._readiness = readiness
        self._servicer = HealthServicer()
        self._changed = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the health service to a server."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Report SERVING within the block, and READINESS as it changes; call `drain` at the end."""
        for name in [LIVENESS, READINESS, *self._services]:
            self._set(name, True)
        tasks = []
        if self._readiness is not None:
            self._readiness.add_listener(lambda _: self._changed.set())
            tasks.append(asyncio.create_task(self._readiness.watch()))
            tasks.append(asyncio.create_task(self._follow(self._readiness)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def drain(self) -> None:
        """Set every name to NOT_SERVING permanently."""
        self._servicer.drain()

    async def _follow(self, readiness: Readiness) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._set(READINESS, readiness.is_ready)

    def _set(self, name: str, is_serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        self._servicer.set(name, status.SERVING if is_serving else status.NOT_SERVING)


Status: TypeAlias = "health_pb2.HealthCheckResponse.ServingStatus.ValueType"

# Health watches of one connection. Once all connections together have MAX_ALL_WATCHES, each
# may have only MIN_WATCHES.
MAX_WATCHES = 100
MIN_WATCHES = 2
MAX_ALL_WATCHES = 4_000


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # has no types
    """The gRPC health service, in which no caller can block another one. For one event loop.

    In grpcio's implementation a watcher writes while it holds a lock that all watchers of the
    name need. Any caller may watch, so one watcher that never reads would leave every new
    channel without an answer.
    """

    def __init__(self) -> None:
        self._statuses: dict[str, Status] = {}
        # Set by the next change of any name, which also replaces it with a new event.
        self._changed = asyncio.Event()
        self._is_draining = False
        # The number of watches by the address and port of the connection.
        self._watches: Counter[str] = Counter()

    def set(self, name: str, status: Status) -> None:
        """Set the status of a name, unless the server is draining."""
        if not self._is_draining:
            self._statuses[name] = status
            self._notify()

    def drain(self) -> None:
        """Set every name to NOT_SERVING permanently."""
        self._is_draining = True
        self._statuses = dict.fromkeys(self._statuses, health_pb2.HealthCheckResponse.NOT_SERVING)
        self._notify()

    def _notify(self) -> None:
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
        """Raise OverloadedError, OVERLOADED, beyond the limit; a channel needs only one watch."""
        most = MAX_WATCHES if self._watches.total() < MAX_ALL_WATCHES else MIN_WATCHES
        # The peer does not distinguish connections through a Unix socket.
        if peer.startswith("ip") and self._watches[peer] >= most:
            limit = f"{most} watches of health on one connection"
            raise OverloadedError(
                "OVERLOADED", f"this server allows {limit}; retry in 1 s", 1.0, limit=limit
            )

    async def _statuses_of(self, name: str) -> AsyncIterator[Status]:
        unknown = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        sent: Status | None = None
        while True:
            changed = self._changed
            status = self._statuses.get(name, unknown)
            if status != sent:
                sent = status
                # A change during the yield is seen in the next iteration.
                yield status
            await changed.wait()
