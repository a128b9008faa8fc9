"""The dashboard of services: whether they answer, what limits them, and what they use."""

from __future__ import annotations

from deploy.monitoring.grafana.panels import (
    Page,
    Panel,
    Query,
    Row,
    mean,
    quantile,
    quantiles,
    rate,
)

_OURS = 'job=~".*wanllmdb.*"'

_CALLS = Row(
    "Calls",
    (
        Panel(
            "Ready",
            "Replicas whose dependency is available. A registry's is the database.",
            "short",
            (
                Query("sum by (job) (wanllmdb_ready)", "{{job}} ready"),
                Query(f"sum by (job) (up{{{_OURS}}})", "{{job}} up"),
            ),
        ),
        Panel(
            "Errors",
            "Calls that failed by no fault of their caller's.",
            "ops",
            (
                Query(
                    rate(
                        "wanllmdb_rpcs_total",
                        "job, code",
                        'code=~"INTERNAL|UNKNOWN|DATA_LOSS|UNAVAILABLE|DEADLINE_EXCEEDED"',
                    ),
                    "{{job}} {{code}}",
                ),
            ),
        ),
        Panel(
            "Calls by RPC",
            "Finished calls.",
            "ops",
            (Query(rate("wanllmdb_rpcs_total", "job, rpc"), "{{job}} {{rpc}}"),),
        ),
        Panel(
            "Calls by code",
            "Errors of callers are among them.",
            "ops",
            (Query(rate("wanllmdb_rpcs_total", "code"), "{{code}}"),),
            stacked=True,
        ),
        Panel(
            "Latency by RPC",
            "The slowest in twenty, without watches.",
            "s",
            (
                Query(
                    quantile(0.95, "wanllmdb_rpc_duration_seconds", "job, rpc"),
                    "{{job}} {{rpc}}",
                ),
            ),
        ),
        Panel(
            "In progress",
            "Calls, and open watches.",
            "short",
            (
                Query("sum by (job) (wanllmdb_rpcs_in_flight)", "{{job}}"),
                Query("sum (wanllmdb_registry_watchers)", "watches"),
            ),
        ),
    ),
)

_DATABASE = Row(
    "Database",
    (
        Panel(
            "Pool",
            "Connections in use, open and allowed. At the limit, calls wait.",
            "short",
            (
                Query("sum by (pool) (wanllmdb_registry_pool_connections_in_use)", "{{pool}} used"),
                Query("sum by (pool) (wanllmdb_registry_pool_connections)", "{{pool}} open"),
                Query("sum by (pool) (wanllmdb_registry_pool_connections_max)", "{{pool}} allowed"),
            ),
        ),
        Panel(
            "Wait for a connection",
            "Above 0.1 s, the pool is too small or the database is slow.",
            "s",
            quantiles("wanllmdb_registry_pool_wait_seconds", "pool"),
        ),
        Panel(
            "Commit",
            "From reading the sweep to the end of the transaction.",
            "s",
            quantiles("wanllmdb_registry_commit_seconds"),
        ),
        Panel(
            "Changes",
            "Changes that share a transaction, and stored answers that were deleted.",
            "short",
            (
                Query(mean("wanllmdb_registry_commit_changes"), "changes a transaction"),
                Query(rate("wanllmdb_registry_replies_deleted_total"), "answers deleted a second"),
            ),
        ),
        Panel(
            "Purge",
            "Deleted sweeps that have rows left, and their rows that were deleted.",
            "short",
            (
                Query("max (wanllmdb_registry_sweeps_to_purge)", "sweeps to purge"),
                Query(rate("wanllmdb_registry_rows_purged_total"), "rows purged a second"),
            ),
        ),
    ),
)

_MODELS = Row(
    "Models of sweeps",
    (
        Panel(
            "Models",
            "Models in memory, and their runs (about 3 KB each).",
            "short",
            (
                Query("sum by (instance) (wanllmdb_suggestion_models)", "{{instance}} models"),
                Query("sum by (instance) (wanllmdb_suggestion_model_runs)", "{{instance}} runs"),
            ),
        ),
        Panel(
            "Models built",
            "The share of calls for which a model was built first.",
            "percentunit",
            (
                Query(
                    f"{rate('wanllmdb_suggestion_model_misses_total', 'instance')}"
                    f" / ({rate('wanllmdb_suggestion_model_misses_total', 'instance')}"
                    f" + {rate('wanllmdb_suggestion_model_hits_total', 'instance')})",
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            "Threads",
            "Threads that compute, and computations that wait for one.",
            "short",
            (
                Query("sum by (instance) (wanllmdb_suggestion_threads_busy)", "{{instance}} busy"),
                Query(
                    "sum by (instance) (wanllmdb_suggestion_threads_waited_for)",
                    "{{instance}} waiting",
                ),
            ),
        ),
        Panel(
            "Gateway",
            "Requests that it rejects, and sign-ins.",
            "ops",
            (
                Query(rate("wanllmdb_gateway_rejected_total", "rule"), "rejected: {{rule}}"),
                Query(rate("wanllmdb_gateway_sign_ins_total", "result"), "sign-ins: {{result}}"),
            ),
        ),
    ),
)

_PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Event loop",
            "Above 0.1 s, the process has too little processor time.",
            "s",
            (
                Query(
                    quantile(0.9, "wanllmdb_event_loop_lag_seconds", "job, instance"),
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            "Processors",
            "Processors in use.",
            "short",
            (
                Query(
                    rate("process_cpu_seconds_total", "job, instance", _OURS),
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            "Memory",
            "Resident memory.",
            "bytes",
            (
                Query(
                    f"sum by (job, instance) (process_resident_memory_bytes{{{_OURS}}})",
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            "File descriptors",
            "The share in use. Each agent holds one of each service.",
            "percentunit",
            (
                Query(
                    f"process_open_fds{{{_OURS}}} / process_max_fds{{{_OURS}}}",
                    "{{job}} {{instance}}",
                ),
            ),
        ),
    ),
)

PAGE = Page(
    "wanllmdb-services",
    "wanllmdb: services",
    "Do the services answer, and what limits them?",
    (_CALLS, _DATABASE, _MODELS, _PROCESSES),
)
