"""The services of a platform: their ports, their processes, and how each is started and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wanllmdb_local import DASHBOARD_PORT, HOST
from wanllmdb_local import data_dir as layout
from wanllmdb_local.errors import StartError
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.health import GrpcHealth, Health, HttpHealth
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.ports import WantedPort, choose_ports
from wanllmdb_local.secret_files import (
    ADMIN_KEY_VARIABLE,
    admin_key,
    own_admin_key,
    session_key,
    state_key,
)
from wanllmdb_local.settings import Dashboard, PlatformSettings
from wanllmdb_local.stopping import stop_processes

GATEWAY = "gateway"
"""The kind, and the name, of the service that serves the dashboard."""


class Services:
    """Chooses the ports, then creates the services on them.

    Raises:
        PortTakenError: A requested port is taken.
        AddressError: The host is not an address of this machine.
        DataDirError: The file with the ports can't be written.
    """

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._ports = choose_ports(settings.data_dir / layout.PORTS, self._wanted_ports())

    def registries(self, database_url: str) -> list[Service]:
        """Create the replicas of the registry.

        Raises:
            DataDirError: The file of the admin key can't be used.
        """
        settings = self._settings
        # Passed in the environment, because every user of the machine can see arguments.
        environment = {"WANLLMDB_REGISTRY_DATABASE_URL": database_url}
        if settings.protection.has_keys and not own_admin_key():
            environment[ADMIN_KEY_VARIABLE] = admin_key(settings.data_dir / layout.ADMIN_KEY)
        arguments = ["--require-keys"] if settings.protection.has_keys else []
        return self._replicas("registry", arguments, environment)

    def suggestions(self, registries: list[Service]) -> list[Service]:
        """Create the replicas of the suggestion service.

        Raises:
            DataDirError: The file of the state key can't be used.
        """
        addresses = ",".join(registry.local_address for registry in registries)
        key = state_key(self._settings.data_dir / layout.STATE_KEY)
        return self._replicas(
            "suggestion", ["--registry", addresses], {"WANLLMDB_SUGGESTION_STATE_KEY": key}
        )

    def gateways(self, registries: list[Service], suggestions: list[Service]) -> list[Service]:
        """Create the gateway that serves the dashboard; none without a dashboard.

        Raises:
            DataDirError: The file of the session key can't be used.
        """
        dashboard = self._settings.dashboard
        if dashboard is None:
            return []
        file = self._settings.data_dir / layout.SESSION_KEY
        session_key(file)
        protection = self._settings.gateway_protection
        port = self._ports[GATEWAY]
        scheme = "https" if protection.has_tls else "http"
        url = f"{scheme}://{protection.address(port)}"
        arguments = [
            *(*protection.arguments(), "--port", str(port)),
            *("--registry", ",".join(registry.local_address for registry in registries)),
            *("--suggestion", ",".join(suggestion.local_address for suggestion in suggestions)),
            *("--session-key-file", str(file)),
        ]
        if protection.is_exposed:
            # The name in the address, which the gateway would take for another server's.
            others = os.environ.get("WANLLMDB_GATEWAY_PUBLIC_URL", "")
            arguments += ["--public-url", ",".join(filter(None, (url, others)))]
        return [
            Service(
                GATEWAY,
                name=GATEWAY,
                address=url,
                local_address=f"{protection.local_host}:{port}",
                health=HttpHealth(protection.local_host, port, has_tls=protection.has_tls),
                arguments=arguments,
                log_file=self._settings.data_dir / layout.LOGS / f"{GATEWAY}.log",
            )
        ]

    def _wanted_ports(self) -> dict[str, WantedPort]:
        settings = self._settings
        host = settings.protection.host
        wanted = {}
        for kind, port in (
            ("registry", settings.registry_port),
            ("suggestion", settings.suggestion_port),
        ):
            for number in range(1, settings.replicas + 1):
                asked_for = port if number == 1 else 0
                wanted[f"{kind}-{number}"] = WantedPort(asked_for, f"--{kind}-port", host=host)
                if settings.protection.needs_local_ports:
                    wanted[f"{kind}-{number}-local"] = WantedPort()
        if settings.dashboard is not None:
            wanted[GATEWAY] = _dashboard_port(
                settings.dashboard, host=settings.gateway_protection.host
            )
        return wanted

    def _replicas(
        self, kind: str, arguments: list[str], environment: Mapping[str, str]
    ) -> list[Service]:
        numbers = range(1, self._settings.replicas + 1)
        return [self._service(kind, number, arguments, environment) for number in numbers]

    def _service(
        self, kind: str, number: int, arguments: list[str], environment: Mapping[str, str]
    ) -> Service:
        protection = self._settings.protection
        name = replica_name(kind, number, self._settings.replicas)
        port = self._ports[f"{kind}-{number}"]
        listening = [*protection.arguments(), "--port", str(port)]
        address = local_address = protection.address(port)
        if protection.needs_local_ports:
            local_port = self._ports[f"{kind}-{number}-local"]
            listening += ["--local-port", str(local_port)]
            local_address = f"{HOST}:{local_port}"
        metrics_port = f"WANLLMDB_{kind.upper()}_METRICS_PORT"
        if number > 1 and metrics_port in os.environ:
            # The first replica has the requested port; the others log theirs.
            environment = {**environment, metrics_port: "0"}
        return Service(
            kind,
            name=name,
            address=address,
            local_address=local_address,
            health=GrpcHealth(local_address),
            arguments=[*listening, *arguments],
            log_file=self._settings.data_dir / layout.LOGS / f"{name}.log",
            environment=environment,
        )


def _dashboard_port(dashboard: Dashboard, *, host: str) -> WantedPort:
    if dashboard.port is not None:
        return WantedPort(dashboard.port, "--dashboard-port", host=host)
    # Other programs use this port too, and the platform runs without it.
    return WantedPort(preferred=DASHBOARD_PORT, host=host)


def replica_name(kind: str, number: int, replicas: int) -> str:
    """Return the name of a replica and of its log."""
    return f"{kind}-{number}" if replicas > 1 else kind


# A cold start imports numpy, scipy and optuna, which takes seconds on a slow disk.
READY_SECONDS = 90.0
_USAGE_EXIT_CODE = 2
_KINDS = ("registry", "suggestion", GATEWAY)
_DECIDED = (
    *("HOST", "PORT", "LOCAL_PORT", "INSECURE"),
    *("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"),
    # The gateway reaches the services on this machine.
    *("SERVICES_TLS", "SERVICES_TLS_CA", "SERVICES_TLS_CERT", "SERVICES_TLS_KEY"),
    "SERVICES_TLS_SERVER_NAME",
    # Secrets that `up` passes itself.
    *("DATABASE_URL_FILE", "STATE_KEY_FILE"),
)


class Service:
    """One of the servers as a process; not thread-safe.

    Start it in the main thread: the process ends with the thread that started it.
    """

    def __init__(
        self,
        kind: str,
        *,
        name: str,
        address: str,
        local_address: str,
        health: Health,
        arguments: Sequence[str],
        log_file: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            kind: `registry`, `suggestion` or `gateway`; its package is wanllmdb_KIND.
            name: The name of the replica in messages.
            address: The address for clients; it stays after a restart.
            local_address: The address for this machine, as host:port.
            health: Asks the process whether it serves.
            arguments: The arguments of the process.
            log_file: The file for its output.
            environment: Variables in addition to this process's own.
        """
        self.name = name
        self._kind = kind
        self.address = address
        self.local_address = local_address
        self.log_file = log_file
        self._command = [sys.executable, "-m", f"wanllmdb_{kind}", *arguments]
        self._environment = _inherited(kind) | dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None
        self._health = health
        self.ready_pids: list[int] = []
        """The pid of the last process that answered; empty before the first one."""
        self._deadline = 0.0
        self._log_start = 0

    @property
    def _title(self) -> str:
        return self._kind if self._kind == GATEWAY else f"{self._kind} service"

    @property
    def pids(self) -> list[int]:
        """The pid of the process, from its start on."""
        return [] if self.process is None else [self.process.pid]

    def launch(self) -> None:
        """Start the process; `is_ready` returns true once it serves.

        A previous process that took too long to start is killed first.
        """
        self.kill()
        with open_log(self.log_file) as log:
            self._log_start = log.tell()
            self.process = start_tied_to_parent(
                self._command,
                stop_signal=signal.SIGTERM,
                output=log,
                env=self._environment,
            )
        self._health.connect()
        self._deadline = time.monotonic() + READY_SECONDS

    def kill(self) -> None:
        """Kill the process, if it runs."""
        if self.process is not None and self.is_running():
            self.process.kill()
            self.process.wait()
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connection for health checks."""
        self._health.disconnect()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether the process serves by now.

        Raises:
            StartError: The process ended, or took too long.
        """
        if not self.is_running():
            raise StartError(self._why_it_ended())
        if self._announced() and self._health.serves():
            self.ready_pids = self.pids
            return True
        if time.monotonic() > self._deadline:
            raise StartError(
                f"The {self._title} does not answer on {self.local_address} after "
                f"{READY_SECONDS:.0f} s. The end of its log, {self.log_file}:\n"
                + self._last_words()
            )
        return False

    def _announced(self) -> bool:
        """Whether the log has the ready line, which is cheaper to check than a connection."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(self._log_start)
                return f"ready {self._kind} ".encode() in log.read()
        except FileNotFoundError:
            # The file was removed meanwhile; the health check decides.
            return True

    def answers(self, seconds: float) -> bool:
        """Whether the process answers anything within the time, an error included."""
        return self._health.answers(seconds)

    def _why_it_ended(self) -> str:
        assert self.process is not None
        code = self.process.returncode
        if code == _USAGE_EXIT_CODE:
            return f"The {self._title} refused to start: {self._last_words(lines=1)}"
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return (
            f"The {self._title} ended {how} before it was ready. "
            f"The end of its log, {self.log_file}:\n{self._last_words()}"
        )

    def _last_words(self, *, lines: int = 12) -> str:
        return tail(self.log_file, lines=lines, start=self._log_start)


def _inherited(kind: str) -> dict[str, str]:
    """Return this process's environment without launcher settings and other services' secrets."""
    decided = {f"WANLLMDB_{kind.upper()}_{name}" for name in _DECIDED}
    foreign = tuple(f"WANLLMDB_{other.upper()}_" for other in _KINDS if other != kind)
    return {
        name: value
        for name, value in os.environ.items()
        if name not in decided and not name.startswith(foreign)
    }


def stop_services(
    services: Sequence[Service], *, seconds: float, hurried: Callable[[], bool]
) -> None:
    """Let running calls end, then kill the services after `seconds` or once hurried."""
    for service in services:
        service.disconnect()
    processes = [service.process for service in services if service.process is not None]
    stop_processes(processes, signal.SIGTERM, seconds=seconds, hurried=hurried)
