"""A PostgreSQL server for a single test, which can be stopped, frozen and killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from wanllmdb_local.postgres import EmbeddedPostgres


class OwnPostgres:
    """A PostgreSQL server and all its processes."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder)
        self._server.start()
        self.url = self._server.url()

    def _processes(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self._server.pids[0])
        return [postmaster, *postmaster.children(recursive=True)]

    def freeze(self) -> None:
        """Suspend all its processes; connections stay open and silent."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """Let all its processes continue."""
        for process in self._processes():
            process.resume()

    def stop(self) -> None:
        """Stop the server; running statements fail."""
        self._server.stop()

    def kill(self) -> None:
        """Kill the server, as a crash of its machine would."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        # Until it is waited for, its pid counts as that of a running server.
        while self._server.is_running():
            time.sleep(0.01)

    async def start_again(self) -> None:
        """Start the server after `stop` or `kill`, and return once it accepts connections."""
        deadline = time.monotonic() + 60
        await asyncio.to_thread(self._server.restart)
        while not self._server.is_ready():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


@contextlib.contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run a server for the block, in a folder that PostgreSQL's own user can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "data"
        folder.mkdir()
        postgres = OwnPostgres(folder)
        try:
            yield postgres
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                postgres.thaw()
            postgres.stop()
