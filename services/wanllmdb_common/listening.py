"""Opens a server's ports."""

from __future__ import annotations

import grpc
import grpc.aio
import structlog

from wanllmdb_common.listen_settings import UNIX_SCHEMES, ListenSettings
from wanllmdb_common.server_credentials import TlsFiles, server_credentials

log = structlog.get_logger(__name__)


class PortTakenError(Exception):
    """The address can't be bound."""


def listen(server: grpc.aio.Server, settings: ListenSettings) -> str:
    """Makes the server listen as the settings say; returns its address, host:port or unix:PATH.

    Raises:
        PortTakenError: an address can't be bound.
        TlsFileError: a file of the TLS settings can't be used.
    """
    credentials = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        credentials = server_credentials(
            TlsFiles(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
        )
    missing = settings.missing_protection()
    if settings.is_exposed and missing:
        log.warning(
            "other machines reach this server, without what protects it from them",
            host=settings.host,
            missing=missing,
        )
    if settings.local_port is not None:
        _bind(server, "127.0.0.1", settings.local_port, None, option="--local-port")
    return _bind(server, settings.host, settings.port, credentials, option="--port")


def _bind(
    server: grpc.aio.Server,
    host: str,
    port: int,
    credentials: grpc.ServerCredentials | None,
    *,
    option: str,
) -> str:
    is_socket = host.startswith(UNIX_SCHEMES)
    if ":" in host and not is_socket and not host.startswith("["):
        host = f"[{host}]"
    address = host if is_socket else f"{host}:{port}"
    try:
        bound = (
            server.add_insecure_port(address)
            if credentials is None
            else server.add_secure_port(address, credentials)
        )
    except RuntimeError:
        why = (
            "its folder is missing or not writable"
            if is_socket
            else "the port is taken or the address is not this machine's; choose another one with "
            f"{option}, or 0 for a free one"
        )
        raise PortTakenError(f"can't listen on {address}: {why}") from None
    return address if is_socket else f"{host}:{bound}"
