"""The services of a platform: their ports, their processes, and how each is started and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from wanllmdb_local import HOST
from wanllmdb_local import data_dir as layout
from wanllmdb_local.errors import StartError
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.ports import WantedPort, choose_ports
from wanllmdb_local.secret_files import ADMIN_KEY_VARIABLE, admin_key, state_key
from wanllmdb_local.settings import PlatformSettings
from wanllmdb_local.stopping import stop_processes


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
        if settings.protection.has_keys and ADMIN_KEY_VARIABLE not in os.environ:
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
            arguments=[*listening, *arguments],
            log_file=self._settings.data_dir / layout.LOGS / f"{name}.log",
            environment=environment,
        )


def replica_name(kind: str, number: int, replicas: int) -> str:
    """Return the name of a replica and of its log."""
    return f"{kind}-{number}" if replicas > 1 else kind


# A cold start imports numpy, scipy and optuna, which takes seconds on a slow disk.
READY_SECONDS = 90.0
_USAGE_EXIT_CODE = 2
_HEALTH_SECONDS = 2.0
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_PREFIXES = {"registry": "WANLLMDB_REGISTRY_", "suggestion": "WANLLMDB_SUGGESTION_"}
_DECIDED = (
    *("HOST", "PORT", "LOCAL_PORT", "INSECURE"),
    *("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"),
)


class Service:
    """One of the two servers as a process; not thread-safe.

    Start it in the main thread: the process ends with the thread that started it.
    """

    def __init__(
        self,
        kind: str,
        *,
        name: str,
        address: str,
        local_address: str,
        arguments: Sequence[str],
        log_file: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            kind: `registry` or `suggestion`; its package is wanllmdb_KIND.
            name: The name of the replica in messages.
            address: The address for clients, as host:port; it stays after a restart.
            local_address: The plain-text address for this machine.
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
        self._channel: grpc.Channel | None = None
        self.ready_pids: list[int] = []
        """The pid of the last process that answered; empty before the first one."""
        self._deadline = 0.0
        self._log_start = 0

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
        # One connection for the life of the process, opened before clients use up the limit.
        self._channel = grpc.insecure_channel(self.local_address)
        self._deadline = time.monotonic() + READY_SECONDS

    def kill(self) -> None:
        """Kill the process, if it runs."""
        if self.process is not None and self.is_running():
            self.process.kill()
            self.process.wait()
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connection for health checks."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def is_ready(self) -> bool:
        """Whether the process serves by now.

        Raises:
            StartError: The process ended, or took too long.
        """
        if not self.is_running():
            raise StartError(self._why_it_ended())
        if self._announced() and self._serves():
            self.ready_pids = self.pids
            return True
        if time.monotonic() > self._deadline:
            raise StartError(
                f"The {self._kind} service does not answer on {self.local_address} after "
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
        try:
            self._check(seconds)
        except grpc.RpcError as error:
            return _code(error) not in _NO_ANSWER
        return True

    def _serves(self) -> bool:
        try:
            return bool(self._check(_HEALTH_SECONDS) == health_pb2.HealthCheckResponse.SERVING)
        except grpc.RpcError:
            return False

    def _check(self, seconds: float) -> int:
        """Return the liveness status.

        Raises:
            grpc.RpcError: The call failed.
        """
        channel = self._channel
        if channel is None:
            raise grpc.RpcError("the service was not started, or has been stopped")
        stub = health_pb2_grpc.HealthStub(channel)
        # Without waiting, a call fails at once where there is no connection yet.
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=seconds, wait_for_ready=True)
        return int(answer.status)

    def _why_it_ended(self) -> str:
        assert self.process is not None
        code = self.process.returncode
        if code == _USAGE_EXIT_CODE:
            return f"The {self._kind} service refused to start: {self._last_words(lines=1)}"
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return (
            f"The {self._kind} service ended {how} before it was ready. "
            f"The end of its log, {self.log_file}:\n{self._last_words()}"
        )

    def _last_words(self, *, lines: int = 12) -> str:
        return tail(self.log_file, lines=lines, start=self._log_start)


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    return error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN


def _inherited(kind: str) -> dict[str, str]:
    """Return this process's environment without launcher settings and other services' secrets."""
    decided = {f"WANLLMDB_{kind.upper()}_{name}" for name in _DECIDED}
    foreign = tuple(prefix for name, prefix in _PREFIXES.items() if name != kind)
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
