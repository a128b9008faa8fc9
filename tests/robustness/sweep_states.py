"""Final states, and the permitted transitions of a run."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2

FINAL_SWEEP_STATES = frozenset(
    [
        sweep_pb2.SWEEP_STATE_FINISHED,
        sweep_pb2.SWEEP_STATE_FAILED,
        sweep_pb2.SWEEP_STATE_CANCELED,
    ]
)

QUEUED = run_pb2.RUN_STATE_QUEUED
RUNNING = run_pb2.RUN_STATE_RUNNING
FINISHED = run_pb2.RUN_STATE_FINISHED
PRUNED = run_pb2.RUN_STATE_PRUNED
FAILED = run_pb2.RUN_STATE_FAILED
LOST = run_pb2.RUN_STATE_LOST
CANCELED = run_pb2.RUN_STATE_CANCELED

FINAL_RUN_STATES = frozenset([FINISHED, PRUNED, FAILED, LOST, CANCELED])
# A run in one of these states changes only if a user retries it; a lost run may still get its late
# result.
CLOSED_RUN_STATES = FINAL_RUN_STATES - {LOST}

# The states that a user may retry as a whole. Of finished runs, only those without an objective
# may be retried, and only by number.
RETRYABLE_RUN_STATES = (FAILED, LOST, CANCELED, PRUNED)
