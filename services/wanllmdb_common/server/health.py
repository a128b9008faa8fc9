"""What a server says of its health, by name.

The empty name is liveness: SERVING from the start to the drain, whatever is away behind
the server, since a restart would not bring it back. READINESS follows what the server
needs. The services' own names are what clients' channels watch: they tell only that
the server takes calls. A database that is away is away for all replicas, and a channel
none of whose replicas serves leaves calls waiting without a word; a server that answers
says what is wrong.
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
        readiness: What READINESS follows; without, the server is ready as long as it serves.
    """

    full_name: str = HEALTH_SERVICE

    def __init__(self, services: Sequence[str], readiness: Readiness | None) -> None:
        self._services = services
        self._readiness = readiness
        self._servicer = HealthServicer()
        self._changed = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Adds the service to a server."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """SERVING within the block, READINESS as it is found; call `drain` at its end."""
        for name in [LIVENESS, READINESS, *self._services]:
            self._set(name, True)
        chores = []
        if self._readiness is not None:
            self._readiness.tell(lambda _: self._changed.set())
            chores.append(asyncio.create_task(self._readiness.watch()))
            chores.append(asyncio.create_task(self._follow(self._readiness)))
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)

    def drain(self) -> None:
        """NOT_SERVING by every name, for good."""
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
