"""Errors that several RPCs answer with."""

from __future__ import annotations

from wanllmdb_common.errors import FailedPreconditionError


def no_metric(sweep_id: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NO_METRIC",
        f"sweep '{sweep_id}' has no metric, so no run is better than another; "
        "create it with one, such as metric: {name: loss, goal: minimize}",
        sweep_id=sweep_id,
    )
