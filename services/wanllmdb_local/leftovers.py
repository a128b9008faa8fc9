"""What a launcher that was killed left running.

On Linux a killed launcher takes its processes with it (see `tether`), but not
at once, and elsewhere not at all. Whoever holds the data directory's lock is
alone on it, so everything found here belongs to nobody any more.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from .errors import DataDirError, StartError
from .process_records import ProcessRecords
from .small_files import OddFileError, read_text

_PATIENCE_SECONDS = 15.0
# No system gives out higher ones.
_PIDS = 2**31


def stop_left_over_postgres(pgdata: Path, *, by_force: bool = False) -> None:
    """Stops servers on this data directory and waits for their backends; by force, kills all.

    Also sets a pid file aside whose process id went to another program: it
    would keep PostgreSQL from starting.
    """

    def running() -> list[psutil.Process]:
        # PostgreSQL's processes all stand in the data directory.
        return _processes(lambda process: _runs_in(process, pgdata))

    deadline = time.monotonic() + _PATIENCE_SECONDS
    how = signal.SIGKILL if by_force else signal.SIGINT
    signaled = False
    while left := running():
        if time.monotonic() > deadline:
            if how == signal.SIGKILL:
                raise StartError(
                    f"A PostgreSQL server that was left on {pgdata} does not stop: "
                    f"process {left[0].pid}. Stop it and start again."
                )
            how, signaled = signal.SIGKILL, False
            deadline = time.monotonic() + _PATIENCE_SECONDS
        if not signaled:
            for process in left:
                if how == signal.SIGKILL or _is_postmaster(process, pgdata):
                    _send(process, how)
            signaled = True
        time.sleep(0.05)
    # Nothing runs here, so a pid file tells of a dead server. PostgreSQL finds
    # that out by itself, unless the id lives on in another program.
    pid = _postmaster_pid(pgdata)
    if pid is not None and pid < _PIDS and psutil.pid_exists(pid):
        (pgdata / "postmaster.pid").unlink()


def stop_left_over_services(records: ProcessRecords) -> None:
    """Stops services that a killed launcher left: they may hold the ports."""
    left = records.alive()
    for process in left:
        _send(process, signal.SIGTERM)
    _gone, stubborn = psutil.wait_procs(left, timeout=_PATIENCE_SECONDS)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=_PATIENCE_SECONDS)


def kept_by_postgres(file: Path) -> str:
    """What PostgreSQL noted in one of its small files; empty where there is none.

    Raises:
        DataDirError: It is no file, or holds something else than text.
    """
    try:
        return read_text(file) or ""
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. PostgreSQL makes it at each start: where no PostgreSQL "
            "runs on this data, move it away and start again."
        ) from None


def _processes(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if belongs(process)]


def _runs_in(process: psutil.Process, pgdata: Path) -> bool:
    try:
        if not process.name().startswith("postgres"):
            return False
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == pgdata
    except psutil.Error:
        # It ended meanwhile, or is another user's: not one of ours.
        return False


def _is_postmaster(process: psutil.Process, pgdata: Path) -> bool:
    return process.pid == _postmaster_pid(pgdata)


def _postmaster_pid(pgdata: Path) -> int | None:
    first = kept_by_postgres(pgdata / "postmaster.pid").partition("\n")[0].strip()
    return int(first) if re.fullmatch("[0-9]{1,10}", first) else None


def _send(process: psutil.Process, how: signal.Signals) -> None:
    try:
        process.send_signal(how)
    except psutil.NoSuchProcess:
        return
