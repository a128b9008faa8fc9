"""A run as an agent gets one."""

from __future__ import annotations

from wanllmdb import Run, RunOrigin, RunState


def run(number: int = 0) -> Run:
    """Return a run without parameters that was just assigned."""
    return Run(
        sweep_id="sweep",
        number=number,
        state=RunState.RUNNING,
        parameters={},
        objective=None,
        attempt=1,
        origin=RunOrigin.UNKNOWN,
        agent_id="a",
        error=None,
        external_run_id="",
        labels={},
        summary={},
        last_step=None,
        revision=1,
        create_time=None,
        start_time=None,
        end_time=None,
        lease_expire_time=None,
        objectives=(),
        name="",
        config={},
    )
