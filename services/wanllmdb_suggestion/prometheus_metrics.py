"""What the suggestion service counts for Prometheus; docs/operations.md has a table of it."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SUGGESTS_TOGETHER = Histogram(
    "wanllmdb_suggestion_suggests_together",
    "Suggests that were answered in one round.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
PROPOSALS = Counter(
    "wanllmdb_suggestion_proposals_total",
    "Points that samplers proposed, also those that were not handed out in the end.",
    ["sampler"],
)
SAMPLING_SECONDS = Histogram(
    "wanllmdb_suggestion_sampling_seconds",
    "How long it took to choose the points of one round.",
    ["sampler"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CONFLICTS = Counter(
    "wanllmdb_suggestion_conflicts_total",
    "Rounds whose proposals met those of another replica and were made once more.",
)
MODEL_HITS = Counter(
    "wanllmdb_suggestion_model_hits_total",
    "Uses of a sweep's model that was in memory.",
)
MODEL_MISSES = Counter(
    "wanllmdb_suggestion_model_misses_total",
    "Uses of a sweep's model that had to be built from the registry first.",
)
MODELS = Gauge(
    "wanllmdb_suggestion_models",
    "Sweeps whose models are in memory.",
)
MODEL_RUNS = Gauge(
    "wanllmdb_suggestion_model_runs",
    "Runs that these models hold.",
)
THREADS_BUSY = Gauge(
    "wanllmdb_suggestion_threads_busy",
    "Threads that choose parameters or judge runs.",
)
THREADS_WAITED_FOR = Gauge(
    "wanllmdb_suggestion_threads_waited_for",
    "Computations that wait for such a thread.",
)
