"""A real PgBouncer in transaction mode, if it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from tests.ports import free_port
from wanllmdb_local import HOST
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.postgres_programs import hand_over, postgres_user

# Fewer sessions of PostgreSQL than a registry has connections, so that connections share them.
SESSIONS = 2
SECONDS = 60.0


def program() -> str | None:
    """Return the path of PgBouncer; None if it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.asynccontextmanager
async def pgbouncer(url: str) -> AsyncIterator[str]:
    """Run a PgBouncer before the server of `url` for the block, and yield its address."""
    command = program()
    assert command is not None
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        configuration = _configure(Path(name), url, port)
        parts = urlsplit(url)
        login = parts.netloc.rpartition("@")[0]
        pooled = f"postgresql://{login}@{HOST}:{port}{parts.path}"
        process = _started(command, configuration)
        try:
            await _answers(pooled, process)
            yield pooled
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)


def _started(command: str, configuration: Path) -> subprocess.Popen[bytes]:
    return start_tied_to_parent(
        [command, "--quiet", str(configuration)],
        stop_signal=signal.SIGINT,
        output=sys.stderr.buffer,
        user=postgres_user(),
    )


def _configure(folder: Path, url: str, port: int) -> Path:
    parts = urlsplit(url)
    users = folder / "users.txt"
    users.write_text(f'"{parts.username}" "{unquote(parts.password or "")}"\n')
    users.chmod(0o600)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"""
        [databases]
        * = host={parts.hostname} port={parts.port}
        [pgbouncer]
        listen_addr = {HOST}
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {users}
        pool_mode = transaction
        default_pool_size = {SESSIONS}
        max_client_conn = 200
        """.replace("        ", "")
    )
    user = postgres_user()
    if user is not None:
        folder.chmod(0o755)
        hand_over(users, user)
    return configuration


async def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        assert process.poll() is None, "PgBouncer ended"
        assert time.monotonic() < deadline
        with contextlib.suppress(OSError):
            connection = await asyncpg.connect(url, statement_cache_size=0)
            await connection.close()
            return
        await asyncio.sleep(0.05)
