"""The run cap: the number of runs that a sweep may create in all.

Two commands create runs, `CreateRuns` and `EnqueueRuns`, and each asks this module first. The
check runs in the transaction that creates the runs, so no two replicas exceed the cap together.
"""

from __future__ import annotations

from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_registry.domain.model import Sweep


def remaining_runs(sweep: Sweep) -> int | None:
    """Return how many more runs the sweep may create; None without a cap."""
    cap = sweep.spec.run_cap
    return None if cap is None else max(0, cap - sweep.next_number)


def allows_run(sweep: Sweep, number: int) -> bool:
    """Return whether the cap lets the sweep create a run with this number."""
    cap = sweep.spec.run_cap
    return cap is None or number < cap


def require_room_for(sweep: Sweep, count: int) -> None:
    """Check that the sweep may create `count` more runs.

    Raises:
        FailedPreconditionError: RUN_CAP_REACHED.
    """
    remaining = remaining_runs(sweep)
    if remaining is not None and count > remaining:
        raise FailedPreconditionError(
            "RUN_CAP_REACHED",
            f"sweep '{sweep.sweep_id}' has room for {remaining} more runs, not for "
            f"{count}: raise its run_cap of {sweep.spec.run_cap} first",
            sweep_id=sweep.sweep_id,
            run_cap=sweep.spec.run_cap,
            total_runs=sweep.next_number,
        )
