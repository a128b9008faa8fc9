"""A service process that can be killed, frozen and restarted on the same port."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from wanllmdb_local import HOST
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent

READY_SECONDS = 90.0
_TICK_SECONDS = 0.05
# Seconds in which the kernel ends a killed process.
_DEATH_SECONDS = 20.0


class DidNotStartError(Exception):
    """A process does not serve; the message holds its last output."""


class ServiceProcess:
    """One replica. Start it in the main thread: it ends with the thread that started it.

    Args:
        name: The name of the replica, for example `registry-0`.
        service: `registry` or `suggestion`; its package is wanllmdb_SERVICE.
        port: The port on which it listens, also after a restart.
        arguments: Further arguments.
        environment: Variables in addition to this process's own.
        log_file: The file for its output.
    """

    def __init__(
        self,
        name: str,
        service: str,
        *,
        port: int,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
    ) -> None:
        self.name = name
        self.port = port
        self.log_file = log_file
        self.starts = 0
        self._service = service
        self._command = [sys.executable, "-m", f"wanllmdb_{service}"]
        self._command += ["--host", HOST, "--port", str(port), *arguments]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def is_running(self) -> bool:
        """Whether the process is alive, frozen or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the process that ended last; None while it runs."""
        return None if self._process is None else self._process.poll()

    def launch(self) -> None:
        """Start the process; `wait_ready` waits until it serves."""
        with open_log(self.log_file) as log:
            self._log_start = log.tell()
            self._process = start_tied_to_parent(
                self._command, stop_signal=signal.SIGTERM, output=log, env=self._environment
            )
        self.starts += 1

    async def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until the process serves; restart it if it ended because of the database.

        Raises:
            DidNotStartError: The process takes too long.
        """
        deadline = time.monotonic() + seconds
        while not self._says_ready():
            if time.monotonic() > deadline:
                raise DidNotStartError(f"{self.name}: {tail(self.log_file, lines=30)}")
            if not self.is_running:
                await asyncio.sleep(_TICK_SECONDS * 4)
                self.launch()
            await asyncio.sleep(_TICK_SECONDS)

    def send(self, how: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)

    async def wait_dead(self) -> None:
        """Wait until the process has ended."""
        deadline = time.monotonic() + _DEATH_SECONDS
        while self.is_running:
            if time.monotonic() > deadline:
                raise DidNotStartError(f"{self.name} does not end")
            await asyncio.sleep(_TICK_SECONDS / 5)

    def _says_ready(self) -> bool:
        if not self.is_running:
            return False
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return f"ready {self._service} ".encode() in log.read()
