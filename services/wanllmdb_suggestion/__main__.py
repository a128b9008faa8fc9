"""The program `wanllmdb-suggestion`, which runs the suggestion server."""

from __future__ import annotations

import asyncio
import sys

import optuna

from wanllmdb_common.computing.off_loop import SWITCH_INTERVAL
from wanllmdb_common.server.lifecycle import serve_until_signal
from wanllmdb_common.server.settings import USAGE_EXIT_CODE, load_settings
from wanllmdb_common.telemetry.logs import configure_logging
from wanllmdb_common.telemetry.setup import Observation
from wanllmdb_suggestion.app import SERVICES, running_suggestion
from wanllmdb_suggestion.rpc.authentication import registry_asks_for_keys
from wanllmdb_suggestion.rpc.rpc_table import AUDIT_TABLE
from wanllmdb_suggestion.settings import SuggestionSettings

PROGRAM = "wanllmdb-suggestion"


async def serve(settings: SuggestionSettings) -> None:
    """Serve until SIGINT or SIGTERM."""
    async with running_suggestion(settings) as app:
        if (
            settings.is_exposed
            and not settings.insecure
            and not await registry_asks_for_keys(app.registry)
        ):
            print(
                f"{PROGRAM}: --host {settings.host} can be reached from other machines, and the "
                f"registry at {settings.registry} requires no API keys: start the registry with "
                "--require-keys; or pass --insecure, if every user that can reach this server "
                "may read and change everything",
                file=sys.stderr,
            )
            raise SystemExit(USAGE_EXIT_CODE)
        await serve_until_signal(
            "suggestion",
            settings,
            observation=Observation(SERVICES, AUDIT_TABLE, app.readiness),
            register=app.add_to,
            steps=app.steps,
        )


def main() -> None:
    """Run the program."""
    settings = load_settings(SuggestionSettings, PROGRAM)
    configure_logging(settings.log_level, settings.log_format)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sys.setswitchinterval(SWITCH_INTERVAL)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
