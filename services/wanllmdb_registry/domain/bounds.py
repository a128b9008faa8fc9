"""How large what is kept may be, so that every message that shows it fits.

gRPC clients take 4 MiB a message by default, so no answer may be larger. Each part of a run
and of a sweep has a bound of its own, in bytes as protobuf encodes it, and the sums below stay
within a message: what a caller may write, every caller can read. A test builds the largest
objects and sends them through every RPC that returns them.
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

# What every client takes.
MESSAGE_BYTES: Final = 4 * MIB
# What pages and lists hold: the rest of a message is for what comes with them.
PAGE_BYTES: Final = 3 * MIB
# What one page reads from the database at most, beside a last row that begins below it.
READ_BYTES: Final = 3 * MIB
# The same for streams, which keep it as long as their reader takes.
STREAM_BYTES: Final = 1 * MIB

# A character takes 4 bytes in UTF-8 at most.
_UTF8: Final = 4
# The tags and lengths of an entry of a map.
ENTRY_BYTES: Final = 12

# Of names, agents' ids and outside ids.
MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 10_000
MAX_END_MESSAGE: Final = 4_096
MAX_ERROR_MESSAGE: Final = 4_096
MAX_TRACEBACK: Final = 65_536

# Of one run. Names and values.
MAX_PARAMETERS_BYTES: Final = MAX_RUN_BYTES
MAX_CONFIG_BYTES: Final = 256 * KIB
MAX_LABELS_BYTES: Final = 128 * KIB
# Metrics that a run reports beside those of its sweep, which always fit, and their names.
MAX_METRICS: Final = 10_000
MAX_METRIC_BYTES: Final = 1 * MIB
# Of CMA-ES it grows with the square of the parameters: a config with more than fit is refused.
MAX_SAMPLER_BYTES: Final = MAX_SAMPLER_STATE_BYTES

# Of one sweep.
MAX_SWEEP_METRICS: Final = 10
MAX_SPEC_BYTES: Final = 1 * MIB

# Of runs that one request queues or hands out: parameters and labels, and what else there is of a
# queued run. The rest of an answer is for their ids, agents and times.
MAX_TOGETHER_BYTES: Final = 2560 * KIB
MAX_TOGETHER: Final = 1_000
# Of what a sweep's creator is warned of.
MAX_WARNINGS: Final = 100
MAX_WARNING: Final = 1_000

# Values that one request reports.
MAX_VALUES: Final = 10_000

# Ids, numbers, states and times.
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
# Of a point of the sweep's metric in a sync: number, attempt, step and value.
POINT_BYTES: Final = 40
# Of a history: step, value and time.
HISTORY_POINT_BYTES: Final = 40

# Each answer with one of them, beside what comes with it.
_LARGEST_ANSWERS: Final = {
    "GetRun, WatchSweep": RUN_BYTES,
    "FinishRun": RUN_BYTES + BEST_RUN_BYTES,
    "GetSweep, WatchSweep": SWEEP_BYTES,
    "CreateSweep, UpdateSweep": SWEEP_BYTES + _UTF8 * MAX_WARNINGS * MAX_WARNING,
    "EnqueueRuns, CreateRuns": MAX_TOGETHER_BYTES + MAX_TOGETHER * (_NAME_BYTES + _FIXED_BYTES),
    "RetryRuns": SWEEP_BYTES + MAX_TOGETHER * 10,
    "ResumeRuns": PAGE_BYTES,
    # A sweep that changed, one run, and what one request reported of the sweep's metric.
    "SyncRuns": SWEEP_BYTES + SYNCED_RUN_BYTES + MAX_VALUES * POINT_BYTES,
    "pages": PAGE_BYTES + _FIXED_BYTES,
}
for _answer, _bytes in _LARGEST_ANSWERS.items():
    if _bytes + 4 * KIB > MESSAGE_BYTES:
        raise AssertionError(f"an answer of {_answer} may take {_bytes:,} bytes: too many")


def size_of_name(name: str) -> int:
    """How many of MAX_METRIC_BYTES a metric's name takes."""
    return len(name) if name.isascii() else len(name.encode())


def size_of_values(values: Mapping[str, ParameterValue]) -> int:
    """How many bytes values by name take in a message, at most."""
    return sum(
        # JSON is how lists and objects are sent; a number takes 10 bytes at most.
        size_of_name(name) + ENTRY_BYTES + max(len(json.dumps(value, sort_keys=True)) + 4, 12)
        for name, value in values.items()
    )


def size_of_labels(labels: Mapping[str, str]) -> int:
    """How many bytes labels take in a message, at most."""
    return sum(
        size_of_name(key) + size_of_name(value) + ENTRY_BYTES for key, value in labels.items()
    )


def size_of_run(run: Run) -> int:
    """How many bytes the message of a run takes, at most."""
    size = _FIXED_BYTES + 4 * _NAME_BYTES + 9 * len(run.objectives)
    size += size_of_values(run.parameters) + size_of_values(run.config)
    size += size_of_labels(run.labels)
    size += sum(size_of_name(name) + ENTRY_BYTES + 8 for name in run.summary)
    if run.error is not None:
        size += size_of_name(run.error.message) + size_of_name(run.error.traceback)
    return size
