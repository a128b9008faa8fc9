"""The real thing under test: PostgreSQL, replicas of both services, and a network between them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.robustness.processes import DidNotStartError, ServiceProcess
from tests.robustness.proxy import Proxy
from wanllmdb_local import data_dir as layout
from wanllmdb_local.log_files import tail
from wanllmdb_local.ports import HOST
from wanllmdb_local.postgres import EmbeddedPostgres

# What a run is held for without a heartbeat: short, so that many are lost.
LEASE_SECONDS = 2.0

POSTGRES = "postgres"
REGISTRIES = ("registry-0", "registry-1")
SUGGESTIONS = ("suggestion-0", "suggestion-1")
SERVICES = (*REGISTRIES, *SUGGESTIONS)

# Links by name: from whom, to whom.
AGENT_LINKS = tuple(f"agents>{name}" for name in SERVICES)
INNER_LINKS = tuple(f"suggestion>{name}" for name in REGISTRIES)
DATABASE_LINKS = tuple(f"{name}>{POSTGRES}" for name in REGISTRIES)
LINKS = (*AGENT_LINKS, *INNER_LINKS, *DATABASE_LINKS)

_TICK_SECONDS = 0.02
_POSTGRES_SECONDS = 60.0

# What callers are not told stands in the logs.
_DEFECT = "unexpected error"


class Platform:
    """Two replicas of each service over one PostgreSQL; use it as an async context manager.

    Agents reach replicas through `links["agents>NAME"]`. Must be used in the main thread.

    Args:
        folder: Takes data and logs; any user of the machine must be able to enter it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.links: dict[str, Proxy] = {}
        self.processes: dict[str, ServiceProcess] = {}
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
        """Where agents reach a replica."""
        return self.links[f"agents>{name}"].address

    async def kill(self, names: Sequence[str]) -> None:
        """SIGKILL to all of them at once, and waits for their end."""
        for name in names:
            if name == POSTGRES:
                self._kill_postgres()
            else:
                self.processes[name].send(signal.SIGKILL)
        for name in names:
            if name != POSTGRES:
                await self.processes[name].wait_dead()

    async def start(self, names: Sequence[str]) -> None:
        """Starts them again, PostgreSQL first, and waits until they serve."""
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
        """SIGSTOP; PostgreSQL with all its processes."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        self._signal(name, signal.SIGCONT)

    async def heal(self) -> None:
        """Everything runs, serves and is well connected."""
        for proxy in self.links.values():
            proxy.clear()
        for name in (POSTGRES, *SERVICES):
            self.thaw(name)
        away = [name for name in SERVICES if not self.processes[name].is_running]
        if not self._postgres.is_running():
            away.insert(0, POSTGRES)
        await self.start(away)

    def defects(self) -> list[str]:
        """The lines of the services' logs that tell of INTERNAL errors, with their place."""
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
        ports = _free_ports(len(SERVICES))
        self._stack.push_async_callback(self._stop_services)
        database = int(self._postgres.address.rpartition(":")[2])
        for name in REGISTRIES:
            await self._link(f"{name}>{POSTGRES}", database, is_http2=False)
        for name, port in zip(SERVICES, ports, strict=True):
            await self._link(f"agents>{name}", port, is_http2=True)
            if name in REGISTRIES:
                await self._link(f"suggestion>{name}", port, is_http2=True)
        inner = ",".join(self.links[f"suggestion>{name}"].address for name in REGISTRIES)
        key = secrets.token_hex(32)
        for name, port in zip(SERVICES, ports, strict=True):
            service = name.partition("-")[0]
            is_registry = service == "registry"
            arguments = ["--log-level", "warning", "--grace", "1"]
            if is_registry:
                arguments += ["--lease-seconds", str(LEASE_SECONDS), "--pool-size", "8"]
                environment = {"WANLLMDB_REGISTRY_DATABASE_URL": self._database_url(name)}
            else:
                arguments += ["--registry", f"ipv4:{inner}", "--registry-timeout", "10"]
                environment = {"WANLLMDB_SUGGESTION_STATE_KEY": key}
            process = ServiceProcess(
                name,
                service,
                port=port,
                arguments=arguments,
                environment=environment,
                log_file=self.folder / "logs" / f"{name}.log",
            )
            self.processes[name] = process
            process.launch()
        for process in self.processes.values():
            await process.wait_ready()

    async def _link(self, name: str, target: int, *, is_http2: bool) -> None:
        proxy = Proxy(name, target, is_http2=is_http2)
        self.links[name] = await self._stack.enter_async_context(proxy)

    def _database_url(self, registry: str) -> str:
        """Through the registry's own link."""
        link = self.links[f"{registry}>{POSTGRES}"]
        return self._postgres.url().replace(self._postgres.address, link.address)

    async def _stop_services(self) -> None:
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
        """The postmaster first, so that it starts no child meanwhile."""
        for process in self._postgres_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _postgres_processes(self) -> list[psutil.Process]:
        """Of the server that this object started, and nobody else's."""
        found: list[psutil.Process] = []
        if not self._postgres.is_running():
            return found
        for pid in self._postgres.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                postmaster = psutil.Process(pid)
                found += [postmaster, *postmaster.children(recursive=True)]
        return found


def _free_ports(count: int) -> list[int]:
    """Different ones, as they are held at once while choosing."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
