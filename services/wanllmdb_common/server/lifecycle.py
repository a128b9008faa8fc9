"""Starts and stops a gRPC server: health, reflection, interceptor, signals, draining."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
import grpc.aio
import structlog
from grpc_reflection.v1alpha import reflection

from wanllmdb._shown import shown_lines
from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.calls.draining import Drain
from wanllmdb_common.calls.interceptor import CallInterceptor
from wanllmdb_common.calls.pending_messages import PendingMessages
from wanllmdb_common.server.garbage_collection import collect_only_new_objects
from wanllmdb_common.server.guarded_server import guarded_server
from wanllmdb_common.server.health import Health
from wanllmdb_common.server.listening import (
    PortTakenError,
    listen,
    listen_for_probes,
    server_options,
)
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_common.server.settings import USAGE_EXIT_CODE, ServerSettings
from wanllmdb_common.server.tls import TlsFileError
from wanllmdb_common.telemetry.setup import Observation, running_telemetry

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def running_server(
    settings: ServerSettings,
    *,
    services: Sequence[str],
    register: Callable[[grpc.aio.Server], None],
    steps: Sequence[CallStep] = (),
    readiness: Readiness | None = None,
) -> AsyncIterator[str]:
    """Serve within the block; yields the address as host:port, or unix:PATH.

    Leaving the block takes at most `settings.grace` seconds, as long as no servicer blocks
    the event loop. First the health status becomes NOT_SERVING and watches end. After
    `settings.drain_delay`, when load balancers have had time to react, new calls are
    rejected. Running calls have until four fifths of the grace period to finish; the
    remaining ones then end with SHUTTING_DOWN.

    Args:
        settings: Address and limits.
        services: Full names of the services, for health and reflection.
        register: Adds the servicers to the server.
        steps: The steps around each call, outermost first.
        readiness: The state of what the server depends on; see `Health`.

    Raises:
        PortTakenError: the address can't be bound.
        TlsFileError: a file of the TLS settings can't be used.
    """
    drain = Drain()
    pending = PendingMessages(settings.max_waiting_messages, settings.message_timeout)
    server = guarded_server(
        interceptors=[CallInterceptor(steps, drain, pending)],
        options=server_options(settings),
    )
    register(server)
    health = Health(services, readiness)
    health.add_to(server)
    reflection.enable_server_reflection(
        [*services, Health.full_name, reflection.SERVICE_NAME], server
    )
    address = listen(server, settings)
    async with _serving_probes(health, CallInterceptor((), drain, pending), settings):
        await server.start()
        try:
            async with health.serving():
                yield address
        finally:
            await _stop(server, health, drain, settings)


@contextlib.asynccontextmanager
async def _serving_probes(
    health: Health, interceptor: CallInterceptor, settings: ServerSettings
) -> AsyncIterator[None]:
    """Serve health on a port of its own within the block, if the settings name one."""
    if settings.health_port is None:
        yield
        return
    server = guarded_server(interceptors=[interceptor], options=server_options(settings))
    health.add_to(server)
    address = listen_for_probes(server, settings, settings.health_port)
    await server.start()
    log.info("serving health", address=address)
    try:
        yield
    finally:
        # Probes learn from the drain that the server stops, until it has stopped.
        await server.stop(0)


async def _stop(
    server: grpc.aio.Server, health: Health, drain: Drain, settings: ServerSettings
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    health.drain()
    drain.end_watches()
    await asyncio.sleep(min(settings.drain_delay, settings.grace / 2))
    left = settings.grace - (loop.time() - began)
    stopping = asyncio.create_task(server.stop(max(left - settings.grace / 10, 0)))
    await asyncio.wait([stopping], timeout=max(left - settings.grace / 5, 0))
    drain.end_calls()
    await stopping


async def serve_until_signal(
    name: str,
    settings: ServerSettings,
    *,
    register: Callable[[grpc.aio.Server], None],
    observation: Observation,
    steps: Sequence[CallStep] = (),
) -> None:
    """Serve until SIGINT or SIGTERM; print `ready NAME HOST:PORT` on stdout once serving.

    After the signal the process lives for at most `settings.grace` seconds, and a second
    signal ends it at once; see `stop_signal`. When the port is taken or a TLS file can't be
    used, print one line and exit with code 2.
    """
    stop = stop_signal(settings.grace)
    try:
        async with (
            running_telemetry(name, settings, observation, settings.audit_log) as observing,
            running_server(
                settings,
                services=observation.services,
                register=register,
                steps=[*observing, *steps],
                readiness=observation.readiness,
            ) as address,
        ):
            collect_only_new_objects()
            print(f"ready {name} {address}", flush=True)
            log.info("serving", service=name, address=address)
            await stop.wait()
            log.info("stopping", service=name)
    except (PortTakenError, TlsFileError) as error:
        print(shown_lines(f"wanllmdb-{name}: {error}"), file=sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE) from None


# The exit code after a stop that exceeded the grace period.
FORCED_EXIT_CODE = 1
_MIN_SECONDS_TO_LIVE = 1.0
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


def stop_signal(grace: float) -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets; call this in the main thread.

    From the signal on the process has `grace` seconds to end. It is ended by force after
    that time, or by a second signal.

    This works even while the event loop is blocked. Python runs signal handlers, asyncio's
    too, in the main thread, which a defect or a C library may block. But Python writes each
    signal number to a wakeup descriptor at once, in whichever thread the signal arrives, and
    a thread of our own reads that descriptor.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    for number in _NUMBERS:
        signal.signal(number, _nothing)

    def watch() -> None:
        _next_signal(receiver, None)
        loop.call_soon_threadsafe(stop.set)
        second = _next_signal(receiver, max(grace, _MIN_SECONDS_TO_LIVE))
        if second is None:
            log.warning("the grace period is over; the process ends by force")
            os._exit(FORCED_EXIT_CODE)
        os._exit(128 + second)

    threading.Thread(target=watch, name="signals", daemon=True).start()
    return stop


def _next_signal(receiver: int, seconds: float | None) -> int | None:
    """Return the number of the next SIGINT or SIGTERM; None when none arrives in time."""
    while select.select([receiver], [], [], seconds)[0]:
        (number,) = os.read(receiver, 1)
        if number in _NUMBERS:
            return number
    return None


def _nothing(_number: int, _frame: object) -> None:
    """Do nothing: the wakeup descriptor carries the signal."""
