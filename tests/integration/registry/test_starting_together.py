"""Replicas of one version, or of several, that start on one database."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.integration.registry.test_migrations import differences
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import LATEST, NewerDatabaseError, migrate


@pytest.mark.parametrize("present", ["0001", "0002", "0003"])
async def test_ten_replicas_may_start_at_once_on_an_older_database(
    database_url: str, present: str
) -> None:
    async def start() -> None:
        async with running_registry(database_url, pool_size=1, lease=timedelta(seconds=60)):
            pass

    database = Database(database_url)
    await migrate(database, present)
    await asyncio.gather(*(start() for _ in range(10)))
    async with database.migration() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_a_replica_that_is_older_than_the_database_says_so(database_url: str) -> None:
    """A newer replica may have started first and changed the tables."""
    database = Database(database_url)
    await migrate(database)
    async with database.migration() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabaseError, match="9999"):
        await migrate(database)
    await database.close()
    for flags in (("--port", "0"), ("--migrate-only",)):
        started = await _run_registry(*flags, "--database-url", database_url)
        assert started.returncode == 2
        (line,) = [line for line in started.stderr.splitlines() if "newer" in line]
        assert "9999" in line
        assert "Traceback" not in started.stderr


async def test_one_that_only_migrates_ends_with_the_tables_up_to_date(database_url: str) -> None:
    """As a job before an upgrade; the second finds nothing to do."""
    database = Database(database_url)
    await migrate(database, "0003")
    for _ in range(2):
        # Nothing listens on the host, so it needs no TLS.
        ended = await _run_registry(
            "--migrate-only", "--host", "0.0.0.0", "--database-url", database_url
        )
        assert (ended.returncode, ended.stdout) == (0, f"migrated registry {LATEST}\n")
        async with database.migration() as connection:
            assert await connection.run_sync(differences) == []
    await database.close()


async def test_one_that_only_migrates_fails_without_a_database() -> None:
    url = "postgresql://user:s3cret@127.0.0.1:1/none"
    ended = await _run_registry("--migrate-only", "--database-url", url)
    assert ended.returncode == 1
    assert "cannot use the database" in ended.stderr
    assert "s3cret" not in ended.stderr
    assert ended.stdout == ""


async def _run_registry(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "wanllmdb_registry", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
