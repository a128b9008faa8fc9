"""A primary PostgreSQL with a synchronous standby, which can be killed and promoted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from tests.integration.registry.own_postgres import OwnPostgres
from tests.ports import free_port
from wanllmdb_local import HOST
from wanllmdb_local import data_dir as layout
from wanllmdb_local.files import open_log
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.postgres_programs import postgres_user, program

SECONDS = 120.0


class PostgresPair:
    """The two servers.

    Every commit on the primary waits until the standby has flushed it. So a promoted standby has
    everything that was acknowledged.

    Attributes:
        primary: The first server.
        url: The address of both.
        standby_url: The address of the second server alone.
    """

    def __init__(self, folder: Path) -> None:
        # Under root the servers run as a user of their own, which must be able to enter the folder.
        folder.chmod(0o755)
        (folder / "first").mkdir()
        self.primary = OwnPostgres(folder / "first")
        self._first_data = folder / "first" / layout.POSTGRES
        self._data = folder / "second" / layout.POSTGRES
        self._user = postgres_user()
        self._port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []
        parts = urlsplit(self.primary.url)
        self._password = unquote(parts.password or "")
        login = parts.netloc.rpartition("@")[0]
        self.standby_url = f"postgresql://{login}@{HOST}:{self._port}{parts.path}"
        self.url = (
            f"postgresql://{login}@{HOST}:{parts.port},{HOST}:{self._port}{parts.path}"
            "?target_session_attrs=read-write"
        )

    async def start_standby(self) -> None:
        """Copy the primary, follow it, and make it wait for the copy with every commit."""
        await asyncio.to_thread(self._copy)
        self._start(self._data, self._port)
        streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        await until_value(self.primary.url, streams, 1)
        await execute(self.primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        await execute(self.primary.url, "SELECT pg_reload_conf()")
        waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        await until_value(self.primary.url, waits, 1)

    async def promote(self) -> None:
        """Make the standby a primary; return once it takes writes."""
        await execute(self.standby_url, "SELECT pg_promote()")

    async def start_first_as_standby(self) -> None:
        """Start the killed primary again, so that it answers and takes no writes."""
        (self._first_data / "standby.signal").touch()
        port = urlsplit(self.primary.url).port
        assert port is not None
        self._start(self._first_data, port)
        await until_value(self.primary.url, "SELECT pg_is_in_recovery()::int", 1)

    def stop(self) -> None:
        """End all that this pair started."""
        for process in self._running:
            process.send_signal(signal.SIGQUIT)
        for process in self._running:
            process.wait(SECONDS)
        with contextlib.suppress(Exception):
            self.primary.stop()

    def _copy(self) -> None:
        self._data.mkdir(mode=0o700, parents=True)
        self._data.parent.chmod(0o755)
        if self._user is not None:
            os.chown(self._data, *_ids(self._first_data))
        parts = urlsplit(self.primary.url)
        command = [
            *(program("pg_basebackup"), "--pgdata", str(self._data), "--checkpoint=fast"),
            *("--host", HOST, "--port", str(parts.port), "--username", str(parts.username)),
            "--write-recovery-conf",
        ]
        process = start_tied_to_parent(
            command,
            stop_signal=signal.SIGTERM,
            output=subprocess.PIPE,
            env={**os.environ, "PGPASSWORD": self._password},
            user=self._user,
        )
        printed, errors = process.communicate()
        assert process.returncode == 0, printed + errors

    def _start(self, data: Path, port: int) -> None:
        with open_log(data.parent / "logs" / "standby.log") as log:
            process = start_tied_to_parent(
                [
                    *(program("postgres"), "-D", str(data), "-c", f"listen_addresses={HOST}"),
                    *("-c", f"port={port}", "-c", "unix_socket_directories="),
                ],
                stop_signal=signal.SIGINT,
                output=log,
                user=self._user,
            )
        self._running.append(process)


def _ids(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


async def until_value(url: str, query: str, wanted: int) -> None:
    """Return once a query returns the value; the server need not answer at first."""
    deadline = time.monotonic() + SECONDS
    while True:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            if await fetch_value(url, query) == wanted:
                return
        assert time.monotonic() < deadline, query
        await asyncio.sleep(0.05)


async def execute(url: str, statement: str) -> None:
    """Execute a statement on a connection of its own."""
    await fetch_value(url, statement)


async def fetch_value(url: str, query: str) -> object:
    """Return the first value of a query on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def postgres_pair() -> AsyncIterator[PostgresPair]:
    """Run both servers for the block."""
    with tempfile.TemporaryDirectory() as name:
        pair = PostgresPair(Path(name))
        try:
            await pair.start_standby()
            yield pair
        finally:
            await asyncio.to_thread(pair.stop)
