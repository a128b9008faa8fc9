"""Starts the telemetry that a server's settings enable, as steps around each call."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

import structlog
from prometheus_client import start_http_server

from wanllmdb._shown import shown_lines
from wanllmdb_common.calls.audit import Audit, AuditTable
from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_common.server.settings import UNIX_SCHEMES, USAGE_EXIT_CODE
from wanllmdb_common.telemetry.call_metrics import READY, CallMetrics, observe_loop_lag

if TYPE_CHECKING:
    from wanllmdb_common.telemetry.tracing import Instrument


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Observation:
    """The observable parts of a server.

    Attributes:
        services: The full names of its services.
        audit_table: The rules of its audit log; None for a server without one.
        readiness: The state of its dependency.
        instruments: Returns instruments that create spans besides those of calls; called only
            when tracing is on.
    """

    services: Sequence[str]
    audit_table: AuditTable | None
    readiness: Readiness
    instruments: Callable[[], Sequence[Instrument]] = tuple


class ObservedSettings(Protocol):
    """The settings that telemetry needs."""

    @property
    def host(self) -> str:
        """The address that the server listens on."""

    @property
    def metrics_port(self) -> int | None:
        """The port for metrics; None for no metrics."""

    @property
    def otlp_endpoint(self) -> str:
        """The collector of traces; empty for no traces."""


@contextlib.asynccontextmanager
async def running_telemetry(
    name: str, settings: ObservedSettings, observation: Observation, audit_log: str = "off"
) -> AsyncIterator[list[CallStep]]:
    """Yield the steps that come before all others, which are valid within the block.

    When the settings can't be fulfilled, print one line and exit with code 2.

    Args:
        name: The server's name, without the prefix of its program.
        settings: The settings of metrics and traces.
        observation: What is observed.
        audit_log: As in ServerSettings.
    """
    steps: list[CallStep] = []
    async with contextlib.AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            host = "127.0.0.1" if settings.host.startswith(UNIX_SCHEMES) else settings.host
            stack.enter_context(_serving_metrics(name, host, settings.metrics_port))
            stack.push_async_callback(_end, asyncio.create_task(observe_loop_lag()))
            READY.set(observation.readiness.is_ready)
            observation.readiness.add_listener(READY.set)
            steps.append(CallMetrics())
        if settings.otlp_endpoint:
            try:
                from wanllmdb_common.telemetry.tracing import running_tracing
            except ImportError as error:
                _exit(
                    name, f"--otlp-endpoint needs packages: pip install 'wanllmdb[otel]' ({error})"
                )
            instruments = observation.instruments()
            tracing = running_tracing(f"wanllmdb-{name}", settings.otlp_endpoint, instruments)
            steps.append(stack.enter_context(tracing))
        if observation.audit_table is not None and audit_log != "off":
            try:
                audit = Audit(observation.audit_table, observation.services, audit_log)
            except OSError as error:
                _exit(name, f"--audit-log: can't write {audit_log}: {error.strerror}")
            stack.callback(audit.close)
            steps.append(audit)
        yield steps


@contextlib.contextmanager
def _serving_metrics(name: str, host: str, port: int) -> Iterator[None]:
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        _exit(name, f"--metrics-port: can't listen on {host}:{port}: {error.strerror}")
    log.info("serving metrics", address=f"http://{host}:{server.server_port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _exit(name: str, problem: str) -> NoReturn:
    print(shown_lines(f"wanllmdb-{name}: {problem}"), file=sys.stderr)
    raise SystemExit(USAGE_EXIT_CODE) from None
