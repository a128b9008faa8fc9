"""The program `wanllmdb-gateway`: the service for browsers."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import NoReturn

import grpc.aio
import structlog

from wanllmdb._shown import shown_lines
from wanllmdb_common.computing.off_loop import SWITCH_INTERVAL
from wanllmdb_common.server.lifecycle import stop_signal
from wanllmdb_common.server.listening import PortTakenError
from wanllmdb_common.server.settings import USAGE_EXIT_CODE, load_settings, missing_protection
from wanllmdb_common.server.tls import TlsFileError
from wanllmdb_common.telemetry.logs import configure_logging
from wanllmdb_common.telemetry.setup import Observation, running_telemetry
from wanllmdb_gateway.backends import Backends
from wanllmdb_gateway.origin_check import is_wildcard
from wanllmdb_gateway.running import running_backends, running_gateway
from wanllmdb_gateway.sessions import SessionKeyError
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_gateway.static_files import StaticFilesError

PROGRAM = "wanllmdb-gateway"
_PAUSE = 1.0

log = structlog.get_logger(__name__)


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGINT or SIGTERM; print `ready gateway ADDRESS` on stdout once serving.

    When the port is taken or a file can't be used, print one line and exit with code 2.
    """
    stop = stop_signal(settings.grace)
    try:
        async with running_backends(settings) as (backends, readiness):
            if settings.is_exposed and not settings.insecure:
                await _require_keys(backends, settings)
            _warn(settings)
            observation = Observation((), None, readiness)
            async with (
                running_telemetry("gateway", settings, observation) as steps,
                running_gateway(settings, backends, readiness, steps) as address,
            ):
                print(f"ready gateway {address}", flush=True)
                log.info("serving", service="gateway", address=address)
                await stop.wait()
                log.info("stopping", service="gateway")
    except (PortTakenError, TlsFileError, SessionKeyError, StaticFilesError) as error:
        print(shown_lines(f"{PROGRAM}: {error}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None


async def _require_keys(backends: Backends, settings: GatewaySettings) -> None:
    """Exit with code 2 if the registry requires no keys, once it answers."""
    while True:
        try:
            if await backends.requires_keys():
                return
        except grpc.aio.AioRpcError as error:
            log.warning(
                "not serving yet: waiting for the registry to report whether it requires API keys",
                code=error.code().name,
            )
            await asyncio.sleep(_PAUSE)
            continue
        print(
            f"{PROGRAM}: --host {settings.host} can be reached from other machines, and the "
            f"registry at {settings.registry} requires no API keys: start the registry with "
            "--require-keys; or pass --insecure, if every user that can reach the gateway may read "
            "and change everything",
            file=sys.stderr,
        )
        raise SystemExit(USAGE_EXIT_CODE)


def _warn(settings: GatewaySettings) -> None:
    """Log what an operator may not expect of these settings."""
    missing = missing_protection(has_tls=settings.has_tls)
    if settings.is_exposed and missing:
        log.warning(
            "other machines can reach this server, and it is not protected",
            host=settings.host,
            missing=missing,
        )
    if is_wildcard(settings.host) and not settings.public_origins:
        log.warning(
            "browsers on other machines are refused: --host is no address that they can open, so "
            "--public-url must name one",
            host=settings.host,
        )
    if settings.session_key_file is None:
        log.info("no --session-key-file is set: sessions end with this process")


def main() -> None:
    """Run the program."""
    settings = load_settings(GatewaySettings, PROGRAM)
    configure_logging(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_INTERVAL)
    asyncio.run(serve(settings))
    _leave()


def _leave() -> NoReturn:
    """End the process with exit code 0, without the interpreter's own end.

    Everything is closed, but a thread of granian's may still be on its way into Python. While the
    interpreter ends, it would end that thread, and Rust would abort the process (SIGABRT).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
