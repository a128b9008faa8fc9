"""What the processes of one machine that report for the same run know of each other."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from wanllmdb import _env
from wanllmdb._spool import lock
from wanllmdb._types.runs import Run

_WIDTH = 8


class SoleReporter:
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
