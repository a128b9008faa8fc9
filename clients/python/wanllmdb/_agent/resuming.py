"""Taking up the runs that an agent held in an earlier life."""

from __future__ import annotations

import math
import os

from wanllmdb import _env
from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.runs import Run
from wanllmdb._types.sweeps import Sweep


def agent_name(given: str | None, *, resume: bool) -> str | None:
    """The agent's name: as given, else WANLLMDB_AGENT_ID; None where there is neither.

    Raises:
        InvalidArgumentError: it is to resume, and nobody says as whom.
    """
    name = given or os.environ.get(_env.AGENT_ID) or None
    if resume and name is None:
        raise InvalidArgumentError(
            f"resume needs the name under which the agent worked before: give one that stays the "
            f"same when the job is started again, by agent_id=, --agent-id or {_env.AGENT_ID}"
        )
    return name


def name_of_slot(agent_id: str, slot: int) -> str:
    """The name under which one of an agent's loops takes runs: each resumes its own."""
    return f"{agent_id}/{slot}" if slot else agent_id


def schedule_of(
    client: Client, sweep: Sweep, run: Run, next_check: int | None, *, resumed: bool
) -> CheckSchedule:
    """When early termination is asked; for a resumed run by what it reported before."""
    metric = sweep.spec.metric.name if sweep.spec.metric is not None else None
    if not resumed or metric is None or next_check is None or run.last_step is None:
        return CheckSchedule(metric, next_check)
    history = client.get_metric_history(
        run.sweep_id, run.number, names=[metric], attempt=run.attempt
    ).get(metric)
    steps = (
        [point.step for point in history.points if math.isfinite(point.value)] if history else []
    )
    return CheckSchedule(metric, next_check, count=len(steps), last_step=steps[-1] if steps else -1)
