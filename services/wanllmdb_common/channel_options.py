"""The options of gRPC's core, which bounds connections and streams before any call is seen."""

from __future__ import annotations

from wanllmdb_common.limit_settings import LimitSettings

Option = tuple[str, int]

# Clients may ping this often, also between calls, to notice a dead connection.
MIN_PING_INTERVAL_MS = 20_000
# Within these a connection has made its handshake, TLS and HTTP/2, or it is closed.
HANDSHAKE_TIMEOUT_MS = 10_000
# A connection without a call is closed; clients of our own always watch the health of a server.
MAX_IDLE_MS = 10 * 60 * 1000
# One whose other end has gone without a word is closed after both.
KEEPALIVE_MS = 60_000
KEEPALIVE_TIMEOUT_MS = 20_000
# Calls that have come and that Python has not picked up yet. From the first number on the
# core answers some of them CANCELLED, from the second on all, and before any limit of ours.
# A server that is asked for more than it can do gets as far as these limits of ours instead.
MAX_PENDING = 20_000
MAX_PENDING_HARD = 40_000
# Seconds after which the core answers such a call CANCELLED. Its caller's deadline says how long
# it may wait, and the limits above how many do.
MAX_PENDING_SECONDS = 3_600


def server_options(settings: LimitSettings) -> list[Option]:
    """The options of a server; the core takes no notice of names that it does not know."""
    return [
        # Two servers would otherwise share the port without a word.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.min_ping_interval_without_data_ms", MIN_PING_INTERVAL_MS),
        ("grpc.max_concurrent_streams", settings.max_streams_per_connection),
        # Streams that have ended and that Python still holds. The core counts them to the
        # others where it has no number of their own, and refuses calls that keep to the limit.
        ("grpc.http2.max_deallocating_streams", settings.max_streams_per_connection),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_TIMEOUT_MS),
        ("grpc.max_connection_idle_ms", MAX_IDLE_MS),
        ("grpc.server.max_pending_requests", MAX_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING_HARD),
        ("grpc.server_max_unrequested_time_in_server", MAX_PENDING_SECONDS),
    ]
