"""Two replicas of each service, which are replaced one by one as docs/operations.md describes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from tests.ports import free_ports
from tests.robustness.processes import ServiceProcess
from tests.upgrade.versions import Version
from wanllmdb_local import HOST

REGISTRIES = ("registry-0", "registry-1")
SUGGESTIONS = ("suggestion-0", "suggestion-1")
SERVICES = (*REGISTRIES, *SUGGESTIONS)
READY_SECONDS = 300.0
# The log line of a call that was answered INTERNAL, or of a background task that failed.
_DEFECT = "unexpected error"
_TICK_SECONDS = 0.05


class Replicas:
    """The replicas of both services on one database.

    Attributes:
        problems: What was wrong with a process: its exit code, an unplanned start, its log.
        calls: How many calls the services answered, by status code. Calls between the last
            reading of a replica's metrics and its end are missing.
    """

    def __init__(self, database_url: str, folder: Path) -> None:
        self.problems: list[str] = []
        self.calls = Counter[str]()
        self._database_url = database_url
        self._folder = folder
        self._state_key = secrets.token_hex(32)
        ports = free_ports(2 * len(SERVICES))
        self._ports = dict(zip(SERVICES, ports, strict=False))
        self._metrics_ports = dict(zip(SERVICES, ports[len(SERVICES) :], strict=True))
        self._processes: dict[str, ServiceProcess] = {}

    def addresses(self, names: tuple[str, ...]) -> str:
        """Return the addresses of replicas as clients take them."""
        return ",".join(f"{HOST}:{self._ports[name]}" for name in names)

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which clients reach the services."""
        return {
            "WANLLMDB_REGISTRY": self.addresses(REGISTRIES),
            "WANLLMDB_SUGGESTION": self.addresses(SUGGESTIONS),
        }

    @contextlib.asynccontextmanager
    async def running(self, version: Version) -> AsyncIterator[None]:
        """Run every replica within the block, at first of this version."""
        try:
            for name in SERVICES:
                await self._start(name, version)
            yield
        finally:
            for name in reversed(SERVICES):
                await self._end(name)

    async def replace(self, name: str, version: Version) -> float:
        """Drain a replica and start another version on its port; return the seconds it took."""
        began = time.monotonic()
        await self._end(name)
        await self._start(name, version)
        return time.monotonic() - began

    def last_lines(self) -> list[str]:
        """Return the end of each replica's log."""
        return [
            f"{file.name}: {line}"
            for file in sorted(self._folder.glob("*-[01]*.log"))
            for line in file.read_text(errors="replace").splitlines()[-20:]
        ]

    def migrate(self, version: Version) -> float:
        """Bring the tables up to date with `--migrate-only`; return the seconds it took."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "wanllmdb_registry", "--migrate-only"],
            env=os.environ | self._environment("registry", version),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self.problems.append(f"--migrate-only: {(done.stdout + done.stderr).strip()}")
        return time.monotonic() - began

    async def _start(self, name: str, version: Version) -> None:
        service = name.partition("-")[0]
        arguments = ["--log-level", "warning", "--metrics-port", str(self._metrics_ports[name])]
        if service == "suggestion":
            arguments += ["--registry", self.addresses(REGISTRIES)]
        process = ServiceProcess(
            name,
            service,
            port=self._ports[name],
            arguments=arguments,
            environment=self._environment(service, version),
            log_file=self._folder / f"{name}.log",
        )
        process.launch()
        self._processes[name] = process
        await process.wait_ready(READY_SECONDS)
        await self._wait_until_ready(name)

    def _environment(self, service: str, version: Version) -> dict[str, str]:
        own = (
            {"WANLLMDB_REGISTRY_DATABASE_URL": self._database_url}
            if service == "registry"
            else {"WANLLMDB_SUGGESTION_STATE_KEY": self._state_key}
        )
        return version.environment | own

    async def _wait_until_ready(self, name: str) -> None:
        """Wait until `readiness` reports SERVING."""
        request = health_pb2.HealthCheckRequest(service="readiness")
        async with (
            asyncio.timeout(READY_SECONDS),
            grpc.aio.insecure_channel(f"{HOST}:{self._ports[name]}") as channel,
        ):
            health = health_pb2_grpc.HealthStub(channel)
            while True:
                answer = await health.Check(request, wait_for_ready=True)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
                await asyncio.sleep(_TICK_SECONDS)

    async def _end(self, name: str) -> None:
        """Drain a replica, and note what was wrong with it."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        with contextlib.suppress(OSError):
            for code, count in await asyncio.to_thread(_calls_by_code, self._metrics_ports[name]):
                self.calls[code] += count
        process.send(signal.SIGTERM)
        await process.wait_dead()
        if process.exit_code != 0:
            self.problems.append(f"{name} ended with code {process.exit_code}")
        if process.starts != 1:
            self.problems.append(f"{name} was started {process.starts} times")
        log = process.log_file.read_text(errors="replace").splitlines()
        self.problems += [f"{name}: {line}" for line in log if _DEFECT in line]
        # Each line is reported once.
        process.log_file.rename(process.log_file.with_suffix(f".{time.time():.0f}.log"))


def _calls_by_code(port: int) -> Iterator[tuple[str, int]]:
    with urlopen(f"http://{HOST}:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "wanllmdb_rpcs_total":
                yield sample.labels["code"], int(sample.value)
