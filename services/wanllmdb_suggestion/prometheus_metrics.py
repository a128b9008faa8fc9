"""The Prometheus metrics of the suggestion service; docs/operations.md lists them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# From a point of a grid to the longest that an agent waits before it asks again.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

SUGGESTS_TOGETHER = Histogram(
    "wanllmdb_suggestion_suggests_together",
    "Suggests answered in one round.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
PROPOSALS = Counter(
    "wanllmdb_suggestion_proposals_total",
    "Points that samplers proposed, including those that became no run.",
    ["sampler"],
)
SUGGEST_SECONDS = Histogram(
    "wanllmdb_suggestion_suggest_seconds",
    "Time from the queuing of a Suggest to its answer.",
    ["sampler"],
    buckets=_SECONDS,
)
SAMPLING_SECONDS = Histogram(
    "wanllmdb_suggestion_sampling_seconds",
    "Seconds spent choosing the points of one round.",
    ["sampler"],
    buckets=_SECONDS,
)
CONFLICTS = Counter(
    "wanllmdb_suggestion_conflicts_total",
    "Rounds that were repeated because their proposals conflicted with another replica's.",
)
MODEL_HITS = Counter(
    "wanllmdb_suggestion_model_hits_total",
    "Calls that found the sweep's model in memory.",
)
MODEL_MISSES = Counter(
    "wanllmdb_suggestion_model_misses_total",
    "Calls for which the sweep's model was first built from the registry.",
)
MODELS = Gauge(
    "wanllmdb_suggestion_models",
    "Sweep models in memory.",
)
MODEL_RUNS = Gauge(
    "wanllmdb_suggestion_model_runs",
    "Runs in the sweep models in memory.",
)
THREADS_BUSY = Gauge(
    "wanllmdb_suggestion_threads_busy",
    "Threads that choose parameters or decide whether runs stop.",
)
THREAD_WAIT_SECONDS = Histogram(
    "wanllmdb_suggestion_thread_wait_seconds",
    "Time that computations waited for a sampling thread.",
    buckets=_SECONDS,
)
THREADS_WAITED_FOR = Gauge(
    "wanllmdb_suggestion_threads_waited_for",
    "Computations that wait for a sampling thread.",
)
