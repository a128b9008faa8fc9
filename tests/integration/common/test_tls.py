"""A server's TLS over real connections: accepted clients, and replaced certificates."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from cryptography.hazmat.primitives import serialization
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from structlog.testing import capture_logs

from tests.certificates import Authority, CertificateFiles, replace
from tests.ports import free_port
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_common.server.tls import TlsFileError

LIVES = health_pb2.HealthCheckResponse.SERVING


@contextlib.asynccontextmanager
async def server(
    files: CertificateFiles,
    client_ca: Path | None = None,
    local_port: int | None = None,
    health_port: int | None = None,
) -> AsyncIterator[str]:
    """A server with only the health service."""
    settings = ServerSettings(
        tls_cert=files.cert,
        tls_key=files.key,
        tls_client_ca=client_ca,
        local_port=local_port,
        health_port=health_port,
        grace=1,
        drain_delay=0,
    )
    async with running_server(settings, services=[], register=lambda _: None) as address:
        yield address


@contextlib.asynccontextmanager
async def channel(
    address: str, ca: Path | None, client: CertificateFiles | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """A separate connection; by default gRPC shares connections to one address."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    if ca is None:
        async with grpc.aio.insecure_channel(address, options=options) as plain:
            yield plain
        return
    async with grpc.aio.secure_channel(address, _credentials(ca, client), options=options) as tls:
        yield tls


def _credentials(ca: Path, client: CertificateFiles | None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        ca.read_bytes(),
        client.key.read_bytes() if client else None,
        client.cert.read_bytes() if client else None,
    )


async def check(channel_: grpc.aio.Channel) -> bool:
    """Return if a call succeeds, else raise its error."""
    answer = await health_pb2_grpc.HealthStub(channel_).Check(
        health_pb2.HealthCheckRequest(), timeout=60
    )
    return bool(answer.status == LIVES)


async def gets_in(address: str, ca: Path | None, client: CertificateFiles | None = None) -> bool:
    async with channel(address, ca, client) as new:
        try:
            return await check(new)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return False
            raise


async def test_a_client_that_trusts_the_certificate_connects_and_plain_text_does_not(
    tmp_path: Path,
) -> None:
    ours, other = Authority(tmp_path), Authority(tmp_path, "other")
    async with server(ours.issue()) as address:
        assert await gets_in(address, ours.file)
        assert not await gets_in(address, other.file)
        assert not await gets_in(address, None)
        # Who was turned away does no harm.
        assert await gets_in(address, ours.file)


