"""TLS between a client and a service, and the client's errors if TLS fails."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from tests.certificates import Authority, CertificateFiles
from wanllmdb import AsyncClient, Client, InvalidArgumentError, Tls, UnavailableError
from wanllmdb._connection import tls as tls_module
from wanllmdb.api.registry.v1 import key_service_pb2 as pb

KEY = "wsk_abc123_" + "s" * 43


def which_key(request: pb.GetCallerRequest, context: Any) -> pb.GetCallerResponse:
    """Return which key the call sent."""
    sent = dict(context.invocation_metadata()).get("authorization", "nothing")
    return pb.GetCallerResponse(keys_required=True, key=pb.ApiKey(key_id=sent))


HANDLER: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
    which_key,
    request_deserializer=pb.GetCallerRequest.FromString,
    response_serializer=pb.GetCallerResponse.SerializeToString,
)
SERVICE = pb.DESCRIPTOR.services_by_name["KeyService"].full_name


@contextlib.contextmanager
def server(files: CertificateFiles | None, *, client_ca: Path | None = None) -> Iterator[int]:
    """Run a server on 127.0.0.1, with TLS if files are given, and yield its port."""
    running = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    running.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(SERVICE, {"GetCaller": HANDLER})]
    )
    if files is None:
        port = running.add_insecure_port("127.0.0.1:0")
    else:
        credentials = grpc.ssl_server_credentials(
            [(files.key.read_bytes(), files.cert.read_bytes())],
            client_ca.read_bytes() if client_ca is not None else None,
            require_client_auth=client_ca is not None,
        )
        port = running.add_secure_port("127.0.0.1:0", credentials)
    running.start()
    try:
        yield port
    finally:
        running.stop(None)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def sent_key(address: str, tls: bool | Tls | None) -> str:
    with Client(address, api_key=KEY, tls=tls) as client:
        caller = client.get_caller()
    assert caller.key is not None
    return caller.key.key_id


async def failure(address: str, tls: bool | Tls | None) -> str:
    """Return the error of both clients, which must be equal."""
    with Client(address, tls=tls) as client, pytest.raises(UnavailableError) as told:
        client.get_caller()
    async with AsyncClient(address, tls=tls) as other:
        with pytest.raises(UnavailableError) as told_too:
            await other.get_caller()
    assert str(told.value) == str(told_too.value)
    return str(told.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_service_is_known_by_the_name_in_its_address(authority: Authority, host: str) -> None:
    files = authority.issue(host)
    with server(files) as port:
        assert sent_key(f"{host}:{port}", Tls(ca=files.ca)) == f"Bearer {KEY}"


def test_replicas_are_known_by_the_name_in_the_first_address(authority: Authority) -> None:
    files = authority.issue("localhost")
    with server(files) as first, server(files) as second:
        addresses = f"localhost:{first},localhost:{second}"
        assert sent_key(addresses, Tls(ca=files.ca)) == f"Bearer {KEY}"


def test_a_service_may_be_known_by_another_name(authority: Authority) -> None:
    files = authority.issue("sweeps.example.org")
    with server(files) as port:
        tls = Tls(ca=files.ca, server_name="sweeps.example.org")
        assert sent_key(f"127.0.0.1:{port}", tls) == f"Bearer {KEY}"


async def test_the_environment_names_it_all(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, own = authority.issue(), authority.issue("agent", file="agent")
    with server(files, client_ca=files.ca) as port:
        monkeypatch.setenv("WANLLMDB_REGISTRY", f"localhost:{port}")
        monkeypatch.setenv("WANLLMDB_API_KEY", KEY)
        monkeypatch.setenv("WANLLMDB_TLS_CA", str(files.ca))
        monkeypatch.setenv("WANLLMDB_TLS_CERT", str(own.cert))
        monkeypatch.setenv("WANLLMDB_TLS_KEY", str(own.key))
        async with AsyncClient() as client:
            caller = await client.get_caller()
        assert caller.key is not None
        assert caller.key.key_id == f"Bearer {KEY}"


async def test_plain_text_to_a_tls_service(authority: Authority) -> None:
    with server(authority.issue()) as port:
        said = await failure(f"localhost:{port}", None)
    assert f"the registry at localhost:{port} closes the connection at once" in said
    assert "WANLLMDB_TLS=1" in said


async def test_tls_to_a_plain_service(authority: Authority) -> None:
    with server(None) as port:
        said = await failure(f"localhost:{port}", Tls(ca=authority.file))
    assert "does not speak TLS" in said


async def test_an_authority_that_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with server(authority.issue()) as port:
        said = await failure(f"localhost:{port}", Tls(ca=other.file))
        assert "an authority that is not trusted" in said
        assert str(other.file) in said
        assert "WANLLMDB_TLS_CA" in said
        assert "those known to gRPC" in await failure(f"localhost:{port}", True)


async def test_a_certificate_for_another_name(authority: Authority) -> None:
    files = authority.issue("sweeps.example.org")
    with server(files) as port:
        said = await failure(f"localhost:{port}", Tls(ca=files.ca))
    assert "has a certificate for another name" in said
    assert "WANLLMDB_TLS_SERVER_NAME" in said


async def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    ca = trustme.CA()
    old = ca.issue_cert("localhost", not_after=datetime.now(UTC) - timedelta(days=1))
    files = CertificateFiles(tmp_path / "cert", tmp_path / "key", tmp_path / "ca")
    ca.cert_pem.write_to_path(files.ca)
    old.private_key_pem.write_to_path(files.key)
    old.cert_chain_pems[0].write_to_path(files.cert)
    with server(files) as port:
        said = await failure(f"localhost:{port}", Tls(ca=files.ca))
    assert "has a certificate that has expired" in said


async def test_a_service_that_asks_for_a_certificate(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue()
    strange = Authority(tmp_path, "other").issue("agent")
    with server(files, client_ca=files.ca) as port:
        assert "set WANLLMDB_TLS_CERT" in await failure(f"localhost:{port}", Tls(ca=files.ca))
        tls = Tls(ca=files.ca, cert=strange.cert, key=strange.key)
        said = await failure(f"localhost:{port}", tls)
        assert f"it may not trust the authority that signed {strange.cert}" in said


def test_invalid_files_are_reported_with_their_paths(authority: Authority, tmp_path: Path) -> None:
    own, other = authority.issue("a", file="own"), authority.issue("b", file="other")
    garbage, nothing = tmp_path / "garbage.pem", tmp_path / "nothing.pem"
    garbage.write_text("garbage")
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", own.key, "-aes256", "-passout", "pass:x", "-out", locked],
        check=True,
    )
    for tls, problem in (
        (Tls(ca=nothing), f"the CA file {nothing} can't be read: No such file"),
        (Tls(ca=garbage), f"the CA file {garbage} holds no certificates"),
        (Tls(cert=own.cert), f"a cert ({own.cert}) is given without a key"),
        (Tls(key=own.key), f"a key ({own.key}) is given without a cert"),
        (Tls(cert=own.cert, key=nothing), f"the key file {nothing} can't be read"),
        (Tls(cert=garbage, key=own.key), f"{garbage} and the key {own.key} can't be used"),
        (Tls(cert=own.cert, key=garbage), f"{own.cert} and the key {garbage} can't be used"),
        (Tls(cert=own.cert, key=other.key), "the key does not belong to the certificate"),
        (Tls(cert=own.cert, key=locked), f"the key {locked} is protected by a password"),
    ):
        with pytest.raises(InvalidArgumentError, match=re.escape(problem)):
            Client(tls=tls)


@pytest.mark.parametrize("file", ["ca", "cert", "key"])
def test_a_file_that_vanishes_as_it_is_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    files = Authority(tmp_path).issue()
    given = {"ca": files.ca, "cert": files.cert, "key": files.key}
    read = tls_module._read

    def read_and_take_away(what: str, path: tls_module.StrPath) -> bytes:
        content = read(what, path)
        if path == given[file]:
            Path(path).unlink()
        return content

    monkeypatch.setattr(tls_module, "_read", read_and_take_away)
    with pytest.raises(InvalidArgumentError, match=re.escape(str(given[file]))):
        tls_module.channel_credentials(Tls(ca=files.ca, cert=files.cert, key=files.key))


@pytest.mark.parametrize(
    ("variables", "given", "expected"),
    [
        ({}, None, False),
        ({}, True, True),
        ({"WANLLMDB_TLS": "1"}, None, True),
        ({"WANLLMDB_TLS": "on"}, False, False),
        ({"WANLLMDB_TLS": "0"}, None, False),
        ({"WANLLMDB_TLS_SERVER_NAME": "x"}, None, True),
        ({"WANLLMDB_TLS_SERVER_NAME": "x", "WANLLMDB_TLS": "no"}, None, False),
    ],
)
def test_when_there_is_tls(
    variables: dict[str, str],
    given: bool | None,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("", "_CA", "_CERT", "_KEY", "_SERVER_NAME"):
        monkeypatch.delenv(f"WANLLMDB_TLS{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Client(tls=given).environment["WANLLMDB_TLS"] == str(int(expected))
