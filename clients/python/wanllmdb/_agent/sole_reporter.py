"""Notices that several processes of one machine report for the same run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from wanllmdb import _env
from wanllmdb._spool import lock
from wanllmdb._types.run import Run


class SoleReporter:
    """Holds a lock from a run's first value on, and warns where another process has it.

    Nothing depends on it: where there are no locks, or the folder can't be written, it notices
    nothing.

    Args:
        spool: the folder of the spool, which the locks stand beside.
        run: the run, as handed out.
        warn: prints a line for people.
    """

    def __init__(self, spool: Path, run: Run, warn: Callable[[str], None]) -> None:
        name = f"{quote(run.sweep_id, safe='')}-{run.number}-{run.attempt}.lock"
        self._path = spool.with_name(f"{spool.name}.reporting") / name
        self._run = run
        self._warn = warn
        self._file: BinaryIO | None = None
        self._is_known = False

    def reports(self) -> None:
        """This process reports; warns, once, where another one does too."""
        if self._is_known:
            return
        self._is_known = True
        if _env.is_on(None, _env.ALL_RANKS):
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0)
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
        self._is_known = True

    def close(self) -> None:
        """This process reports no more."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
            file.close()
