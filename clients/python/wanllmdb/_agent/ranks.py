"""Whether this process is one of several of a run's program, and not the one that reports."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from wanllmdb import _env

_OF_ALL = (
    "RANK",
    "SLURM_PROCID",
    "OMPI_COMM_WORLD_RANK",
    "PMI_RANK",
    "PMIX_RANK",
    "MV2_COMM_WORLD_RANK",
    "JSM_NAMESPACE_RANK",
    "FLUX_TASK_RANK",
)
"""A process's number among all of a program: Lightning, accelerate and others read these."""

_OF_MACHINE = (
    "LOCAL_RANK",
    "SLURM_LOCALID",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MPI_LOCALRANKID",
    "MV2_COMM_WORLD_LOCAL_RANK",
    "JSM_NAMESPACE_LOCAL_RANK",
    "NODE_RANK",
    "GROUP_RANK",
)
"""Its number on its machine, and its machine's number."""

_STARTED_BY = (
    *("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"),
    *("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_STEPID"),
    *("OMPI_COMM_WORLD_SIZE", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE", "PMI_SIZE", "PMI_ID"),
)
"""Variables that tell one start of several processes from another one."""


def variables() -> str:
    """The variables of this process that say which of several it is, as JSON, for a child."""
    names = (*_OF_ALL, *_OF_MACHINE, *_STARTED_BY)
    return json.dumps({name: os.environ[name] for name in names if name in os.environ})


def silent_rank() -> str | None:
    """The variable, as `RANK=2`, by which this process is not the first of its program.

    None for the first one, for the only one, and where every one is to report. What the agent
    had in its own environment says nothing of its programs: `srun` numbers agents, too.
    """
    if _env.is_on(None, _env.ALL_RANKS):
        return None
    agents = _of_agent()
    is_same_start = all(os.environ.get(name) == agents.get(name) for name in _STARTED_BY)
    ranks = {
        name: number
        for name in (*_OF_ALL, *_OF_MACHINE)
        if (number := _number(os.environ.get(name))) is not None
        and not (is_same_start and os.environ[name] == agents.get(name))
    }
    # The variable that Lightning and accelerate go by comes first. A machine's own numbers
    # say something where no number among all does.
    for name in _OF_ALL:
        if name in ranks:
            return f"{name}={ranks[name]}" if ranks[name] else None
    return next((f"{name}={ranks[name]}" for name in _OF_MACHINE if ranks.get(name)), None)


def _of_agent() -> Mapping[str, str]:
    try:
        found = json.loads(os.environ.get(_env.AGENT_RANKS) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None
