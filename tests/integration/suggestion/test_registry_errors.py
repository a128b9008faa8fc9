"""Both services report an unavailable dependency with the same message, and at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import grpc
import grpc.aio
import pytest

from tests.certificates import Authority
from tests.conftest import LEASE, registry_server, suggestion_server
from tests.errors import RpcFailure, rpc_fails
from tests.integration.suggestion.sweeps import SPACE, new_id
from tests.registry_stub import RegistryStub
from wanllmdb._connection.tls import Tls
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as apb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.errors import UnavailableError
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient

# Less than a service needs to report an outage after it has retried for seconds.
PATIENCE = 4.0

_roles = itertools.count()


@dataclass
class OwnRole:
    """A role with a database, whose access the test can break."""

    server: str
    url: str
    name: str

    async def spoil(self, *statements: str) -> None:
        """Execute statements as the operator and end the role's connections."""
        operator = await asyncpg.connect(self.server)
        try:
            if any("RENAME" in statement for statement in statements):
                # The statement fails while a client is connected.
                await operator.execute(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
                await self._end_connections(operator)
            for statement in statements:
                await operator.execute(statement.format(name=self.name))
            await self._end_connections(operator)
        finally:
            await operator.close()

    async def _end_connections(self, operator: asyncpg.Connection[asyncpg.Record]) -> None:
        """End them all, also one that was authenticated before and shows its role only now."""
        its_own = f"usename = '{self.name}'"
        ending = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {its_own}"
        left = f"SELECT count(*) FROM pg_stat_activity WHERE {its_own} OR state = 'starting'"
        while await operator.fetchval(left):
            await operator.execute(ending)


@pytest.fixture
async def role(postgres_url: str) -> OwnRole:
    name = f"role_{next(_roles)}"
    operator = await asyncpg.connect(postgres_url)
    try:
        await operator.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'good'")
        await operator.execute(f"CREATE DATABASE {name}")
        await operator.execute(f"GRANT CONNECT ON DATABASE {name} TO {name}")
        await operator.execute(f"GRANT ALL ON DATABASE {name} TO {name}")
    finally:
        await operator.close()
    parts = urlsplit(postgres_url)
    server = urlunsplit(parts._replace(path=f"/{name}"))
    operator = await asyncpg.connect(server)
    try:
        await operator.execute(f"GRANT ALL ON SCHEMA public TO {name}")
    finally:
        await operator.close()
    own = parts._replace(netloc=f"{name}:good@{parts.hostname}:{parts.port}", path=f"/{name}")
    return OwnRole(postgres_url, urlunsplit(own), name)


@dataclass
class Stubs:
    registry: RegistryStub
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub
    analysis: analysis_grpc.AnalysisServiceAsyncStub

    def calls(self, sweep_id: str) -> dict[str, Callable[[], Awaitable[object]]]:
        """Return calls of the suggestion service that need the registry."""
        return {
            "Suggest": lambda: self.suggestion.Suggest(
                pb.SuggestRequest(sweep_id=sweep_id, agent_id="a"), timeout=PATIENCE
            ),
            "ShouldStop": lambda: self.suggestion.ShouldStop(
                pb.ShouldStopRequest(sweep_id=sweep_id, number=0), timeout=PATIENCE
            ),
            "GetBestRuns": lambda: self.suggestion.GetBestRuns(
                pb.GetBestRunsRequest(sweep_id=sweep_id), timeout=PATIENCE
            ),
            "GetOptimizationHistory": lambda: self.analysis.GetOptimizationHistory(
                apb.GetOptimizationHistoryRequest(sweep_id=sweep_id), timeout=PATIENCE
            ),
        }

    def get_sweep(self, sweep_id: str) -> Awaitable[object]:
        return self.registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id), timeout=PATIENCE)

    async def create_sweep(self) -> str:
        text = (
            f"method: random\nmetric: {{name: loss, goal: minimize}}\nparameters:{SPACE}\n"
            "early_terminate: {type: hyperband, min_iter: 1}"
        )
        created = await self.registry.CreateSweep(
            rpb.CreateSweepRequest(config_text=rpb.ConfigText(text=text), request_id=new_id())
        )
        return created.sweep.sweep_id


@contextlib.asynccontextmanager
async def stubs_of(registry: str, suggestion: str) -> AsyncIterator[Stubs]:
    async with (
        grpc.aio.insecure_channel(registry) as to_registry,
        grpc.aio.insecure_channel(suggestion) as to_suggestion,
    ):
        yield Stubs(
            RegistryStub(to_registry),
            suggestion_grpc.SuggestionServiceStub(to_suggestion),
            analysis_grpc.AnalysisServiceStub(to_suggestion),
        )


