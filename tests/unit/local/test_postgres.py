"""The embedded PostgreSQL: its URL, its data over restarts, and obstacles to a start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.e2e.up_process import temporary_data_dir, wait_until
from wanllmdb_local.errors import DataDirError, DataDirInUseError, StartError
from wanllmdb_local.postgres import (
    create_database,
    drop_database,
    embedded_postgres,
    sqlalchemy_url,
)

# Runs a server until it is killed, and says its URL.
HOLDER = """
import sys, time
from wanllmdb_local.postgres import embedded_postgres
with embedded_postgres(sys.argv[1]) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with temporary_data_dir() as folder:
        yield folder


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, str]]:
    """The directory and URL of a running server, for tests that only read."""
    with temporary_data_dir() as folder, embedded_postgres(folder) as url:
        yield folder, url


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data directory with a database, to be copied."""
    with temporary_data_dir() as folder:
        with embedded_postgres(folder):
            pass
        yield folder


@pytest.fixture
def broken(made: Path, data_dir: Path) -> Path:
    """A copy of a complete data directory, to be broken; it is never started."""
    shutil.copytree(made, data_dir)
    return data_dir


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def hold(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("postgresql://")
    return process, url


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


async def test_url_serves_asyncpg_and_sqlalchemy(server: tuple[Path, str]) -> None:
    _, url = server
    assert await fetch(url, "SELECT current_database()") == "wanllmdb"
    engine = create_async_engine(sqlalchemy_url(url))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT 41 + 1"))).scalar_one() == 42
    await engine.dispose()


async def test_data_outlives_the_server_and_so_does_the_url(data_dir: Path) -> None:
    with embedded_postgres(data_dir) as first:
        await fetch(first, "CREATE TABLE kept AS SELECT 7 AS value")
    with embedded_postgres(data_dir) as second:
        assert await fetch(second, "SELECT value FROM kept") == 7
    assert second == first


async def test_every_commit_is_flushed_and_200_may_connect(server: tuple[Path, str]) -> None:
    _, url = server
    assert await fetch(url, "SHOW fsync") == "on"
    assert await fetch(url, "SHOW synchronous_commit") == "on"
    assert await fetch(url, "SHOW full_page_writes") == "on"
    assert await fetch(url, "SHOW max_connections") == "200"


async def test_only_the_password_opens_it_and_only_from_this_machine(
    server: tuple[Path, str],
) -> None:
    folder, url = server
    assert await fetch(url, "SHOW listen_addresses") == "127.0.0.1"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(url.replace("postgres:", "postgres:not-", 1), "SELECT 1")
    assert (folder / "postgres").stat().st_mode & 0o077 == 0


async def test_own_databases_on_one_server(server: tuple[Path, str]) -> None:
    _, url = server
    one = create_database(url, "one")
    await fetch(one, "CREATE TABLE mine AS SELECT 1")
    two = create_database(url, "two")
    assert await fetch(two, "SELECT to_regclass('mine')") is None
    drop_database(one)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch(one, "SELECT 1")
    with pytest.raises(StartError, match="already exists"):
        create_database(url, "two")
    with pytest.raises(ValueError, match="not a database name"):
        create_database(url, 'x"; DROP DATABASE two')


def test_two_on_the_same_directory(server: tuple[Path, str]) -> None:
    folder, _ = server
    with (
        pytest.raises(DataDirInUseError, match=f"in use by process {os.getpid()}"),
        embedded_postgres(folder),
    ):
        pass


async def test_killed_server_and_killed_holder_lose_nothing(data_dir: Path) -> None:
    holder, url = hold(data_dir)
    await fetch(url, "CREATE TABLE kept AS SELECT 7 AS value")
    os.kill(postmaster(data_dir), signal.SIGKILL)
    holder.kill()
    holder.wait()
    # Its pid file is stale now, and its last processes may still be on their way out.
    with embedded_postgres(data_dir) as again:
        assert again == url
        assert await fetch(again, "SELECT value FROM kept") == 7


async def test_server_of_a_killed_holder_ends(data_dir: Path) -> None:
    holder, _url = hold(data_dir)
    server = psutil.Process(postmaster(data_dir))
    holder.kill()
    holder.wait()
    wait_until(lambda: not server.is_running())


async def test_pid_file_whose_id_went_to_another_program(data_dir: Path) -> None:
    with embedded_postgres(data_dir):
        left = (data_dir / "postgres" / "postmaster.pid").read_text()
        owner = (data_dir / "postgres").stat()
    stale = data_dir / "postgres" / "postmaster.pid"
    stale.write_text(left.replace(left.split("\n")[0], str(os.getpid()), 1))
    os.chown(stale, owner.st_uid, owner.st_gid)
    with embedded_postgres(data_dir) as url:
        assert await fetch(url, "SELECT 1") == 1


def test_initdb_that_was_killed_is_done_again(data_dir: Path) -> None:
    starting = subprocess.Popen([sys.executable, "-c", HOLDER, str(data_dir)])
    staging = data_dir / "postgres.initdb"
    wait_until(lambda: (staging / "PG_VERSION").exists())
    children = psutil.Process(starting.pid).children(recursive=True)
    starting.kill()
    starting.wait()
    for child in children:
        # initdb's own children come and go.
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=60)
    assert staging.exists()
    assert not (data_dir / "postgres").exists()
    with embedded_postgres(data_dir):
        assert {file.name for file in data_dir.iterdir()} == {"lock", "logs", "postgres"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("PG_VERSION", None),
        ("PG_VERSION", b""),
        ("global/pg_control", None),
        ("global/pg_control", b"half"),
    ],
)
def test_half_written_database_is_rejected_and_left_alone(
    broken: Path, file: str, content: bytes | None
) -> None:
    target = broken / "postgres" / file
    if content is None:
        target.unlink()
    else:
        target.write_bytes(content)
    before = tree(broken)
    with (
        pytest.raises(DataDirError, match=rf"incomplete: postgres/{file} .*--data-dir"),
        embedded_postgres(broken),
    ):
        pass
    assert tree(broken) == before


def test_database_of_another_version_is_rejected(broken: Path) -> None:
    (broken / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(DataDirError, match="PostgreSQL 12"), embedded_postgres(broken):
        pass


def test_foreign_files_are_rejected_and_left_alone(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "thesis.txt").write_text("all my work")
    with pytest.raises(DataDirError, match=r"not empty.*thesis\.txt"), embedded_postgres(data_dir):
        pass
    assert tree(data_dir) == {"thesis.txt": b"all my work"}


def test_a_file_in_place_of_the_directory(data_dir: Path) -> None:
    data_dir.write_text("")
    with pytest.raises(DataDirError, match="is not a folder"), embedded_postgres(data_dir):
        pass


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files with their contents, except the lock and the log folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != "lock" and "logs" not in file.parts
    }
