"""Opens a server's ports, and bounds connections and streams in gRPC's core."""

from __future__ import annotations

import grpc
import grpc.aio
import structlog

from wanllmdb_common.server.settings import UNIX_SCHEMES, LimitSettings, ListenSettings
from wanllmdb_common.server.tls import TlsFiles, server_credentials

log = structlog.get_logger(__name__)


class PortTakenError(Exception):
    """An address can't be bound."""


def listen(server: grpc.aio.Server, settings: ListenSettings) -> str:
    """Open the ports of the settings; return the server's address, host:port or unix:PATH.

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
            "other machines can reach this server, and it is not protected",
            host=settings.host,
            missing=missing,
        )
    if settings.local_port is not None:
        _bind(server, "127.0.0.1", settings.local_port, None, option="--local-port")
    return _bind(server, settings.host, settings.port, credentials, option="--port")


def listen_for_probes(server: grpc.aio.Server, settings: ListenSettings, port: int) -> str:
    """Open the port for health alone, in plain text; return its address, host:port.

    Raises:
        PortTakenError: the address can't be bound.
    """
    # A probe of Kubernetes connects to a port, and knows no socket.
    host = "127.0.0.1" if settings.host.startswith(UNIX_SCHEMES) else settings.host
    return _bind(server, host, port, None, option="--health-port")


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
            else "the port is taken or the address does not belong to this machine; choose another "
            f"port with {option}, or {option} 0 for a free one"
        )
        raise PortTakenError(f"can't listen on {address}: {why}") from None
    return address if is_socket else f"{host}:{bound}"


Option = tuple[str, int]

# The shortest interval at which clients may ping, also between calls, to detect a dead
# connection.
MIN_PING_INTERVAL_MS = 20_000
# A connection that has not completed its TLS and HTTP/2 handshake by then is closed.
HANDSHAKE_TIMEOUT_MS = 10_000
# A connection without calls is closed after this time. Our own clients always keep a health
# watch open.
MAX_IDLE_MS = 10 * 60 * 1000
# A connection whose peer vanished without closing it is closed after the sum of both.
KEEPALIVE_MS = 60_000
KEEPALIVE_TIMEOUT_MS = 20_000
# Calls that have arrived and that Python has not picked up yet. Beyond the first number the
# core answers some of them CANCELLED, beyond the second all of them, before our own limits
# apply. These numbers are high, so that an overloaded server reaches our own limits instead.
MAX_PENDING = 20_000
MAX_PENDING_HARD = 40_000
# Seconds after which the core answers a call that was not picked up CANCELLED. The caller's
# deadline bounds how long a call waits, and the limits above bound how many calls wait.
MAX_PENDING_SECONDS = 3_600


def server_options(settings: LimitSettings) -> list[Option]:
    """Return the channel options of a server; the core ignores names that it does not know."""
    options: list[Option] = [
        # Without this, two servers would silently share the port.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
        ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
        # Streams that have ended and that Python still holds. Without a limit of their own,
        # the core counts them as open streams and rejects calls within the limit.
        ("grpc.http2.max_deallocating_streams", settings.max_streams_per_connection),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_TIMEOUT_MS),
        ("grpc.max_connection_idle_ms", MAX_IDLE_MS),
        ("grpc.server.max_pending_requests", MAX_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING_HARD),
        ("grpc.server_max_unrequested_time_in_server", MAX_PENDING_SECONDS),
    ]
    if settings.max_connection_age:
        # The core spreads the age by 10% each way. The client gets a GOAWAY, sends its next call
        # over another connection, and asks for the addresses of the name again.
        options += [
            ("grpc.max_connection_age_ms", round(settings.max_connection_age * 1000)),
            ("grpc.max_connection_age_grace_ms", round(settings.max_connection_age_grace * 1000)),
        ]
    return options
