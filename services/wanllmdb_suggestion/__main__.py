"""Starts the suggestion server: the program `wanllmdb-suggestion`."""

from __future__ import annotations

import asyncio
import sys

import grpc.aio
import optuna

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_common.logs import configure_logging
from wanllmdb_common.server import serve_until_signal
from wanllmdb_common.settings import load_settings
from wanllmdb_suggestion.registry_client import RegistryClient
from wanllmdb_suggestion.servicer import SuggestionServicer
from wanllmdb_suggestion.settings import SuggestionSettings

SERVICE = pb.DESCRIPTOR.services_by_name["SuggestionService"].full_name

# A thread that samples gives the interpreter up this often; with the default of
# 5 ms every call that meets a sampling thread waits so long, at each hop.
SWITCH_INTERVAL = 0.001


async def serve(settings: SuggestionSettings) -> None:
    """Serves until SIGINT or SIGTERM."""
    async with RegistryClient(settings.registry, settings.registry_timeout) as registry:
        servicer = SuggestionServicer(registry, settings)

        def register(server: grpc.aio.Server) -> None:
            pb_grpc.add_SuggestionServiceServicer_to_server(servicer, server)

        try:
            await serve_until_signal("suggestion", settings, services=[SERVICE], register=register)
        finally:
            servicer.close()


def main() -> None:
    """The program."""
    settings = load_settings(SuggestionSettings, "wanllmdb-suggestion")
    configure_logging(settings.log_level, settings.log_format)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sys.setswitchinterval(SWITCH_INTERVAL)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
