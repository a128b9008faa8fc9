"""`wanllmdb up` as a process: the real services, with a PostgreSQL of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.conformance.runner.certificates import Certificates
from clients.conformance.runner.waiting import WAIT_SECONDS, becomes_true

UP = (sys.executable, "-m", "wanllmdb.cli.main", "up")
_START_SECONDS = 120.0
"""Longer than `up` itself waits for a service, so that its own message is shown."""
_OUTPUT_LINES = 20
"""Lines of the output that are shown of an `up` that is of no use."""


class PlatformError(Exception):
    """`wanllmdb up` does not serve; the message has the end of its output."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A running `wanllmdb up`.

    Attributes:
        process: its process.
        folder: holds its data, its ready file and its output.
        certificates: what it requires of clients, beside a key; None if it requires nothing.
    """

    process: asyncio.subprocess.Process
    folder: Path
    certificates: Certificates | None = None

    @property
    def addresses(self) -> Mapping[str, str]:
        """The variables by which a client finds the services."""
        ready = self._ready()
        return {
            "WANLLMDB_REGISTRY": ready["registry"],
            "WANLLMDB_SUGGESTION": ready["suggestion"],
        }

    @property
    def key_file(self) -> Path:
        """The file with the key that may do everything; there is none if no key is required."""
        return self.folder / "data" / "admin.key"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a client that may do everything."""
        if self.certificates is None:
            return self.addresses
        key = {"WANLLMDB_API_KEY_FILE": str(self.key_file)}
        return {**self.addresses, **self.certificates.environment, **key}

    async def kill(self, service: str) -> None:
        """Send SIGKILL to a service, and wait until its successor answers.

        Raises:
            PlatformError: there is no successor.
        """
        before = self._ready()["pids"][service]
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        async def is_replaced() -> bool:
            # A killed process is listed until its successor answers.
            return bool(self._ready()["pids"][service] != before)

        if not await becomes_true(is_replaced):
            raise self.error(f"no {service} in {WAIT_SECONDS:.0f} s after SIGKILL")

    async def wait_until_ready(self) -> None:
        """Wait until both services answer.

        Raises:
            PlatformError: they do not.
        """

        async def is_ready_or_dead() -> bool:
            return _ready_file(self.folder).exists() or self.process.returncode is not None

        if not await becomes_true(is_ready_or_dead, _START_SECONDS):
            raise self.error(f"not ready in {_START_SECONDS:.0f} s")
        if self.process.returncode is not None:
            raise self.error(f"ended with {self.process.returncode}")

    def error(self, problem: str) -> PlatformError:
        """Return an error with the end of the output."""
        last = _output_file(self.folder).read_text(errors="replace").splitlines()[-_OUTPUT_LINES:]
        return PlatformError("\n".join([f"wanllmdb up: {problem}", *last]))

    def _ready(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(_ready_file(self.folder).read_text())
        return content


@asynccontextmanager
async def platform(*, is_protected: bool = False) -> AsyncIterator[Platform]:
    """Run `wanllmdb up` until the end of the block, and yield it once it is ready.

    Args:
        is_protected: whether it requires keys, and certificates of both sides.

    Raises:
        PlatformError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="wanllmdb-conformance-") as name:
        folder = _open_to_all(Path(name))
        certificates = Certificates(folder) if is_protected else None
        async with _process(folder, certificates) as process:
            running = Platform(process, folder, certificates)
            await running.wait_until_ready()
            yield running


@asynccontextmanager
async def _process(
    folder: Path, certificates: Certificates | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    protection = [] if certificates is None else ["--require-keys", *certificates.arguments]
    with _output_file(folder).open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *UP,
            *("--data-dir", str(folder / "data"), "--ready-file", str(_ready_file(folder))),
            *("--registry-port", "0", "--suggestion-port", "0", "--no-dashboard"),
            *protection,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={k: v for k, v in os.environ.items() if not k.startswith("WANLLMDB_")},
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _open_to_all(folder: Path) -> Path:
    """Let PostgreSQL enter a folder, which root runs as another user; return the folder."""
    folder.chmod(0o711)
    return folder


def _ready_file(folder: Path) -> Path:
    return folder / "ready.json"


def _output_file(folder: Path) -> Path:
    return folder / "output"
