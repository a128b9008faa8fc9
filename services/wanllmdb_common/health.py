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
from collections.abc import AsyncIterator, Sequence

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE

from wanllmdb_common.health_servicer import HealthServicer
from wanllmdb_common.readiness import Readiness

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
