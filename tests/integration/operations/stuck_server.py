"""A server whose handler blocks the event loop; the argument is its grace period in seconds."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import grpc.aio

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_common.server.lifecycle import serve_until_signal
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_common.telemetry.setup import Observation
from wanllmdb_suggestion.app import SERVICES
from wanllmdb_suggestion.rpc.rpc_table import AUDIT_TABLE


class StuckServicer(pb_grpc.SuggestionServiceServicer):
    """A servicer that never answers."""

    async def ListAlgorithms(self, request: Any, context: Any) -> Any:
        print("the handler hangs", flush=True)
        time.sleep(1_000)  # noqa: ASYNC251  # what a defect or a C library may do

    async def Suggest(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    async def ShouldStop(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    async def GetBestRuns(self, request: Any, context: Any) -> Any:
        raise NotImplementedError


async def nothing() -> None:
    """A dependency that is always available."""


def register(server: grpc.aio.Server) -> None:
    """Add the service."""
    pb_grpc.add_SuggestionServiceServicer_to_server(StuckServicer(), server)


async def main(grace: float) -> None:
    """Serve until a signal arrives."""
    await serve_until_signal(
        "stuck",
        ServerSettings(port=0, grace=grace),
        observation=Observation(SERVICES, AUDIT_TABLE, Readiness("nothing", nothing)),
        register=register,
    )


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
