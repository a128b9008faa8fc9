"""Distributed training: which of a run's processes reports metrics."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from wanllmdb import _env
from wanllmdb._spool import lock
from wanllmdb._types.runs import Run


@dataclass(frozen=True, slots=True)
class _Launcher:
    """A launcher of several processes, by the variables that it sets in each.

    `of_all` hold the rank among all processes of the program, which Lightning, accelerate and
    others read. `of_machine` hold the rank on the machine, and the machine's rank. `start`
    distinguish one launch of several processes from another one.
    """

    of_all: tuple[str, ...]
    of_machine: tuple[str, ...] = ()
    start: tuple[str, ...] = ()


_LAUNCHERS = (
    _Launcher(
        ("RANK",),
        ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK"),
        ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"),
    ),
    _Launcher(
        ("SLURM_PROCID",), ("SLURM_LOCALID",), ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_STEPID")
    ),
    _Launcher(
        ("OMPI_COMM_WORLD_RANK",),
        ("OMPI_COMM_WORLD_LOCAL_RANK",),
        ("OMPI_COMM_WORLD_SIZE", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE"),
    ),
    _Launcher(
        ("PMI_RANK", "PMIX_RANK"), ("MPI_LOCALRANKID",), ("PMI_SIZE", "PMI_ID", "PMIX_NAMESPACE")
    ),
    _Launcher(("MV2_COMM_WORLD_RANK",), ("MV2_COMM_WORLD_LOCAL_RANK",), ("MV2_COMM_WORLD_SIZE",)),
    _Launcher(("JSM_NAMESPACE_RANK",), ("JSM_NAMESPACE_LOCAL_RANK",), ("JSM_NAMESPACE_SIZE",)),
    _Launcher(("FLUX_TASK_RANK",), ("FLUX_TASK_LOCAL_ID",), ("FLUX_JOB_ID",)),
)


def variables() -> str:
    """Return this process's rank variables as JSON, for a child process."""
    names = (name for each in _LAUNCHERS for name in (*each.of_all, *each.of_machine, *each.start))
    return json.dumps({name: os.environ[name] for name in names if name in os.environ})


def silent_rank() -> str | None:
    """Return the variable, such as `RANK=2`, that makes this process a silent one.

    None for the first process, for a single process, and if every process reports. The ranks in
    the agent's own environment are ignored, since `srun` also numbers agents.
    """
    if _env.is_on(None, _env.ALL_RANKS):
        return None
    agents = _of_agent()
    started = [each for each in _LAUNCHERS if _has_started(each, agents)]
    for launcher in started:
        for name in launcher.of_all:
            if (rank := _number(name)) is not None:
                return f"{name}={rank}" if rank else None
    # Ranks on the machine count only if there is no rank among all processes.
    for launcher in started:
        for name in launcher.of_machine:
            if rank := _number(name):
                return f"{name}={rank}"
    return _rank_in_torch()


def _rank_in_torch() -> str | None:
    """Return the rank in torch's process group if it is not 0, else None.

    A function that `torch.multiprocessing.spawn` calls gets its rank as an argument, and may
    pass it to `init_process_group` without any variable.
    """
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_initialized():
            return None
        rank = distributed.get_rank()
    except (AttributeError, RuntimeError, ValueError):
        # This build of torch has no torch.distributed.
        return None
    return f"torch.distributed.get_rank() = {rank}" if rank else None


def _has_started(launcher: _Launcher, agents: Mapping[str, str]) -> bool:
    """Return whether the launcher started this process, rather than the agent."""
    names = (*launcher.of_all, *launcher.of_machine, *launcher.start)
    return any(os.environ.get(name) != agents.get(name) for name in names)


def _of_agent() -> Mapping[str, str]:
    try:
        found = json.loads(os.environ.get(_env.AGENT_RANKS) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "").strip()
    return int(text) if text.isdecimal() else None


_WIDTH = 8


class ReportingLock:
    """A lock held from a run's first value on; warns if another process holds it.

    The locked file also stores the first step that no process has used, so that the values of a
    process come after all values that others reported earlier.

    Without file locks, or with a read-only folder, the lock has no effect.

    Args:
        spool: the folder of the spool; the folder of the locks is beside it.
        run: the run as it was assigned.
        warn: prints a line for people.
        is_owner: whether this process holds the run, and so removes the file at its end.
        is_resumed: whether an earlier process of the owner may have left a file.
    """

    def __init__(
        self,
        spool: Path,
        run: Run,
        warn: Callable[[str], None],
        *,
        is_owner: bool,
        is_resumed: bool,
    ) -> None:
        name = f"{quote(run.sweep_id, safe='')}-{run.number}-{run.attempt}.lock"
        self._path = spool.with_name(f"{spool.name}.reporting") / name
        self._run = run
        self._warn = warn
        self._is_owner = is_owner
        self._file: BinaryIO | None = None
        self.shared_step: memoryview[int] | None = None
        """The first step that no process has used, in memory that all processes share."""
        self.is_known = False
        """Whether this process has taken the lock, or needs none."""
        if is_owner and is_resumed:
            self._remove()

    def acquire(self) -> None:
        """Take the lock before the first report; warn if another process holds it."""
        if self.is_known:
            return
        self.is_known = True
        if _env.is_on(None, _env.ALL_RANKS):
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0)
            self.shared_step = _shared_number(file)
            if lock(file):
                self._file = file
                return
            file.close()
            self._warn(
                f"two processes report values of run {self._run.number}, and the last one counts: "
                f"call init(mode='disabled') in all processes but one, or set "
                f"{_env.ALL_RANKS}=1 if all are meant to report"
            )

    def skip(self) -> None:
        """Take no lock, since the program intends several processes to report."""
        self.is_known = True

    def close(self) -> None:
        """Release the lock, since this process reports no more."""
        self.shared_step = None
        if self._is_owner:
            self._remove()
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _shared_number(file: BinaryIO) -> memoryview[int] | None:
    """Return the number in a file, shared by all processes that map it; 0 if it is empty."""
    try:
        # A number that is already there is kept.
        os.truncate(file.fileno(), _WIDTH)
        return memoryview(mmap.mmap(file.fileno(), _WIDTH)).cast("q")
    except (OSError, ValueError):
        return None
