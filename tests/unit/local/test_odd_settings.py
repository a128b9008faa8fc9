"""A server with senseless settings prints one line and exits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import asyncpg
import pytest

URL = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("service", "variable", "value", "word"),
    [
        ("registry", "DATABASE_URL", f"{URL}?port=zz", "--database-url"),
        ("registry", "DATABASE_URL", f"{URL}?sslmode=nonsense", "--database-url"),
        ("registry", "DATABASE_URL", os.fsdecode(b"\xff\xfe"), "--database-url"),
        ("registry", "DATABASE_URL", "", "--database-url"),
        ("registry", "ADMIN_KEY", os.fsdecode(b"\xff"), "--admin-key"),
        ("registry", "METRICS_PORT", os.fsdecode(b"\xff"), "--metrics-port"),
        ("registry", "GRACE", "inf", "--grace"),
        ("registry", "DRAIN_DELAY", "nan", "--drain-delay"),
        ("suggestion", "REGISTRY", os.fsdecode(b"\xff"), "--registry"),
        ("suggestion", "REGISTRY_TIMEOUT", "inf", "--registry-timeout"),
        ("suggestion", "SAMPLING_BUDGET", "inf", "--sampling-budget"),
        ("suggestion", "STATE_KEY", os.fsdecode(b"\xff"), "--state-key"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line(
    service: str, variable: str, value: str, word: str
) -> None:
    settings = {"WANLLMDB_REGISTRY_DATABASE_URL": URL}
    settings[f"WANLLMDB_{service.upper()}_{variable}"] = value
    done = subprocess.run(
        [sys.executable, "-m", f"wanllmdb_{service}", "--port", "0"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"wanllmdb-{service}: {word}: ")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE sweeps (a int)",
        "CREATE TABLE alembic_version (a int)",
        "CREATE TABLE alembic_version AS SELECT unnest('{x,y}'::text[]) AS version_num",
    ],
)
async def test_tables_of_another_program_are_said_and_left_alone(
    database_url: str, statement: str
) -> None:
    connection = await asyncpg.connect(database_url)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    try:
        await connection.execute(statement)
        before = await connection.fetchval(tables)
        settings = os.environ | {"WANLLMDB_REGISTRY_DATABASE_URL": database_url}
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wanllmdb_registry", "--port", "0", "--log-level", "error"),
            env=settings,
            stderr=subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(server.communicate(), 60)
        assert server.returncode == 2, said
        (line,) = said.decode().strip().splitlines()
        assert "the database has tables of another program" in line
        assert await connection.fetchval(tables) == before
    finally:
        await connection.close()
