"""What a launcher that was killed left running.

On Linux a killed launcher takes its processes with it (see `parent_death_watch`), but not
at once, and elsewhere not at all. Whoever holds the data directory's lock is
alone on it, so everything found here belongs to nobody any more.
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


class ProcessRecords:
    """Pids with their start times, since the system gives pids out again."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, pids: list[int]) -> None:
        """Notes the processes in the place of those before.

        Raises:
            DataDirError: The file can't be written.
        """
        entries = []
        for pid in pids:
            try:
                entries.append({"pid": pid, "started": psutil.Process(pid).create_time()})
            except psutil.NoSuchProcess:
                # It died already: nothing to clean up.
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
        """Forgets them. Where that fails, the next launcher sees by itself that they are gone."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def alive(self) -> list[psutil.Process]:
        """Those of the records that still run.

        Raises:
            DataDirError: The file holds something else.
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
                # None, or lost by a power cut: then nothing runs any more.
                return []
            return [_entry(noted) for noted in json.loads(text)]
        except OddFileError as error:
            problem = str(error)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            problem = "holds something else than the processes of a platform"
        raise DataDirError(
            f"The file {self._file} {problem}. Nothing was changed. Where no wanllmdb-registry or "
            "wanllmdb-suggestion of an `up` that was killed runs any more, move it away and start "
            "again."
        )


def _entry(noted: dict[str, object]) -> tuple[int, float]:
    pid, started = noted["pid"], noted["started"]
    if type(pid) is not int or not 0 < pid < _PIDS or not isinstance(started, int | float):
        raise ValueError("no process")
    return pid, float(started)
