"""Calls that gRPC's own clients refuse to send, as HTTP/2 frames."""

from __future__ import annotations

from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from tests.conftest import registry_server
from tests.integration.operations.server_process import registry
from tests.raw_http2 import framed, raw_connection
from tests.security_table.keys import new_secret

LIST = "/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps"


async def test_a_proper_call_is_answered(registry_address: str) -> None:
    async with raw_connection(registry_address) as connection:
        answer = await connection.call(LIST, b"")
    assert answer.code is grpc.StatusCode.OK
    assert len(answer.messages) == 1


async def test_a_path_that_is_no_text_ends_its_own_call_alone(
    registry_address: str, suggestion_address: str
) -> None:
    for address in (registry_address, suggestion_address):
        async with raw_connection(address) as connection:
            for path in (b"/wanllmdb.\xff/\xff", b"\xff", b"", b"no/slash", b"/" + bytes(9)):
                answer = await connection.call(path, b"")
                assert answer.code is grpc.StatusCode.UNIMPLEMENTED, path
        async with grpc.aio.insecure_channel(address) as channel:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())


# Of each kind of method: one answer, a stream, and gRPC's own services.
METHODS = (
    LIST,
    "/wanllmdb.api.registry.v1.SweepRegistryService/WatchSweep",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)

NO_TEXT = [
    (name, value)
    for name in (b"x-any", b"authorization", b"x-request-id", b"traceparent", b"user-agent")
    for value in (b"\xff", b"\xe9t\xe9", "été".encode(), b"\xff" * 3_000)
]


@pytest.mark.parametrize("method", METHODS)
async def test_metadata_that_is_no_ascii_is_rejected_at_once(
    registry_address: str, method: str
) -> None:
    async with raw_connection(registry_address) as connection:
        for header in NO_TEXT:
            with capture_logs() as lines:
                answer = await connection.call(method, b"", [header])
            assert answer.code is grpc.StatusCode.INVALID_ARGUMENT, header
            assert answer.status.details
            # The server's background tasks log too.
            assert len([line for line in lines if line["event"] == "call failed"]) == 1


async def test_metadata_that_is_no_ascii_writes_one_line_of_bounded_size(
    database_url: str, tmp_path: Path
) -> None:
    calls = 20
    with registry(database_url, tmp_path, "registry") as server:
        before = len(server.log())
        async with raw_connection(server.address) as connection:
            for method in METHODS:
                for _ in range(calls):
                    answer = await connection.call(method, b"", [(b"x-any", b"\xff" * 1_000)])
                    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
        written = server.log()[before:]
    assert written.count("\n") <= calls * len(METHODS)
    assert len(written) < 1_000 * calls * len(METHODS)


async def test_a_key_that_is_no_ascii_is_no_key(database_url: str) -> None:
    async with (
        registry_server(database_url, admin_key=f"wsk_root_{new_secret()}") as address,
        raw_connection(address) as connection,
    ):
        for text in (b"Bearer \xff", b"\xff", b"Bearer wsk_root_" + b"\xe9" * 40):
            answer = await connection.call(LIST, b"", [(b"authorization", text)])
            assert answer.code is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("method", METHODS)
async def test_bytes_that_are_no_message_are_an_invalid_argument(
    registry_address: str, method: str
) -> None:
    async with raw_connection(registry_address) as connection:
        answer = await connection.call(method, b"\x0a\x7fab")
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "DecodeError" not in answer.text
    assert answer.status.details


@pytest.mark.parametrize("method", METHODS[:-1])
async def test_a_call_that_ends_without_a_message_is_an_invalid_argument(
    registry_address: str, method: str
) -> None:
    async with raw_connection(registry_address) as connection:
        answer = await connection.answer(connection.open(connection.headers_of(method), end=True))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "without a message" in answer.text


async def test_a_second_message_of_a_call_that_takes_one_harms_nothing(
    registry_address: str,
) -> None:
    async with raw_connection(registry_address) as connection:
        stream = connection.open(connection.headers_of(LIST))
        await connection.send(stream, framed(b"") + framed(b"\xff" * 100), end=True)
        answer = await connection.answer(stream)
        assert answer.code is grpc.StatusCode.OK
        assert (await connection.call(LIST, b"")).code is grpc.StatusCode.OK
