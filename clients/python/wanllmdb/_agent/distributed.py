"""Distributed training: which of a run's processes reports."""

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
    """What starts several processes: the variables by which each knows its number.

    `of_all` number a process among all of its program: Lightning, accelerate and others read
    these. `of_machine` number it on its machine, and the machine. `start` tell one start of
    several processes from another one.
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
    """The variables of this process that say which of several it is, as JSON, for a child."""
    names = (name for each in _LAUNCHERS for name in (*each.of_all, *each.of_machine, *each.start))
    return json.dumps({name: os.environ[name] for name in names if name in os.environ})


def silent_rank() -> str | None:
    """The variable, as `RANK=2`, by which this process is not the first of its program.

    None for the first one, for the only one, and where every one is to report. What the agent
    had in its own environment says nothing of its programs: `srun` numbers agents, too.
    """
    if _env.is_on(None, _env.ALL_RANKS):
        return None
    agents = _of_agent()
    started = [each for each in _LAUNCHERS if _has_started(each, agents)]
    for launcher in started:
        for name in launcher.of_all:
            if (rank := _number(name)) is not None:
                return f"{name}={rank}" if rank else None
    # A machine's own numbers say something where there is no number among all.
    for launcher in started:
        for name in launcher.of_machine:
            if rank := _number(name):
                return f"{name}={rank}"
    return _rank_in_torch()


def _rank_in_torch() -> str | None:
    """The process's number in torch's group of processes, where it is not the first.

    A function that `torch.multiprocessing.spawn` calls gets its number as an argument, and may
    give it to `init_process_group` without any variable.
    """
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_initialized():
            return None
        rank = distributed.get_rank()
    except (AttributeError, RuntimeError, ValueError):
        # A build of torch without it.
        return None
    return f"torch.distributed.get_rank() = {rank}" if rank else None


def _has_started(launcher: _Launcher, agents: Mapping[str, str]) -> bool:
    """Whether it started this process, rather than its agent."""
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
    """Holds a lock from a run's first value on, and warns where another process has it.

    The locked file also holds the first step that none of them has used: so what a process
    reports comes after all that others have reported before, as it does in time.

    Where there are no locks, or the folder can't be written, it notices nothing.

    Args:
        spool: the folder of the spool, which the locks stand beside.
        run: the run, as handed out.
        warn: prints a line for people.
        is_owner: whether this process holds the run, and so removes the file at its end.
        is_resumed: whether an earlier life of the owner may have left one.
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
        """Holds, for all processes to read and set, the first step that none has used."""
        self.is_known = False
        """Whether nothing is left to be done before this process reports."""
        if is_owner and is_resumed:
            self._remove()

    def reports(self) -> None:
        """This process begins to report; warns where another one does so too."""
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
                f"call init(mode='disabled') in all but one, or say by {_env.ALL_RANKS}=1 that "
                f"all are to report"
            )

    def is_meant(self) -> None:
        """The program says that several processes report."""
        self.is_known = True

    def close(self) -> None:
        """This process reports no more."""
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
    """The number in a file, as all processes see it that have it open; 0 in an empty one."""
    try:
        # One that is there keeps its number.
        os.truncate(file.fileno(), _WIDTH)
        return memoryview(mmap.mmap(file.fileno(), _WIDTH)).cast("q")
    except (OSError, ValueError):
        return None
