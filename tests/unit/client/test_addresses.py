"""Service addresses: the forms that users write, and the target of the channel."""

from __future__ import annotations

import socket

import pytest

from wanllmdb import AsyncClient, Client, InvalidArgumentError
from wanllmdb._connection.addresses import REGISTRY, target_of


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("localhost:50051", "dns:///127.0.0.1:50051"),
        ("10.0.0.7:1", "dns:///10.0.0.7:1"),
        ("sweeps.example.org:443", "dns:///sweeps.example.org:443"),
        ("[::1]:50051", "dns:///[::1]:50051"),
        ("10.0.0.7:1, 10.0.0.8:2", "ipv4:10.0.0.7:1,10.0.0.8:2"),
        ("localhost:1,localhost:2", "ipv4:127.0.0.1:1,127.0.0.1:2"),
        ("[::1]:1,[::2]:2", "ipv6:[::1]:1,[::2]:2"),
        ("unix:/run/registry.sock", "unix:/run/registry.sock"),
        ("dns:///sweeps:1", "dns:///sweeps:1"),
    ],
)
def test_the_target_of_an_address(address: str, target: str) -> None:
    assert target_of(address, REGISTRY) == target


@pytest.mark.parametrize(
    "address",
    [
        "localhost",
        "localhost:",
        ":1",
        "host:port",
        "host:70000",
        "a:1,,b:2",
        "[::1]:1,10.0.0.1:2",
        "http://10.0.0.7:50051",
    ],
)
def test_a_bad_address_is_rejected_with_where_it_was_given(address: str) -> None:
    with pytest.raises(InvalidArgumentError, match="WANLLMDB_REGISTRY"):
        target_of(address, REGISTRY)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_arguments_come_before_the_environment_and_that_before_the_default(
    client: type[Client] | type[AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.delenv(variable, raising=False)
    assert client().registry_address == "localhost:50051"
    assert client().suggestion_address == "localhost:50052"

    monkeypatch.setenv("WANLLMDB_REGISTRY", "there:1")
    assert client().registry_address == "there:1"
    assert client(registry="here:1").registry_address == "here:1"


def test_a_name_in_a_list_means_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "a": [("10.0.0.1", 0), ("10.0.0.2", 0)],
        "b": [("10.0.0.3", 0)],
    }

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        ipv6 = (socket.AF_INET6, 1, 6, "", ("fd00::1", 0, 0, 0))
        return [ipv6, *((socket.AF_INET, 1, 6, "", address) for address in known[host])]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    assert target_of("a:1,b:2", REGISTRY) == "ipv4:10.0.0.1:1,10.0.0.2:1,10.0.0.3:2"
