"""Assembles the parts of the gateway, and starts and stops them in order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_gateway.allowed_rpcs import allowed_rpcs
from wanllmdb_gateway.app import Gateway
from wanllmdb_gateway.backends import Backends
from wanllmdb_gateway.serving import check_tls, listening_socket, serving, url_of
from wanllmdb_gateway.sessions import Sessions, read_session_secrets
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_gateway.static_files import STATIC, StaticFiles


@contextlib.asynccontextmanager
async def running_backends(settings: GatewaySettings) -> AsyncIterator[tuple[Backends, Readiness]]:
    """Open the channels to the services within the block."""
    async with Backends(settings, allowed_rpcs()) as backends:
        yield backends, Readiness("the services", backends.check_ready)


@contextlib.asynccontextmanager
async def running_gateway(
    settings: GatewaySettings,
    backends: Backends,
    readiness: Readiness,
    steps: Sequence[CallStep] = (),
) -> AsyncIterator[str]:
    """Serve within the block; yields the address, for example `http://127.0.0.1:8080`.

    Leaving the block takes at most `settings.grace` seconds; see `Gateway.drain`.

    Raises:
        PortTakenError: the address can't be bound.
        TlsFileError: a file of the TLS settings can't be used.
        SessionKeyError: the file of session secrets can't be used.
        StaticFilesError: the built page can't be read.
    """
    check_tls(settings)
    is_secure = settings.has_tls or any(
        origin.startswith("https:") for origin in settings.public_origins
    )
    sessions = Sessions(
        read_session_secrets(settings.session_key_file),
        is_secure=is_secure,
        lifetime=settings.session_hours * 3600,
    )
    files = StaticFiles(settings.static_dir or STATIC)
    with contextlib.closing(listening_socket(settings)) as opened:
        port: int = opened.getsockname()[1]
        gateway = Gateway(settings, backends, sessions, files, port, steps)
        async with gateway.following(readiness), serving(gateway, opened, settings):
            try:
                yield url_of(port, settings)
            finally:
                await gateway.drain(settings.grace, settings.drain_delay)
