"""Size limits of stored objects: each object fits into every message that contains it.

gRPC clients accept messages of 4 MiB by default, so no answer may be larger. Each part of a run
and of a sweep has its own limit, in bytes as protobuf encodes it, and the sums below stay within
one message: what one caller may write, every caller can read. A test builds the largest objects
and sends them through every RPC that returns them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from wanllmdb_common.algorithms.samplers import MAX_SAMPLER_STATE_BYTES
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.limits import MAX_RUN_BYTES
from wanllmdb_registry.domain.model import Run

KIB: Final = 1024
MIB: Final = 1024 * KIB

# The largest message that every client accepts.
MESSAGE_BYTES: Final = 4 * MIB
# Size of pages and lists; the rest of a message holds the other fields.
PAGE_BYTES: Final = 3 * MIB
# Size of what one page reads from the database, plus a last row that begins below this limit.
READ_BYTES: Final = 3 * MIB
# The same for streams, which hold the rows in memory until their reader has taken them.
STREAM_BYTES: Final = 1 * MIB
# Bytes of runs that a sync reads at once: both services encode and decode the whole message of them
# at once, which keeps their event loops for some milliseconds.
SYNC_BYTES: Final = 512 * 1024

# Bytes of a character in UTF-8, at most.
_UTF8: Final = 4
# Bytes of the tags and lengths of a map's entry.
ENTRY_BYTES: Final = 12

# Characters of names, agent ids and external ids.
MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 10_000
MAX_END_MESSAGE: Final = 4_096
MAX_ERROR_MESSAGE: Final = 4_096
MAX_TRACEBACK: Final = 65_536

# Limits of one run; those of parameters, config and labels include the names.
MAX_PARAMETERS_BYTES: Final = MAX_RUN_BYTES
MAX_CONFIG_BYTES: Final = 256 * KIB
MAX_LABELS_BYTES: Final = 128 * KIB
# Metrics that a run may report besides those of its sweep, and the bytes of their names. The
# sweep's own metrics always fit.
MAX_METRICS: Final = 10_000
MAX_METRIC_BYTES: Final = 1 * MIB
# The state of CMA-ES grows with the square of the number of parameters; a config with too many
# parameters for this limit is rejected.
MAX_SAMPLER_BYTES: Final = MAX_SAMPLER_STATE_BYTES

# Limits of one sweep.
MAX_SWEEP_METRICS: Final = 10
MAX_SPEC_BYTES: Final = 1 * MIB

# Size of the runs that one request queues or assigns: their parameters and labels, and the config
# of queued runs. The rest of an answer holds their ids, agents and times.
MAX_TOGETHER_BYTES: Final = 2560 * KIB
MAX_TOGETHER: Final = 1_000
# Warnings about a sweep's config, and characters of each.
MAX_WARNINGS: Final = 100
MAX_WARNING: Final = 1_000

# Metric values of one request.
MAX_VALUES: Final = 10_000

# Bytes of ids, numbers, states and times.
_FIXED_BYTES: Final = 512
_NAME_BYTES: Final = _UTF8 * MAX_NAME
_OWN_METRICS_BYTES: Final = MAX_SWEEP_METRICS * _NAME_BYTES
_SUMMARY_BYTES: Final = (
    MAX_METRIC_BYTES + _OWN_METRICS_BYTES + (MAX_METRICS + MAX_SWEEP_METRICS) * (ENTRY_BYTES + 8)
)

# The largest messages.
RUN_BYTES: Final = (
    MAX_PARAMETERS_BYTES
    + MAX_CONFIG_BYTES
    + MAX_LABELS_BYTES
    + _SUMMARY_BYTES
    + _UTF8 * (MAX_ERROR_MESSAGE + MAX_TRACEBACK)
    + 4 * _NAME_BYTES
    + 9 * MAX_SWEEP_METRICS
    + _FIXED_BYTES
)
BEST_RUN_BYTES: Final = MAX_PARAMETERS_BYTES + _FIXED_BYTES
SWEEP_BYTES: Final = (
    MAX_SPEC_BYTES
    + BEST_RUN_BYTES
    + _UTF8 * (MAX_DESCRIPTION + MAX_END_MESSAGE)
    + 4 * _NAME_BYTES
    + _FIXED_BYTES
)
SYNCED_RUN_BYTES: Final = MAX_PARAMETERS_BYTES + MAX_SAMPLER_BYTES + _FIXED_BYTES
# Bytes of a point of the sweep's metric in SyncRuns: number, attempt, step and value.
POINT_BYTES: Final = 40
# Bytes of a point of a history: step, value and time.
HISTORY_POINT_BYTES: Final = 40

# The size of each answer that contains one of these messages.
_LARGEST_ANSWERS: Final = {
    "GetRun, WatchSweep": RUN_BYTES,
    "FinishRun": RUN_BYTES + BEST_RUN_BYTES,
    "GetSweep, WatchSweep": SWEEP_BYTES,
    "CreateSweep, UpdateSweep": SWEEP_BYTES + _UTF8 * MAX_WARNINGS * MAX_WARNING,
    "EnqueueRuns, CreateRuns": MAX_TOGETHER_BYTES + MAX_TOGETHER * (_NAME_BYTES + _FIXED_BYTES),
    "RetryRuns, CancelRuns": SWEEP_BYTES + MAX_TOGETHER * 10,
    "ResumeRuns": PAGE_BYTES,
    # A sweep that changed, one run, and what one request reported of the sweep's metric.
    "SyncRuns": SWEEP_BYTES + SYNCED_RUN_BYTES + MAX_VALUES * POINT_BYTES,
    "pages": PAGE_BYTES + _FIXED_BYTES,
}
for _answer, _bytes in _LARGEST_ANSWERS.items():
    if _bytes + 4 * KIB > MESSAGE_BYTES:
        raise AssertionError(f"an answer of {_answer} may take {_bytes:,} bytes: too many")


def size_of_name(name: str) -> int:
    """Return how many of MAX_METRIC_BYTES a metric's name takes."""
    return len(name) if name.isascii() else len(name.encode())


def size_of_values(values: Mapping[str, ParameterValue]) -> int:
    """Return the largest number of bytes that values by name take in a message."""
    return sum(
        # Lists and objects are sent as JSON; a number takes 10 bytes at most.
        size_of_name(name) + ENTRY_BYTES + max(len(json.dumps(value, sort_keys=True)) + 4, 12)
        for name, value in values.items()
    )


def size_of_labels(labels: Mapping[str, str]) -> int:
    """Return the largest number of bytes that labels take in a message."""
    return sum(
        size_of_name(key) + size_of_name(value) + ENTRY_BYTES for key, value in labels.items()
    )


def size_of_run(run: Run) -> int:
    """Return the largest number of bytes that the message of a run takes."""
    size = _FIXED_BYTES + 4 * _NAME_BYTES + 9 * len(run.objectives)
    size += size_of_values(run.parameters) + size_of_values(run.config)
    size += size_of_labels(run.labels)
    size += sum(size_of_name(name) + ENTRY_BYTES + 8 for name in run.summary)
    if run.error is not None:
        size += size_of_name(run.error.message) + size_of_name(run.error.traceback)
    return size
