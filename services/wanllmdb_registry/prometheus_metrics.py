"""What the registry counts for Prometheus; docs/operations.md has a table of it."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# From a round trip on the same machine to the limit of a statement.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

POOL_CONNECTIONS = Gauge(
    "wanllmdb_registry_pool_connections",
    "Connections to PostgreSQL that are open.",
    ["pool"],
)
POOL_CONNECTIONS_IN_USE = Gauge(
    "wanllmdb_registry_pool_connections_in_use",
    "Connections to PostgreSQL that a call uses.",
    ["pool"],
)
POOL_CONNECTIONS_MAX = Gauge(
    "wanllmdb_registry_pool_connections_max",
    "Connections to PostgreSQL that may be open.",
    ["pool"],
)
POOL_WAIT_SECONDS = Histogram(
    "wanllmdb_registry_pool_wait_seconds",
    "How long calls waited for a connection.",
    ["pool"],
    buckets=_SECONDS,
)
COMMIT_CHANGES = Histogram(
    "wanllmdb_registry_commit_changes",
    "Changes that were committed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
COMMIT_SECONDS = Histogram(
    "wanllmdb_registry_commit_seconds",
    "How long a commit of changes took, from reading the sweep to the end of its transaction.",
    buckets=_SECONDS,
)
LEASES_EXPIRED = Counter(
    "wanllmdb_registry_leases_expired_total",
    "Runs whose lease ran out.",
)
RETRIES_QUEUED = Counter(
    "wanllmdb_registry_retries_queued_total",
    "Runs that were queued again, after they were lost or failed.",
)
REPLIES_DELETED = Counter(
    "wanllmdb_registry_replies_deleted_total",
    "Stored answers that were deleted since nobody asks for them any more.",
)
WATCHERS = Gauge(
    "wanllmdb_registry_watchers",
    "Callers who watch a sweep.",
)
