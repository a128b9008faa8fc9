"""Ask a service or the gateway whether it serves, as load balancers and containers do: no key."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

import grpc

from wanllmdb import _env
from wanllmdb._connection.addresses import (
    SUGGESTION,
    Service,
    authority_of,
    is_loopback,
    replicas_of,
    target_of,
)
from wanllmdb._connection.tls import Tls, channel_credentials, handshake_problem
from wanllmdb.cli.dashboard_address import VARIABLE

_CHECK = "/grpc.health.v1.Health/Check"
_READINESS = "readiness"
# HealthCheckResponse with status = SERVING, and with NOT_SERVING. Two messages of one field each
# need no package for their stubs.
_SERVING = b"\x08\x01"
_NOT_SERVING = b"\x08\x02"
_MOST_BYTES = 64 * 1024


def problems_of_service(
    service: Service, address: str, tls: Tls | None, *, ready: bool, seconds: float
) -> dict[str, str | None]:
    """Return for each replica why it does not serve, or None if it does.

    Args:
        service: the service that should answer.
        address: as for a client; the replicas of a list are asked one by one.
        tls: the TLS settings; None for plain text.
        ready: whether what the service needs must be available too.
        seconds: the longest time to wait for one replica.

    Raises:
        InvalidArgumentError: the address is malformed or does not resolve, or a file of the TLS
            settings can't be used.
    """
    replicas = replicas_of(address, service) or (address,)
    name = None if tls is None else tls.server_name or authority_of(address, service)
    return {
        replica: _problem_of_replica(service, replica, tls, name, ready=ready, seconds=seconds)
        for replica in replicas
    }


def _problem_of_replica(
    service: Service,
    address: str,
    tls: Tls | None,
    name: str | None,
    *,
    ready: bool,
    seconds: float,
) -> str | None:
    where = f"the {service.name} at {address}"
    with _channel(service, address, tls, name) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_CHECK)
        try:
            answer = check(_request(service.full_name), timeout=seconds)
            if answer == _NOT_SERVING:
                return f"{where} is stopping: ask another replica, or wait until it has restarted"
            if answer == _SERVING and ready:
                answer = check(_request(_READINESS), timeout=seconds)
                if answer == _NOT_SERVING:
                    return f"{where} runs, but is not ready: {_unready(service)}"
        except grpc.RpcError as error:
            return _explained(error, service, address, tls, seconds)
    return None if answer == _SERVING else _other_program(service, address)


def _channel(service: Service, address: str, tls: Tls | None, name: str | None) -> grpc.Channel:
    target = target_of(address, service)
    options: list[tuple[str, Any]] = [
        # A proxy for outside addresses can't reach services on this machine.
        ("grpc.enable_http_proxy", 0 if is_loopback(target) else 1),
    ]
    if tls is None:
        return grpc.insecure_channel(target, options)
    if name is not None:
        options.append(("grpc.default_authority", name))
    return grpc.secure_channel(target, channel_credentials(tls), options)


def _request(name: str) -> bytes:
    """Return a HealthCheckRequest; the name is shorter than 128 bytes, so its length is a byte."""
    return b"\x0a" + bytes([len(name)]) + name.encode()


def _unready(service: Service) -> str:
    if service is SUGGESTION:
        return (
            "no registry that is ready answers it. Try `wanllmdb health registry --ready`, and "
            "check the suggestion service's --registry"
        )
    return "its database does not answer. Check PostgreSQL and the registry's --database-url"


def _other_program(service: Service, address: str) -> str:
    return (
        f"what answers at {address} is not a {service.name} of wanllmdb: set {service.variable} "
        f"(or --{service.argument}) to the address of one"
    )


def _explained(
    error: grpc.RpcError, service: Service, address: str, tls: Tls | None, seconds: float
) -> str:
    code, text = grpc.StatusCode.UNKNOWN, str(error)
    if isinstance(error, grpc.Call):
        code, text = error.code(), error.details() or ""
    if code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED):
        return _other_program(service, address)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return (
            f"the {service.name} at {address} did not answer within {seconds:g} s: its machine is "
            "overloaded or cut off, or the process is frozen; its log states what it did last"
        )
    if code is not grpc.StatusCode.UNAVAILABLE:
        return f"the {service.name} at {address} answered with an error: {text or code.name}"
    problem = handshake_problem(text, tls)
    if problem is not None:
        return f"the {service.name} at {address} {problem}"
    return (
        f"no {service.name} answers at {address}: start one with `wanllmdb up` or "
        f"`wanllmdb-{service.argument}`, or set {service.variable} (or --{service.argument}) to "
        "the address of one"
    )


def problem_of_gateway(url: str, tls: Tls | None, *, ready: bool, seconds: float) -> str | None:
    """Return why a gateway does not serve, or None if it does.

    Args:
        url: the gateway's address, such as `http://127.0.0.1:8080`, without a path.
        tls: the TLS settings; None trusts the authorities of the system, if the address has TLS.
        ready: whether both services must be available too.
        seconds: the longest time to wait for each step.

    Raises:
        InvalidArgumentError: a file of the TLS settings can't be used.
    """
    parts = urlsplit(url)
    context = _tls_context(tls or Tls()) if parts.scheme == "https" else None
    try:
        status, body = _get(parts, "/readyz" if ready else "/healthz", tls, context, seconds)
    except ssl.SSLCertVerificationError as error:
        return (
            f"the certificate of the gateway at {url} is not accepted ({error.verify_message}): "
            f"set {_env.TLS_CA} (or --tls-ca) to its authority, or {_env.TLS_SERVER_NAME} to the "
            "name in it"
        )
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return (
            f"no gateway answers at {url} ({why}): start one with `wanllmdb up` or "
            f"`wanllmdb-gateway`, or give the address of one with --url or {VARIABLE}"
        )
    state = _state(body)
    if ready and status == http.client.SERVICE_UNAVAILABLE and state.get("ready") is False:
        return f"the gateway at {url} runs, but is not ready: {_why_unready(state)}"
    if status == http.client.OK and state.get("ready" if ready else "alive") is True:
        return None
    return (
        f"what answers at {url} is not a gateway of wanllmdb: give the address of one with --url "
        f"or {VARIABLE}"
    )


def _tls_context(tls: Tls) -> ssl.SSLContext:
    # Explains a file that can't be used.
    channel_credentials(tls)
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)
    return context


def _get(
    parts: SplitResult,
    path: str,
    tls: Tls | None,
    context: ssl.SSLContext | None,
    seconds: float,
) -> tuple[int, bytes]:
    """Return the status and the body, over a connection without a proxy."""
    host = parts.hostname or ""
    port = parts.port or (80 if context is None else 443)
    with socket.create_connection((host, port), timeout=seconds) as plain:
        connection = http.client.HTTPConnection(host, port)
        connection.sock = plain
        if context is not None:
            # The name in the certificate may be another one than that of the address.
            name = (tls and tls.server_name) or host
            connection.sock = context.wrap_socket(plain, server_hostname=name)
        with connection.sock:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES)


def _state(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _why_unready(state: dict[str, Any]) -> str:
    if state.get("draining") is True:
        return "it is stopping. Ask another replica, or wait until it has restarted"
    services = state.get("services")
    named = services if isinstance(services, dict) else {}
    away = [str(name) for name, is_ready in named.items() if not is_ready]
    these = " and the ".join(away) or "registry and the suggestion service"
    return (
        f"it does not reach the {these}, or they are not ready. Try `wanllmdb health --ready`, and "
        "check the gateway's --registry and --suggestion"
    )