async def errors_of_calls(
    calls: dict[str, Callable[[], Awaitable[object]]], code: grpc.StatusCode, reason: str
) -> dict[str, RpcFailure]:
    told = {}
    for name, call in calls.items():
        with rpc_fails(code, reason) as rejection:
            await call()
        told[name] = rejection
    return told


@pytest.mark.parametrize(
    "statements",
    [
        ("ALTER ROLE {name} PASSWORD 'another'",),
        ("ALTER ROLE {name} NOLOGIN",),
        ("ALTER ROLE {name} CONNECTION LIMIT 0",),
        ("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC, {name}",),
        ("ALTER DATABASE {name} RENAME TO {name}_elsewhere",),
        ("ALTER DATABASE {name} ALLOW_CONNECTIONS false",),
    ],
    ids=[
        "password refused",
        "no login",
        "too many clients",
        "no right to connect",
        "no such database",
        "takes no connections",
    ],
)
async def test_both_services_report_the_same_error_of_the_database(
    role: OwnRole, statements: tuple[str, ...]
) -> None:
    async with (
        registry_server(role.url) as registry,
        suggestion_server(registry) as suggestion,
        stubs_of(registry, suggestion) as stubs,
    ):
        warm, cold = await stubs.create_sweep(), await stubs.create_sweep()
        await stubs.calls(warm)["Suggest"]()
        await role.spoil(*statements)
        with rpc_fails(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE") as by_registry:
            await stubs.get_sweep(warm)
        for sweep_id in (warm, cold):
            told = await errors_of_calls(
                stubs.calls(sweep_id), by_registry.code, by_registry.reason
            )
            assert {rejection.message for rejection in told.values()} == {by_registry.message}


async def test_both_services_report_a_missing_key_alike(database_url: str) -> None:
    async with (
        registry_server(database_url, admin_key="wsk_root_" + "k" * 43) as registry,
        suggestion_server(registry) as suggestion,
        stubs_of(registry, suggestion) as stubs,
    ):
        with rpc_fails(grpc.StatusCode.UNAUTHENTICATED, "KEY_MISSING") as by_registry:
            await stubs.get_sweep("nosuchsweep0")
        told = await errors_of_calls(
            stubs.calls("nosuchsweep0"), by_registry.code, by_registry.reason
        )
        assert {rejection.message for rejection in told.values()} == {by_registry.message}


async def test_an_unavailable_registry_is_reported_before_a_short_deadline(
    database_url: str,
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with registry_server(database_url) as registry:
            suggestion = await stack.enter_async_context(suggestion_server(registry))
            stubs = await stack.enter_async_context(stubs_of(registry, suggestion))
            warm, cold = await stubs.create_sweep(), await stubs.create_sweep()
            await stubs.calls(warm)["Suggest"]()
        for sweep_id in (warm, cold):
            told = await errors_of_calls(
                stubs.calls(sweep_id), grpc.StatusCode.UNAVAILABLE, "REGISTRY_UNAVAILABLE"
            )
            assert {rejection.message for rejection in told.values()} == {
                f"the registry at {registry} does not answer; retry the same request"
            }


async def test_a_tls_mismatch_between_the_services_is_reported(
    database_url: str, tmp_path: Path
) -> None:
    ours, others = Authority(tmp_path), Authority(tmp_path, "others")
    files = ours.issue()
    async with running_registry(database_url, pool_size=2, lease=LEASE) as registry:
        for settings, tls in (
            (ServerSettings(tls_cert=files.cert, tls_key=files.key, grace=1), Tls(others.file)),
            (
                ServerSettings(tls_cert=files.cert, tls_key=files.key, grace=1),
                Tls(ours.file, server_name="another.example.org"),
            ),
            (ServerSettings(port=0, grace=1), Tls(ours.file)),
        ):
            async with (
                running_server(
                    settings.model_copy(update={"port": 0, "drain_delay": 0.0}),
                    services=SERVICES,
                    register=lambda server: add_to(server, registry),
                    steps=steps_of(registry, LimitSettings()),
                ) as address,
                RegistryClient(address, 10, tls) as client,
            ):
                with pytest.raises(UnavailableError, match="can't establish TLS") as told:
                    await asyncio.wait_for(client.get_caller(CallScope()), 30)
                assert told.value.reason == "REGISTRY_UNAVAILABLE"
                assert "--registry-tls-ca" in told.value.message
