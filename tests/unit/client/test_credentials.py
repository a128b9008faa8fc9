"""The API key that a client sends, and the connections over which it may send the key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wanllmdb import AsyncClient, Client, InvalidArgumentError, Tls
from wanllmdb._connection.addresses import is_loopback
from wanllmdb._connection.credentials import given_key, new_secret, secret_digest
from wanllmdb._types.enums import Role
from wanllmdb._types.keys import ApiKey, CreatedKey

KEY = "wsk_abc123_" + "s" * 43
OTHER_KEY = "wsk_other_" + "t" * 43
REMOTE = "sweeps.example.org:50051"
CLIENTS = pytest.mark.parametrize("client", [Client, AsyncClient])
AnyClient = type[Client] | type[AsyncClient]

VARIABLES = (
    "API_KEY",
    "API_KEY_FILE",
    "TLS",
    "TLS_CA",
    "TLS_CERT",
    "TLS_KEY",
    "TLS_SERVER_NAME",
    "INSECURE",
    "REGISTRY",
    "SUGGESTION",
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"WANLLMDB_{name}", raising=False)


def file_with(text: str, folder: Path) -> Path:
    file = folder / "some.key"
    file.write_text(text)
    return file


def test_the_argument_comes_before_the_variable_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert given_key(None).text == ""
    monkeypatch.setenv("WANLLMDB_API_KEY_FILE", str(file_with(f"{OTHER_KEY}\n", tmp_path)))
    assert given_key(None).text == OTHER_KEY
    monkeypatch.setenv("WANLLMDB_API_KEY", f"{KEY}\n")
    assert given_key(None).text == KEY
    assert given_key(OTHER_KEY).text == OTHER_KEY
    assert given_key(tmp_path / "some.key").text == OTHER_KEY


@pytest.mark.parametrize(
    "text", ["", "secret of another place", f"{KEY}\n{OTHER_KEY}", "wsk_abc", "wsk__x", "ü" * 20]
)
def test_what_is_no_key_is_rejected_without_a_word_of_it(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        Client(api_key=file_with(text, tmp_path))
    assert "some.key" in str(refused.value)
    assert "wsk_<id>_<secret>" in str(refused.value)
    assert not text or text not in str(refused.value)


def test_a_file_that_is_something_else_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="holds no API key"):
        Client(api_key=file_with("x" * 10_000_000, tmp_path))


def test_an_unreadable_file_is_reported_with_its_path_and_origin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANLLMDB_API_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(
        InvalidArgumentError, match=r"nothing \(WANLLMDB_API_KEY_FILE\) can't be read: No such file"
    ):
        Client()
    with pytest.raises(InvalidArgumentError, match="Is a directory"):
        Client(api_key=tmp_path)


@CLIENTS
def test_a_key_does_not_go_to_another_machine_in_plain_text(
    client: AnyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        client(REMOTE, api_key=KEY)
    for part in (REMOTE, "plain text", "WANLLMDB_TLS=1", "WANLLMDB_INSECURE=1"):
        assert part in str(refused.value)
    assert KEY not in str(refused.value)
    with pytest.raises(InvalidArgumentError, match=r"service at 10\.0\.0\.7:1 "):
        client(suggestion="10.0.0.7:1", api_key=KEY)

    # Allowed: without a key; with TLS; if the user has explicitly permitted it.
    client(REMOTE)
    client(REMOTE, api_key=KEY, tls=True)
    client(REMOTE, api_key=KEY, insecure=True)
    monkeypatch.setenv("WANLLMDB_INSECURE", "1")
    client(REMOTE, api_key=KEY)
    with pytest.raises(InvalidArgumentError):
        client(REMOTE, api_key=KEY, insecure=False)


@pytest.mark.parametrize(
    ("target", "local"),
    [
        ("dns:///127.0.0.1:1", True),
        ("dns:///127.8.9.1:1", True),
        ("dns:///[::1]:1", True),
        ("dns:///localhost:1", True),
        ("ipv4:127.0.0.1:1,127.0.0.2:2", True),
        ("ipv6:[::1]:1,[::1]:2", True),
        ("ipv6:%5B::1%5D:1", False),
        ("unix:/run/registry.sock", True),
        ("unix-abstract:registry", True),
        ("vsock:3:1", False),
        ("xds:///127.0.0.1:1", False),
        ("ipv4:127.0.0.1:1,10.0.0.7:2", False),
        ("ipv4:10.0.0.7:1,127.0.0.1:2", False),
        ("dns:///127.example.org:1", False),
        ("dns:///127.0.0.1.example.org:1", False),
        ("dns:///localhost.example.org:1", False),
        ("dns://127.0.0.1/sweeps.example.org:1", False),
        ("dns:///10.127.0.1:1", False),
        ("dns:sweeps:1", False),
        ("127.0.0.1:1", False),
    ],
)
def test_what_is_on_this_machine(target: str, local: bool) -> None:
    assert is_loopback(target) is local


@pytest.mark.parametrize("value", ["perhaps", "2", "TLS"])
def test_a_switch_that_says_neither_is_rejected(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANLLMDB_INSECURE", value)
    with pytest.raises(InvalidArgumentError, match="WANLLMDB_INSECURE must be 1 or 0"):
        Client()


PRINT = "import sys, os; from wanllmdb import Client; c = Client(); print(c.environment)"


@pytest.mark.parametrize("by_file", [False, True])
def test_a_child_process_reaches_the_same_services_by_the_same_key(
    by_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arguments of the client take precedence over the parent's environment.
    monkeypatch.setenv("WANLLMDB_API_KEY", OTHER_KEY)
    monkeypatch.setenv("WANLLMDB_REGISTRY", "other-host:1")
    monkeypatch.chdir(tmp_path)
    file_with(KEY, tmp_path)
    parent = Client("there:1", "there:2", api_key=Path("some.key") if by_file else KEY, tls=True)

    printed = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={**os.environ, **parent.environment},
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert printed.strip() == str(parent.environment)
    assert (KEY in printed) is not by_file
    assert OTHER_KEY not in printed


def test_nothing_that_is_printed_of_a_client_holds_its_key() -> None:
    client = Client(api_key=KEY, tls=Tls())
    assert KEY not in repr(vars(client)) + repr(client._credentials)
    key = ApiKey("abc123", "", Role.AGENT, ("p",), None, None, None, "")
    assert "sss" not in repr(CreatedKey(key, KEY))


def test_secrets_are_of_32_random_bytes_and_never_twice_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}
    assert all(given_key(f"wsk_a_{secret}").text for secret in secrets)
    assert {len(secret_digest(secret)) for secret in secrets} == {32}
