"""Prometheus metrics of the registry; docs/operations.md lists them in a table."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# From a round trip on the same machine to the longest that a statement may take.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

POOL_CONNECTIONS = Gauge(
    "wanllmdb_registry_pool_connections",
    "Open connections to PostgreSQL.",
    ["pool"],
)
POOL_CONNECTIONS_IN_USE = Gauge(
    "wanllmdb_registry_pool_connections_in_use",
    "Connections to PostgreSQL in use by calls.",
    ["pool"],
)
POOL_CONNECTIONS_MAX = Gauge(
    "wanllmdb_registry_pool_connections_max",
    "Maximum number of connections to PostgreSQL.",
    ["pool"],
)
POOL_WAIT_SECONDS = Histogram(
    "wanllmdb_registry_pool_wait_seconds",
    "Time that calls waited for a connection.",
    ["pool"],
    buckets=_SECONDS,
)
COMMIT_CHANGES = Histogram(
    "wanllmdb_registry_commit_changes",
    "Changes committed in one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
COMMIT_SECONDS = Histogram(
    "wanllmdb_registry_commit_seconds",
    "Duration of a commit, from reading the sweep to the end of the transaction.",
    buckets=_SECONDS,
)
LEASES_EXPIRED = Counter(
    "wanllmdb_registry_leases_expired_total",
    "Runs whose lease expired.",
)
RETRIES_QUEUED = Counter(
    "wanllmdb_registry_retries_queued_total",
    "Lost or failed runs that were queued again.",
)
RUN_ENDS = Counter(
    "wanllmdb_registry_run_ends_total",
    "Ends of runs that agents reported, by outcome: succeeded, failed, pruned or canceled.",
    ["outcome"],
)
REPLIES_DELETED = Counter(
    "wanllmdb_registry_replies_deleted_total",
    "Stored responses that were deleted because of their age.",
)
SWEEPS_TO_PURGE = Gauge(
    "wanllmdb_registry_sweeps_to_purge",
    "Deleted sweeps that have rows left.",
)
ROWS_PURGED = Counter(
    "wanllmdb_registry_rows_purged_total",
    "Rows of deleted sweeps that this replica deleted.",
)
WATCHERS = Gauge(
    "wanllmdb_registry_watchers",
    "Open WatchSweep and WatchSweeps calls.",
)
