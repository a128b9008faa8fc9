"""Both services as processes over one database: killed, and started again on their ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from tests.conftest import STATE_KEY
from tests.ports import free_port

SECONDS = 60.0


@dataclass
class KillableService:
    """A service that uses the same port each time it is started."""

    module: str
    flags: tuple[str, ...]
    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    log: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when it answers."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self.module, "--port", str(self.port), *self.flags),
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        assert self.process.stdout is not None
        ready = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        if not ready.startswith(b"ready"):
            self.log.seek(0)
            raise AssertionError(f"{self.module} ended: {self.log.read().decode()}")

    async def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
            self.process = None


@dataclass
class KillableServices:
    """The registry and the suggestion service."""

    registry: KillableService
    suggestion: KillableService

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that uses them."""
        return os.environ | {
            "WANLLMDB_REGISTRY": self.registry.address,
            "WANLLMDB_SUGGESTION": self.suggestion.address,
            "PYTHONUNBUFFERED": "1",
        }

    async def kill(self) -> None:
        await asyncio.gather(self.registry.kill(), self.suggestion.kill())

    async def start(self) -> None:
        """Starts those that do not run."""
        for service in (self.registry, self.suggestion):
            if service.process is None:
                await service.start()


@contextlib.asynccontextmanager
async def killable_services(
    database_url: str, *, lease_seconds: float = 60.0
) -> AsyncIterator[KillableServices]:
    """Both services, running within the block."""
    registry = KillableService(
        "wanllmdb_registry",
        ("--lease-seconds", f"{lease_seconds:g}"),
        {"WANLLMDB_REGISTRY_DATABASE_URL": database_url},
    )
    suggestion = KillableService(
        "wanllmdb_suggestion",
        ("--registry", registry.address),
        {"WANLLMDB_SUGGESTION_STATE_KEY": STATE_KEY},
    )
    services = KillableServices(registry, suggestion)
    try:
        await services.start()
        yield services
    finally:
        await services.kill()
