"""The addresses that a server listens on."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from tests.ports import free_port
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.listening import PortTakenError
from wanllmdb_common.server.settings import ServerSettings


def quick(**settings: object) -> ServerSettings:
    return ServerSettings.model_validate({"grace": 1, "drain_delay": 0, **settings})


async def answers(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=60
        )
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]"])
async def test_on_a_loopback_address(host: str) -> None:
    async with running_server(quick(host=host), services=[], register=lambda _: None) as address:
        assert await answers(address)


async def test_on_a_unix_socket() -> None:
    # A socket's path may have 107 bytes at most; pytest's folders have longer ones.
    with tempfile.TemporaryDirectory() as folder:
        host = f"unix:{folder}/registry.sock"
        settings = quick(host=host)
        async with running_server(settings, services=[], register=lambda _: None) as address:
            assert address == host
            assert await answers(address)


async def test_on_a_second_port_of_this_machine() -> None:
    port = free_port()
    settings = quick(local_port=port)
    async with running_server(settings, services=[], register=lambda _: None) as address:
        assert await answers(address)
        assert await answers(f"127.0.0.1:{port}")


@pytest.mark.parametrize("option", ["--port", "--local-port", "--health-port"])
async def test_a_taken_port_is_reported_with_its_option(option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        name = option.removeprefix("--").replace("-", "_")
        with pytest.raises(PortTakenError, match=f"can't listen on 127.0.0.1:{port}.*{option}"):
            async with running_server(quick(**{name: port}), services=[], register=lambda _: None):
                pass


async def test_a_socket_in_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PortTakenError, match="folder is missing"):
        async with running_server(
            quick(host="unix:/nowhere/registry.sock"), services=[], register=lambda _: None
        ):
            pass


async def test_who_listens_to_the_world_unprotected_is_warned() -> None:
    with capture_logs() as logs:
        async with running_server(
            quick(host="0.0.0.0", insecure=True), services=[], register=lambda _: None
        ):
            pass
    (line,) = [entry for entry in logs if "missing" in entry]
    assert line["log_level"] == "warning"
    assert line["missing"] == ["TLS (--tls-cert and --tls-key)"]
