"""Starts and stops a gRPC server: health, reflection, interceptor, signals, drain."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.calls.interceptor import CallInterceptor
from wanllmdb_common.settings import USAGE_EXIT_CODE, ServerSettings

log = structlog.get_logger(__name__)

# Clients may ping this often, also between calls, to notice a dead connection.
MIN_PING_INTERVAL_MS = 20_000


class PortTakenError(Exception):
    """The address can't be bound."""


@contextlib.asynccontextmanager
async def running_server(
    settings: ServerSettings,
    *,
    services: Sequence[str],
    register: Callable[[grpc.aio.Server], None],
    steps: Sequence[CallStep] = (),
) -> AsyncIterator[str]:
    """Serves within the block; yields the address as host:port.

    On leaving: NOT_SERVING first, so that balancers stop sending, then running
    calls get `settings.grace` seconds to end.

    Args:
        settings: Address and limits.
        services: Full names of the services, for health and reflection.
        register: Adds the servicers to the server.
        steps: What is done around each call, outermost first.

    Raises:
        PortTakenError: the address can't be bound.
    """
    server = grpc.aio.server(
        interceptors=[CallInterceptor(steps)],
        options=[
            # Two servers would otherwise share the port without a word.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            ("grpc.max_send_message_length", settings.max_message_bytes),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
        ],
    )
    register(server)
    health_servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    reflection.enable_server_reflection(
        [*services, HEALTH_SERVICE, reflection.SERVICE_NAME], server
    )
    address = f"{settings.host}:{settings.port}"
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise PortTakenError(
            f"can't listen on {address}: the port is taken or the address is not this machine's; "
            "choose another one with --port, or 0 for a free one"
        ) from None
    await server.start()
    for name in ["", *services]:
        await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield f"{settings.host}:{port}"
    finally:
        await health_servicer.enter_graceful_shutdown()
        await server.stop(settings.grace)


async def serve_until_signal(
    name: str,
    settings: ServerSettings,
    *,
    services: Sequence[str],
    register: Callable[[grpc.aio.Server], None],
    steps: Sequence[CallStep] = (),
) -> None:
    """Serves until SIGINT or SIGTERM; prints `ready NAME HOST:PORT` on stdout once it answers.

    Ends the process with code 2 and one line when the port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with running_server(
            settings, services=services, register=register, steps=steps
        ) as address:
            print(f"ready {name} {address}", flush=True)
            log.info("serving", service=name, address=address)
            await stop.wait()
            log.info("stopping", service=name)
    except PortTakenError as error:
        print(f"wanllmdb-{name}: {error}", file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None
