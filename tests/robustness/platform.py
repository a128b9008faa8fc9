"""The platform under test: PostgreSQL, replicas of both services, and a proxied network."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
import psutil

from tests.certificates import Authority, CertificateFiles, replace
from tests.ports import free_ports
from tests.robustness.processes import DidNotStartError, ServiceProcess
from tests.robustness.proxy import Proxy
from tests.robustness.security import PLAIN, Security
from tests.security_table.keys import new_secret
from wanllmdb_local import HOST
from wanllmdb_local import data_dir as layout
from wanllmdb_local.files import tail
from wanllmdb_local.postgres import EmbeddedPostgres

# Seconds of a lease: short, so that many runs are lost.
LEASE_SECONDS = 2.0

POSTGRES = "postgres"
REGISTRIES = ("registry-0", "registry-1")
SUGGESTIONS = ("suggestion-0", "suggestion-1")
SERVICES = (*REGISTRIES, *SUGGESTIONS)

# The name of the certificate that callers show if one is required.
CALLER = "caller"

# Links by name: the client, then the server.
AGENT_LINKS = tuple(f"agents>{name}" for name in SERVICES)
INNER_LINKS = tuple(f"suggestion>{name}" for name in REGISTRIES)
DATABASE_LINKS = tuple(f"{name}>{POSTGRES}" for name in REGISTRIES)
LINKS = (*AGENT_LINKS, *INNER_LINKS, *DATABASE_LINKS)

_TICK_SECONDS = 0.02
_POSTGRES_SECONDS = 60.0

# The logs hold the details that are not returned to callers.
_DEFECT = "unexpected error"


class Platform:
    """Two replicas of each service on one PostgreSQL; use it as an async context manager.

    `serve` starts the services. Agents reach replicas through `links["agents>NAME"]`. Must be used
    in the main thread.

    Args:
        folder: Holds data and logs; any user of the machine must be able to enter it.

    Attributes:
        security: What the services require of callers at present.
        root_key: The operator's own key, if keys are required.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.links: dict[str, Proxy] = {}
        self.processes: dict[str, ServiceProcess] = {}
        self.security = PLAIN
        self.root_key = f"wsk_root_{new_secret()}"
        self._state_key = secrets.token_hex(32)
        self._ports: dict[str, int] = {}
        self._authority = Authority(folder)
        self._certificates: dict[str, CertificateFiles] = {}
        self._postgres = EmbeddedPostgres(folder / "data")
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def address(self, name: str) -> str:
        """Return the address under which agents reach a replica."""
        return self.links[f"agents>{name}"].address

    def channel(self, name: str, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
        """Return a channel to a replica as agents open it, with a certificate if required."""
        if not self.security.tls:
            return grpc.aio.insecure_channel(self.address(name), options=options)
        own = self.certificate(CALLER) if self.security.mutual else None
        credentials = grpc.ssl_channel_credentials(
            self._authority.file.read_bytes(),
            own.key.read_bytes() if own else None,
            own.cert.read_bytes() if own else None,
        )
        return grpc.aio.secure_channel(self.address(name), credentials, options=options)

    def certificate(self, name: str) -> CertificateFiles:
        """Return the files of a service's certificate, or of the callers' certificate."""
        if name not in self._certificates:
            self.renew(name)
        return self._certificates[name]

    def renew(self, name: str) -> None:
        """Replace a certificate with a new one, which services load without a restart."""
        self._certificates[name] = self._authority.issue(HOST, file=name)

    def spoil_certificate(self, name: str) -> None:
        """Replace a valid certificate with half of one."""
        file = self.certificate(name).cert
        content = file.read_bytes()
        replace(file, content[: len(content) // 2])

    async def serve(self, security: Security) -> None:
        """Make the services require this; restart those that required less."""
        if self.processes and security == self.security:
            return
        await self._stop_services()
        self.security = security
        for name in LINKS:
            proxy = self.links[name]
            proxy.drop_all()
            # Parts of calls cannot be recognized in TLS records.
            proxy.is_http2 = not name.endswith(POSTGRES) and not security.tls
        for name in SERVICES:
            self.processes[name] = self._service(name)
            self.processes[name].launch()
        for process in self.processes.values():
            await process.wait_ready()

    async def kill(self, names: Sequence[str]) -> None:
        """Send SIGKILL to all of the processes at once, and wait for their end."""
        for name in names:
            if name == POSTGRES:
                self._kill_postgres()
            else:
                self.processes[name].send(signal.SIGKILL)
        for name in names:
            if name != POSTGRES:
                await self.processes[name].wait_dead()

    async def start(self, names: Sequence[str]) -> None:
        """Start the processes again, PostgreSQL first, and wait until they serve."""
        for name in sorted(names, key=lambda name: name != POSTGRES):
            if name == POSTGRES:
                self._postgres.restart()
                await self._wait_for_postgres()
            else:
                self.processes[name].launch()
        for name in names:
            if name != POSTGRES:
                await self.processes[name].wait_ready()

    async def _wait_for_postgres(self) -> None:
        for _ in range(int(_POSTGRES_SECONDS / _TICK_SECONDS)):
            if self._postgres.is_ready():
                return
            await asyncio.sleep(_TICK_SECONDS)
        raise DidNotStartError(f"PostgreSQL: {tail(self._postgres.log_file, lines=30)}")

    def freeze(self, name: str) -> None:
        """Send SIGSTOP; to PostgreSQL with all its processes."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Send SIGCONT."""
        self._signal(name, signal.SIGCONT)

    async def heal(self) -> None:
        """Restore the platform: every process runs and serves, and every link works."""
        for proxy in self.links.values():
            proxy.clear()
        for name in (POSTGRES, *SERVICES):
            self.thaw(name)
        away = [name for name in SERVICES if not self.processes[name].is_running]
        if not self._postgres.is_running():
            away.insert(0, POSTGRES)
        await self.start(away)

    def defects(self) -> list[str]:
        """Return the log lines of INTERNAL errors, with their file and line."""
        found = []
        for process in self.processes.values():
            log = process.log_file.read_text(errors="replace").splitlines()
            found += [f"{process.name}: {text}" for text in log if _DEFECT in text]
        return found

    async def _start(self) -> None:
        self._stack.enter_context(layout.locked(self.folder / "data"))
        # Stopped last: services that lose their database first fill the log.
        self._stack.callback(self._postgres.stop)
        self._postgres.start()
        self._ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self._stack.push_async_callback(self._stop_services)
        database = int(self._postgres.address.rpartition(":")[2])
        for name in REGISTRIES:
            await self._link(f"{name}>{POSTGRES}", database, is_http2=False)
        for name, port in self._ports.items():
            await self._link(f"agents>{name}", port, is_http2=True)
            if name in REGISTRIES:
                await self._link(f"suggestion>{name}", port, is_http2=True)

    def _service(self, name: str) -> ServiceProcess:
        service = name.partition("-")[0]
        arguments = ["--log-level", "warning", "--grace", "1"]
        arguments += self._tls_arguments(name)
        if name in REGISTRIES:
            arguments += ["--lease-seconds", str(LEASE_SECONDS), "--pool-size", "8"]
            environment = {"WANLLMDB_REGISTRY_DATABASE_URL": self._database_url(name)}
            if self.security.keys:
                environment["WANLLMDB_REGISTRY_ADMIN_KEY"] = self.root_key
        else:
            inner = ",".join(self.links[f"suggestion>{one}"].address for one in REGISTRIES)
            arguments += ["--registry", inner, "--registry-timeout", "10"]
            environment = {"WANLLMDB_SUGGESTION_STATE_KEY": self._state_key}
        return ServiceProcess(
            name,
            service,
            port=self._ports[name],
            arguments=arguments,
            environment=environment,
            log_file=self.folder / "logs" / f"{name}.log",
        )

    def _tls_arguments(self, name: str) -> list[str]:
        if not self.security.tls:
            return []
        ca = str(self._authority.file)
        own = self.certificate(name)
        arguments = ["--tls-cert", str(own.cert), "--tls-key", str(own.key)]
        if self.security.mutual:
            arguments += ["--tls-client-ca", ca]
        if name in SUGGESTIONS:
            arguments += ["--registry-tls-ca", ca]
            # With mutual TLS, the suggestion service shows the registry the same certificate as to
            # callers.
            if self.security.mutual:
                arguments += ["--registry-tls-cert", str(own.cert)]
                arguments += ["--registry-tls-key", str(own.key)]
        return arguments

    async def _link(self, name: str, target: int, *, is_http2: bool) -> None:
        proxy = Proxy(name, target, is_http2=is_http2)
        self.links[name] = await self._stack.enter_async_context(proxy)

    def _database_url(self, registry: str) -> str:
        """Return the database URL through the registry's own link."""
        link = self.links[f"{registry}>{POSTGRES}"]
        return self._postgres.url().replace(self._postgres.address, link.address)

    async def _stop_services(self) -> None:
        """Stop all services and kill those that take too long."""
        for process in self.processes.values():
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + 10
        while any(p.is_running for p in self.processes.values()):
            if time.monotonic() > deadline:
                for process in self.processes.values():
                    process.send(signal.SIGKILL)
            await asyncio.sleep(_TICK_SECONDS)

    def _signal(self, name: str, how: signal.Signals) -> None:
        if name != POSTGRES:
            self.processes[name].send(how)
            return
        for process in self._postgres_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)

    def _kill_postgres(self) -> None:
        """Kill the postmaster first, so that it starts no child in the meantime."""
        for process in self._postgres_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _postgres_processes(self) -> list[psutil.Process]:
        """Return the processes of the server that this object started, and no others."""
        found: list[psutil.Process] = []
        if not self._postgres.is_running():
            return found
        for pid in self._postgres.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                postmaster = psutil.Process(pid)
                found += [postmaster, *postmaster.children(recursive=True)]
        return found
