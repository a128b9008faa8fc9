"""Shared fixtures: a real PostgreSQL, and both services over gRPC on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import grpc.aio
import hypothesis
import pytest
import structlog
from pydantic import SecretStr

from tests.registry_stub import RegistryStub
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_local.postgres import create_database, embedded_postgres
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.domain.api_keys.api_key import parse_root_key
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_registry.rpc.services import add_to as add_registry
from wanllmdb_registry.rpc.services import steps_of
from wanllmdb_suggestion.app import SERVICES, running_suggestion
from wanllmdb_suggestion.settings import SuggestionSettings

# No example fails because the machine is busy. `--hypothesis-profile random` uses other examples
# each time. By default the same commit passes or fails every time, so that a result depends only on
# the change.
hypothesis.settings.register_profile(
    "random",
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "repeatable", hypothesis.settings.get_profile("random"), derandomize=True
)
hypothesis.settings.load_profile("repeatable")

# Several test processes share the cores: more threads in each of them would only wait for one
# another. The libraries read this when they are first imported, here and in started programs.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

_names = itertools.count()

LEASE = timedelta(seconds=60)

# The key with which all suggestion services sign sampler states, as replicas do.
STATE_KEY = "5e" * 32

# If a shell starts the tests in the background, they and their child processes ignore Ctrl-C, and
# under nohup SIGHUP. Some tests are about these signals, so this restores their actions.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The services log from this process. Without a stream of its own, a line would go to the current
# sys.stdout, which tests of the command line replace to read its output.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


# Each takes seconds: bounds of time at the largest inputs, and comparisons with Optuna.
SLOW = (
    "tests/unit/registry/test_bounds.py",
    "tests/unit/suggestion/test_distributions_drawn.py",
    "tests/unit/suggestion/test_grid_sampler.py",
    "tests/unit/suggestion/test_hypervolume.py",
    "tests/unit/suggestion/test_importance.py",
    "tests/unit/suggestion/test_optuna_sampler.py",
    "tests/unit/suggestion/test_replay.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make fast` leaves out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        names = vars(item.getparent(pytest.Module).obj)  # type: ignore[union-attr]  # always there
        if "postgres_url" in fixtures or "embedded_postgres" in names:
            item.add_marker(pytest.mark.postgres)
        if {"launcher", "platform", "wanllmdb"} & fixtures or "subprocess" in names:
            item.add_marker(pytest.mark.processes)
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def spools() -> Iterator[Path]:
    """A folder for each test's spool."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def _own_spool(spools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Separate the results that a test's agents cannot deliver from other tests and the user."""
    monkeypatch.setenv("WANLLMDB_SPOOL_DIR", str(spools / str(next(_names))))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for the whole session."""
    with tempfile.TemporaryDirectory() as folder:
        # Under root the server runs as a user of its own, which must be able to enter the folder.
        Path(folder).chmod(0o755)
        with embedded_postgres(Path(folder) / "data") as url:
            _leave_flushing_to_the_system(url)
            yield url


def _leave_flushing_to_the_system(url: str) -> None:
    """Turn fsync off: data is lost only if the machine crashes, not if PostgreSQL does.

    Otherwise the checkpoint at the server's end waits up to 30 seconds for the disk, which all
    workers share.
    """

    async def turn_off() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("ALTER SYSTEM SET fsync = off")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    asyncio.run(turn_off())


@pytest.fixture(scope="session")
def session_database(postgres_url: str) -> str:
    """The database behind `registry_address`."""
    return create_database(postgres_url, "session")


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """An empty database for one test."""
    return create_database(postgres_url, f"test_{next(_names)}")


@contextlib.asynccontextmanager
async def registry_server(
    database_url: str,
    lease: timedelta = LEASE,
    *,
    admin_key: str = "",
    limits: LimitSettings | None = None,
) -> AsyncIterator[str]:
    """Run a registry on the database for the block and yield its address.

    With an admin key, the registry requires keys.
    """
    async with (
        running_registry(
            database_url,
            pool_size=8,
            lease=lease,
            require_keys=bool(admin_key),
            root_key=parse_root_key(admin_key) if admin_key else None,
        ) as registry,
        running_server(
            ServerSettings(port=0, grace=1, drain_delay=0),
            services=REGISTRY_SERVICES,
            register=lambda server: add_registry(server, registry),
            steps=steps_of(registry, limits or LimitSettings()),
            readiness=registry.readiness,
        ) as address,
    ):
        yield address


@pytest.fixture(scope="session")
async def registry_address(session_database: str) -> AsyncIterator[str]:
    """A registry for the whole session: tests share it, each with sweeps of its own."""
    async with registry_server(session_database) as address:
        yield address


@pytest.fixture(scope="session")
async def registry(
    registry_address: str,
) -> AsyncIterator[RegistryStub]:
    """Stubs of the registry."""
    async with grpc.aio.insecure_channel(registry_address) as channel:
        yield RegistryStub(channel)


@contextlib.asynccontextmanager
async def suggestion_server(
    registry_address: str,
    state_key: str = STATE_KEY,
    *,
    max_message_bytes: int = LimitSettings().max_message_bytes,
) -> AsyncIterator[str]:
    """Run a suggestion service on the registry for the block and yield its address."""
    settings = SuggestionSettings(
        port=0,
        grace=1,
        drain_delay=0,
        registry=registry_address,
        state_key=SecretStr(state_key),
        max_message_bytes=max_message_bytes,
    )
    async with (
        running_suggestion(settings) as app,
        running_server(
            settings,
            services=SERVICES,
            register=app.add_to,
            steps=app.steps,
            readiness=app.readiness,
        ) as address,
    ):
        yield address


@pytest.fixture(scope="session")
async def suggestion_address(registry_address: str) -> AsyncIterator[str]:
    """A suggestion service for the whole session."""
    async with suggestion_server(registry_address) as address:
        yield address


@pytest.fixture(scope="session")
async def analysis(
    suggestion_address: str,
) -> AsyncIterator[analysis_grpc.AnalysisServiceAsyncStub]:
    """Stubs of the analysis service."""
    async with grpc.aio.insecure_channel(suggestion_address) as channel:
        yield analysis_grpc.AnalysisServiceStub(channel)


@pytest.fixture(scope="session")
async def suggestion(
    suggestion_address: str,
) -> AsyncIterator[suggestion_grpc.SuggestionServiceAsyncStub]:
    """Stubs of the suggestion service."""
    async with grpc.aio.insecure_channel(suggestion_address) as channel:
        yield suggestion_grpc.SuggestionServiceStub(channel)
