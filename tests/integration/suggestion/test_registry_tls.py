"""TLS between the suggestion service and the registry, and TLS files that are replaced."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from tests.certificates import Authority, CertificateFiles, replace
from tests.conftest import LEASE
from wanllmdb import InvalidArgumentError
from wanllmdb._connection.addresses import REGISTRY, Service, target_of
from wanllmdb._connection.tls import Tls
from wanllmdb_common.errors import UnavailableError
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_common.service_channel import ServiceChannel
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient


def tls_settings(files: CertificateFiles, client_ca: Path | None = None) -> ServerSettings:
    return ServerSettings(
        tls_cert=files.cert, tls_key=files.key, tls_client_ca=client_ca, grace=1, drain_delay=0
    )


async def test_calls_use_mutual_tls_only(database_url: str, tmp_path: Path) -> None:
    ours, clients = Authority(tmp_path), Authority(tmp_path, "clients")
    me = clients.issue("suggestion", file="client")
    async with (
        running_registry(database_url, pool_size=2, lease=LEASE) as registry,
        running_server(
            tls_settings(ours.issue(), clients.file),
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=steps_of(registry, LimitSettings()),
        ) as address,
    ):
        async with RegistryClient(address, 10, Tls(ours.file, me.cert, me.key)) as client:
            assert not (await client.get_caller(CallScope())).keys_required
        for turned_away in (
            None,
            Tls(ours.file),
            Tls(clients.file, me.cert, me.key),
            Tls(ours.file, me.cert, me.key, server_name="elsewhere.example.org"),
        ):
            async with RegistryClient(address, 1, turned_away) as client:
                with pytest.raises(UnavailableError):
                    await client.get_caller(CallScope())


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def problems(logs: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the problems with files and names; other servers in this process log too."""
    found = [line for line in logs if "problem" in line]
    assert all(line["log_level"] == "error" for line in found)
    return [line["problem"] for line in found]


class Channels:
    """Collects the channels that a ServiceChannel opens."""

    def __init__(self) -> None:
        self.all: list[grpc.aio.Channel] = []

    @property
    def newest(self) -> health_pb2_grpc.HealthStub:
        return health_pb2_grpc.HealthStub(self.all[-1])

    async def wait_for_another(self) -> None:
        count = len(self.all)
        await eventually(lambda: len(self.all) > count)


@contextlib.asynccontextmanager
async def watched(address: str, tls: Tls) -> AsyncIterator[Channels]:
    channels = Channels()
    async with ServiceChannel(
        REGISTRY,
        address,
        tls,
        channels.all.append,
        grace=30,
        max_message_bytes=1024,
        interval=0.02,
    ):
        yield channels


# The resolver of names, where the channel finds it.
TARGET_OF = "wanllmdb_common.service_channel.target_of"
ALIVE = health_pb2.HealthCheckRequest()


async def test_a_new_authority_is_trusted_from_the_next_channel_on(tmp_path: Path) -> None:
    ours, new = Authority(tmp_path), Authority(tmp_path, "new")
    files, trusted = ours.issue(), tmp_path / "trusted.pem"
    replace(trusted, ours.file.read_bytes())
    async with (
        running_server(
            tls_settings(files), services=[REGISTRY.full_name], register=lambda _: None
        ) as address,
        watched(address, Tls(trusted)) as channels,
    ):
        watch = channels.newest.Watch(ALIVE)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        fresh = new.issue()
        replace(files.key, fresh.key.read_bytes())
        replace(files.cert, fresh.cert.read_bytes())
        replace(trusted, new.file.read_bytes())
        await channels.wait_for_another()
        await channels.newest.Check(ALIVE, timeout=60)
        # A call that ran before goes on.
        assert not watch.done()
        watch.cancel()


async def test_unusable_files_change_nothing(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    trusted = tmp_path / "trusted.pem"
    replace(trusted, ours.file.read_bytes())
    async with (
        running_server(
            tls_settings(ours.issue()), services=[REGISTRY.full_name], register=lambda _: None
        ) as address,
        watched(address, Tls(trusted)) as channels,
    ):
        with capture_logs() as logs:
            replace(trusted, b"nonsense")
            await eventually(lambda: bool(problems(logs)))
            await asyncio.sleep(0.1)
        (problem,) = problems(logs)
        assert str(trusted) in problem
        assert len(channels.all) == 1
        await channels.newest.Check(ALIVE, timeout=60)
        replace(trusted, ours.file.read_bytes())
        await channels.wait_for_another()
        await channels.newest.Check(ALIVE, timeout=60)


async def test_new_files_are_used_once_the_registry_s_name_resolves_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Authority(tmp_path)

    def does_not_resolve(address: str, _service: Service) -> str:
        raise InvalidArgumentError(f"{address} does not resolve")

    async with watched("127.0.0.1:1", Tls(ours.file)) as channels:
        with capture_logs() as logs:
            monkeypatch.setattr(TARGET_OF, does_not_resolve)
            replace(ours.file, ours.file.read_bytes())
            await eventually(lambda: len(problems(logs)) > 1)
        assert set(problems(logs)) == {"127.0.0.1:1 does not resolve"}
        monkeypatch.setattr(TARGET_OF, target_of)
        await channels.wait_for_another()
