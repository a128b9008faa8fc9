"""Addresses of the two services: from what a user writes to the target that gRPC connects to."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass

from wanllmdb import _env
from wanllmdb._errors import InvalidArgumentError

_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:")


@dataclass(frozen=True, slots=True)
class Service:
    """One of the two services: its names, and the settings that give its address."""

    name: str
    full_name: str
    variable: str
    argument: str
    default_address: str

    def address(self, given: str | None) -> str:
        """The given address, else the environment's, else the default."""
        return given or os.environ.get(self.variable) or self.default_address


REGISTRY = Service(
    name="registry",
    full_name="wanllmdb.api.registry.v1.SweepRegistryService",
    variable=_env.REGISTRY,
    argument="registry",
    default_address="localhost:50051",
)
SUGGESTION = Service(
    name="suggestion service",
    full_name="wanllmdb.api.suggestion.v1.SuggestionService",
    variable=_env.SUGGESTION,
    argument="suggestion",
    default_address="localhost:50052",
)


def target_of(address: str, service: Service) -> str:
    """The gRPC target for an address: `host:port`, a comma-separated list of them, or a target.

    Several replicas become one list of IP addresses, over which calls are spread.
    `localhost` means 127.0.0.1: servers listen there, and the second address that
    resolvers return for localhost would be a replica that is always down.

    Raises:
        InvalidArgumentError: an address has no port, or its name does not resolve.
    """
    address = address.strip()
    if address.startswith(_SCHEMES):
        return address
    replicas = [_host_and_port(part.strip(), service) for part in address.split(",")]
    if len(replicas) == 1:
        host, port = replicas[0]
        return f"dns:///{_bracketed(host)}:{port}"
    resolved = [(ip, port) for host, port in replicas for ip in _resolve(host, service)]
    versions = {ip.version for ip, _ in resolved}
    if len(versions) > 1:
        raise _bad_address(address, service, "mixes IPv4 and IPv6; name one kind only")
    return f"ipv{versions.pop()}:" + ",".join(
        f"{_bracketed(str(ip))}:{port}" for ip, port in resolved
    )


def replicas_of(address: str, service: Service) -> tuple[str, ...]:
    """The replicas that an address lists, as `host:port`; none for a gRPC target."""
    if address.strip().startswith(_SCHEMES):
        return ()
    parts = [_host_and_port(part.strip(), service) for part in address.split(",")]
    return tuple(f"{_bracketed(host)}:{port}" for host, port in parts)


def authority_of(address: str, service: Service) -> str | None:
    """The name that a server's certificate must have; None where gRPC finds it in the target.

    Several replicas share the first replica's name, because gRPC sees one list of addresses.
    """
    if address.strip().startswith(_SCHEMES):
        return None
    host, colon, port = address.partition(",")[0].strip().rpartition(":")
    return f"{host}{colon}{port}"


def is_loopback(target: str) -> bool:
    """Whether a target of `target_of` can only be on this machine."""
    scheme, _, rest = target.partition(":")
    if scheme in ("unix", "unix-abstract"):
        return True
    if scheme not in ("dns", "ipv4", "ipv6"):
        return False
    # dns://resolver/host:port; lists have commas.
    hosts = [part.rpartition(":")[0] for part in rest.rpartition("/")[2].split(",")]
    return all(map(_is_loopback_host, hosts))


def _is_loopback_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host == "localhost"


def are_same(address: str, other: str, service: Service) -> bool:
    """Whether two addresses, as users write them, share a replica."""
    return not _replicas(address, service).isdisjoint(_replicas(other, service))


def _replicas(address: str, service: Service) -> set[tuple[str, int] | str]:
    address = address.strip()
    if address.startswith(_SCHEMES):
        # dns:///host:port and ipv4:host:port,host:port also contain host:port.
        address = address.partition(":")[2].rpartition("/")[2] or address
    parts = [part.strip() for part in address.split(",")]
    try:
        return {_host_and_port(part, service) for part in parts}
    except InvalidArgumentError:
        return set(parts)


def _host_and_port(part: str, service: Service) -> tuple[str, int]:
    host, colon, port = part.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536
    # A slash shows a URL, which would otherwise be looked up as a name.
    if not colon or not host or "/" in host or not is_port:
        raise _bad_address(part, service, "is not host:port, such as localhost:50051")
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _resolve(host: str, service: Service) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _bad_address(host, service, f"does not resolve: {error.strerror}") from None
    # IPv4 addresses where there are any, so that a list of names agrees on one kind.
    kind = min((family for family, *_ in found), key=lambda family: family != socket.AF_INET)
    return [
        ipaddress.ip_address(str(sockaddr[0])) for family, *_, sockaddr in found if family == kind
    ]


def _bad_address(address: str, service: Service, problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the {service.name}'s address {address!r} {problem} "
        f"(argument {service.argument}=, or {service.variable})"
    )
