"""A database that is unavailable when a registry starts, or later."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import grpc.aio
import pytest
from grpc import StatusCode
from sqlalchemy import text

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.registry_stub import RegistryStub
from tests.sweeps import create_runs, create_sweep, finish_run, proposal
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2
from wanllmdb_local.postgres import EmbeddedPostgres
from wanllmdb_registry.store.database import Database


def start_registry(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wanllmdb_registry", "--port", "0", "--database-url", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_database_that_rejects_connections_is_reported_with_the_reason(database_url: str) -> None:
    parts = urlsplit(database_url)
    missing = start_registry(urlunsplit(parts._replace(path="/nothere")))
    assert missing.returncode == 1
    assert 'database "nothere" does not exist' in missing.stderr
    wrong = parts._replace(netloc=f"postgres:wrong@{parts.hostname}:{parts.port}")
    refusing = start_registry(urlunsplit(wrong))
    assert refusing.returncode == 1
    assert "password authentication failed" in refusing.stderr
    for output in (missing.stderr, refusing.stderr):
        assert "--database-url" in output
        assert "Traceback" not in output
        assert (parts.password or "") not in output


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/name",
        "nonsense",
        "postgresql://...",
        "postgresql://user:s3cret@host:port/name",
    ],
)
def test_an_address_that_is_none_is_rejected_as_a_setting(url: str) -> None:
    refused_url = start_registry(url)
    assert refused_url.returncode == 2
    assert refused_url.stderr.startswith("wanllmdb-registry: --database-url: ")
    assert "s3cret" not in refused_url.stderr


@pytest.mark.parametrize("option", ["sslmode=always", "no_such_setting=1", "ssl=require"])
def test_an_option_of_the_address_that_is_none_is_rejected_as_a_setting(
    option: str, database_url: str
) -> None:
    refused_url = start_registry(f"{database_url}?{option}")
    assert refused_url.returncode == 2
    assert refused_url.stderr.startswith("wanllmdb-registry: --database-url: ")
    assert option.partition("=")[0] in refused_url.stderr
    assert (urlsplit(database_url).password or "") not in refused_url.stderr


async def test_the_options_of_an_address_hold_for_every_connection(database_url: str) -> None:
    url = f"{database_url}?sslmode=disable&application_name=sweeps&options=-c%20work_mem%3D5MB"
    database = Database(url)
    try:
        async with database.read() as trials, database.list() as lists:
            settings = "SELECT current_setting('application_name'), current_setting('work_mem')"
            assert [tuple(row) for row in await trials.fetch(settings)] == [("sweeps", "5MB")]
            assert tuple((await lists.execute(text(settings))).one()) == ("sweeps", "5MB")
    finally:
        await database.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, which pytest's are not under root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        data = Path(name) / "data"
        data.mkdir()
        yield data


async def test_an_outage_is_reported_and_the_database_used_again_afterwards(
    folder: Path,
) -> None:
    postgres = EmbeddedPostgres(folder)
    await asyncio.to_thread(postgres.start)
    try:
        async with (
            registry_server(postgres.url()) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            registry = RegistryStub(channel)
            sweep = await create_sweep(registry)
            (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
            await asyncio.to_thread(postgres.stop)
            with rpc_fails(StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as failure:
                await finish_run(registry, run, 1.0)
            assert "postgres" not in failure.message.lower()
            with rpc_fails(StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
                await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
            with rpc_fails(StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE"):
                await registry.ListSweeps(sweep_list_pb2.ListSweepsRequest())
            await asyncio.to_thread(postgres.start)
            done = await finish_run(registry, run, 1.0)
            assert done.best_run.objective == 1.0
            listed = await registry.ListSweeps(sweep_list_pb2.ListSweepsRequest())
            assert [s.sweep_id for s in listed.sweeps] == [sweep.sweep_id]
    finally:
        await asyncio.to_thread(postgres.stop)
