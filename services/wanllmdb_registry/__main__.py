"""The program `wanllmdb-registry`: the registry's server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from wanllmdb._shown import shown_lines
from wanllmdb_common.computing.off_loop import SWITCH_INTERVAL
from wanllmdb_common.errors import UnavailableError
from wanllmdb_common.server.lifecycle import serve_until_signal
from wanllmdb_common.server.settings import USAGE_EXIT_CODE, load_settings
from wanllmdb_common.telemetry.logs import configure_logging
from wanllmdb_common.telemetry.setup import Observation
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.rpc_table import AUDIT_TABLE
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of
from wanllmdb_registry.settings import RegistrySettings
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_address import DatabaseUrlError
from wanllmdb_registry.store.migrate import (
    LATEST,
    ForeignDatabaseError,
    NewerDatabaseError,
    migrate,
)

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from wanllmdb_common.telemetry.tracing import Instrument

PROGRAM = "wanllmdb-registry"


async def serve(settings: RegistrySettings) -> None:
    """Serve until the process receives a signal to stop."""
    lease = timedelta(seconds=settings.lease_seconds)
    url = settings.database_url.get_secret_value()
    listen_url = settings.listen_database_url
    async with running_registry(
        url,
        listen_database_url=listen_url.get_secret_value() if listen_url else None,
        pool_size=settings.pool_size,
        lease=lease,
        require_keys=settings.keys_required,
        root_key=settings.root_key,
        max_message_bytes=settings.max_message_bytes,
        retention=settings.retention,
    ) as registry:
        await serve_until_signal(
            "registry",
            settings,
            observation=Observation(SERVICES, AUDIT_TABLE, registry.readiness, _instruments),
            register=lambda server: add_to(server, registry),
            steps=steps_of(registry, settings),
        )


async def bring_up_to_date(settings: RegistrySettings) -> None:
    """Migrate the tables, and print `migrated registry REVISION` on stdout."""
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        await migrate(database)
    finally:
        await database.close()
    print(f"migrated registry {LATEST}", flush=True)


def _instruments() -> Sequence[Instrument]:
    """Return the instrument that records spans of SQL statements, without their values."""
    # Imported here because only a server with --otlp-endpoint needs the package.
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor

    def trace_statements(provider: TracerProvider) -> Callable[[], None]:
        instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
        instrumentor.instrument(tracer_provider=provider)

        def stop() -> None:
            instrumentor.uninstrument()

        return stop

    return [trace_statements]


def main() -> None:
    """Read the settings and serve; exit with code 2 if a setting is invalid."""
    settings = load_settings(RegistrySettings, PROGRAM)
    configure_logging(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        asyncio.run(bring_up_to_date(settings) if settings.migrate_only else serve(settings))
    except DatabaseUrlError as error:
        option = "--database-url" if settings.database_url_file is None else "--database-url-file"
        print(shown_lines(f"{PROGRAM}: {option}: {error}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    except UnavailableError as error:
        # Show the operator the cause, which callers do not see.
        cause = str(getattr(error.__cause__, "orig", None) or error.__cause__).splitlines()[0]
        print(
            shown_lines(
                f"{PROGRAM}: cannot use the database: {cause}; check --database-url and that "
                "PostgreSQL is running"
            ),
            file=sys.stderr,
        )
        raise SystemExit(1) from None
    except ForeignDatabaseError as error:
        print(f"{PROGRAM}: --database-url: {error}", file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
    except NewerDatabaseError as error:
        print(shown_lines(f"{PROGRAM}: {error}"), file=sys.stderr)
        # Not 1: trying once more does not help.
        raise SystemExit(USAGE_EXIT_CODE) from None


if __name__ == "__main__":
    main()