async def test_a_certificate_for_another_name_is_rejected_by_the_client(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    async with server(ours.issue("sweeps.example.org")) as address:
        assert not await gets_in(address, ours.file)


async def test_with_mutual_tls_the_client_needs_a_certificate_of_that_authority(
    tmp_path: Path,
) -> None:
    ours, clients, other = (Authority(tmp_path, name) for name in ("ours", "clients", "other"))
    async with server(ours.issue(), client_ca=clients.file) as address:
        assert await gets_in(address, ours.file, clients.issue("agent", file="client"))
        assert not await gets_in(address, ours.file)
        assert not await gets_in(address, ours.file, other.issue("agent", file="client"))
        assert not await gets_in(address, None)


async def test_the_local_port_is_plain_and_on_this_machine_alone(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    port = free_port()
    async with server(ours.issue(), client_ca=ours.file, local_port=port) as address:
        assert await gets_in(f"127.0.0.1:{port}", None)
        assert not await gets_in(address, None)


async def test_the_health_port_is_plain_and_has_health_alone(tmp_path: Path) -> None:
    ours = Authority(tmp_path)
    port = free_port()
    async with server(ours.issue(), client_ca=ours.file, health_port=port) as address:
        assert await gets_in(f"127.0.0.1:{port}", None)
        assert not await gets_in(address, None)
        async with channel(f"127.0.0.1:{port}", None) as probe:
            ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = probe.unary_unary(
                f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"
            )
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(b"", timeout=60)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert not await gets_in(f"127.0.0.1:{port}", None)


async def test_the_health_port_reports_a_drain_while_the_server_drains() -> None:
    port = free_port()
    settings = ServerSettings(health_port=port, grace=60, drain_delay=0)
    serving = contextlib.AsyncExitStack()
    address = await serving.enter_async_context(
        running_server(settings, services=[], register=lambda _: None)
    )
    async with channel(address, None) as client, channel(f"127.0.0.1:{port}", None) as probe:
        # A running call keeps the server in its drain.
        watch = health_pb2_grpc.HealthStub(client).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == LIVES
        assert await check(probe)
        draining = asyncio.create_task(serving.aclose())
        assert (await watch.read()).status != LIVES
        assert not await check(probe)
        watch.cancel()
        await draining


async def test_new_files_are_used_for_new_connections_and_old_ones_stay(tmp_path: Path) -> None:
    ours, new = Authority(tmp_path), Authority(tmp_path, "new")
    files = ours.issue()
    async with server(files) as address, channel(address, ours.file) as old:
        assert await check(old)
        calls = asyncio.create_task(_calls(old))
        fresh = new.issue()
        replace(files.key, fresh.key.read_bytes())
        # Between the two the files do not belong together.
        assert await gets_in(address, ours.file)
        replace(files.cert, fresh.cert.read_bytes())
        assert await gets_in(address, new.file)
        assert not await gets_in(address, ours.file)
        assert not calls.done()
        calls.cancel()
        assert await check(old)


async def _calls(through: grpc.aio.Channel) -> None:
    while True:
        assert await check(through)


async def test_who_signs_for_clients_may_change_too(tmp_path: Path) -> None:
    ours, first, second = (Authority(tmp_path, name) for name in ("ours", "first", "second"))
    one, two = first.issue("agent", file="client"), second.issue("agent", file="client")
    ca = tmp_path / "clients.pem"
    replace(ca, first.file.read_bytes())
    async with server(ours.issue(), client_ca=ca) as address:
        assert await gets_in(address, ours.file, one)
        assert not await gets_in(address, ours.file, two)
        replace(ca, second.file.read_bytes())
        assert await gets_in(address, ours.file, two)
        assert not await gets_in(address, ours.file, one)


@pytest.mark.parametrize("how", ["nonsense", "missing", "of another key"])
async def test_new_files_that_can_not_be_used_are_an_error_in_the_log_and_no_more(
    tmp_path: Path, how: str
) -> None:
    ours = Authority(tmp_path)
    files = ours.issue()
    async with server(files) as address:
        assert await gets_in(address, ours.file)
        match how:
            case "nonsense":
                replace(files.cert, b"nonsense")
            case "missing":
                files.key.unlink()
            case _:
                replace(files.key, Authority(tmp_path, "other").issue().key.read_bytes())
        with capture_logs() as logs:
            assert await gets_in(address, ours.file)
            assert await gets_in(address, ours.file)
        (line,) = [entry for entry in logs if "problem" in entry]
        assert line["log_level"] == "error"
        assert str(files.key if how == "missing" else files.cert) in line["problem"]
        # And once they are whole again, they are taken.
        with capture_logs() as logs:
            new = Authority(tmp_path, "new").issue()
            replace(files.cert, new.cert.read_bytes())
            replace(files.key, new.key.read_bytes())
            assert await gets_in(address, new.ca)
        assert any(entry["event"] == "loaded new TLS files" for entry in logs)


def broken(files: CertificateFiles, how: str, folder: Path) -> Path:
    """Break the files, and return the faulty one."""
    match how:
        case "no certificate file":
            files.cert.unlink()
            return files.cert
        case "no key file":
            files.key.unlink()
            return files.key
        case "a folder":
            files.cert.unlink()
            files.cert.mkdir()
            return files.cert
        case "nonsense":
            replace(files.cert, b"nonsense")
            return files.cert
        case "another's key":
            replace(files.key, Authority(folder, "other").issue().key.read_bytes())
            return files.key
        case _:
            replace(files.key, _locked(files.key.read_bytes()))
            return files.key


def _locked(key: bytes) -> bytes:
    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )


@pytest.mark.parametrize(
    "how",
    ["no certificate file", "no key file", "a folder", "nonsense", "another's key", "a password"],
)
async def test_a_file_that_can_not_be_used_at_the_start_is_named(tmp_path: Path, how: str) -> None:
    files = Authority(tmp_path).issue()
    file = broken(files, how, tmp_path)
    with pytest.raises(TlsFileError) as caught:
        async with server(files):
            pass
    assert str(file) in str(caught.value)


async def test_authorities_of_clients_that_are_none_are_named_at_the_start(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    ca = tmp_path / "clients.pem"
    ca.write_bytes(b"nonsense")
    with pytest.raises(TlsFileError) as caught:
        async with server(files, client_ca=ca):
            pass
    assert str(ca) in str(caught.value)
