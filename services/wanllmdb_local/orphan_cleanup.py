"""Stops the processes that a killed launcher left running.

On Linux, the processes of a killed launcher end too (see `parent_death_watch`), but not at once; on
other systems, they keep running. A launcher that holds the lock of the data directory is its only
user, so all processes found here are orphans.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from wanllmdb_local.errors import DataDirError, StartError
from wanllmdb_local.files import OddFileError, read_text

_STOP_SECONDS = 15.0
# No system uses higher pids.
_PIDS = 2**31


def stop_orphaned_postgres(pgdata: Path, *, by_force: bool = False) -> None:
    """Stop servers on this data directory and wait for their backends; kill them if `by_force`.

    Also removes a pid file whose process id now belongs to another program, since the file
    would keep PostgreSQL from starting.
    """

    def running() -> list[psutil.Process]:
        # The working directory of all PostgreSQL processes is the data directory.
        return _processes(lambda process: _runs_in(process, pgdata))

    deadline = time.monotonic() + _STOP_SECONDS
    how = signal.SIGKILL if by_force else signal.SIGINT
    signaled = False
    while left := running():
        if time.monotonic() > deadline:
            if how == signal.SIGKILL:
                raise StartError(
                    f"An orphaned PostgreSQL server on {pgdata} does not stop: "
                    f"process {left[0].pid}. Stop it and start again."
                )
            how, signaled = signal.SIGKILL, False
            deadline = time.monotonic() + _STOP_SECONDS
        if not signaled:
            for process in left:
                if how == signal.SIGKILL or _is_postmaster(process, pgdata):
                    _send(process, how)
            signaled = True
        time.sleep(0.05)
    # No server runs here, so a pid file belongs to a dead one. PostgreSQL detects that by itself,
    # unless another program has the id now.
    pid = _postmaster_pid(pgdata)
    if pid is not None and pid < _PIDS and psutil.pid_exists(pid):
        (pgdata / "postmaster.pid").unlink()


def stop_orphaned_services(records: ProcessRecords) -> None:
    """Stop services that a killed launcher left, since they may hold the ports."""
    left = records.alive()
    for process in left:
        _send(process, signal.SIGTERM)
    _gone, stubborn = psutil.wait_procs(left, timeout=_STOP_SECONDS)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=_STOP_SECONDS)


def read_postgres_file(file: Path) -> str:
    """Return the text of one of PostgreSQL's small files; empty if there is none.

    Raises:
        DataDirError: It is not a regular file, or does not hold text.
    """
    try:
        return read_text(file) or ""
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. PostgreSQL writes it at each start: if no PostgreSQL "
            "runs on this data, move the file away and start again."
        ) from None


def _processes(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if belongs(process)]


def _runs_in(process: psutil.Process, pgdata: Path) -> bool:
    try:
        if not process.name().startswith("postgres"):
            return False
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == pgdata
    except psutil.Error:
        # The process ended meanwhile, or belongs to another user: not one of ours.
        return False


def _is_postmaster(process: psutil.Process, pgdata: Path) -> bool:
    return process.pid == _postmaster_pid(pgdata)


def _postmaster_pid(pgdata: Path) -> int | None:
    first = read_postgres_file(pgdata / "postmaster.pid").partition("\n")[0].strip()
    return int(first) if re.fullmatch("[0-9]{1,10}", first) else None


def _send(process: psutil.Process, how: signal.Signals) -> None:
    try:
        process.send_signal(how)
    except psutil.NoSuchProcess:
        return


class ProcessRecords:
    """The launcher's processes on disk: pids with start times, since the system reuses pids."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, pids: list[int]) -> None:
        """Replace the recorded processes.

        Raises:
            DataDirError: The file can't be written.
        """
        entries = []
        for pid in pids:
            try:
                entries.append({"pid": pid, "started": psutil.Process(pid).create_time()})
            except psutil.NoSuchProcess:
                # It died already, so there is nothing to clean up.
                continue
        staging = self._file.with_name(self._file.name + ".new")
        try:
            staging.write_text(json.dumps(entries))
            staging.replace(self._file)
        except OSError as error:
            raise DataDirError(
                f"The file {error.filename or self._file} can't be written: {error.strerror}. "
                "Change that, or choose another directory with --data-dir."
            ) from error

    def clear(self) -> None:
        """Delete the records. If that fails, the next launcher finds the processes gone."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def alive(self) -> list[psutil.Process]:
        """Return the recorded processes that still run.

        Raises:
            DataDirError: The file is not a valid record.
        """
        found = []
        for pid, started in self._entries():
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1.0:
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def _entries(self) -> list[tuple[int, float]]:
        try:
            text = read_text(self._file)
            if text is None or not text.strip("\0"):
                # The file does not exist, or a power cut destroyed it; in both cases, no process
                # runs any more.
                return []
            return [_entry(noted) for noted in json.loads(text)]
        except OddFileError as error:
            problem = str(error)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            problem = "does not contain the processes of a platform"
        raise DataDirError(
            f"The file {self._file} {problem}. Nothing was changed. If no wanllmdb-registry, "
            "wanllmdb-suggestion or wanllmdb-gateway of a killed `up` runs any more, move the file "
            "away and start again."
        )


def _entry(noted: dict[str, object]) -> tuple[int, float]:
    pid, started = noted["pid"], noted["started"]
    if type(pid) is not int or not 0 < pid < _PIDS or not isinstance(started, int | float):
        raise ValueError("no process")
    return pid, float(started)
