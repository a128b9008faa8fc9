"""Which processes a launcher started, on disk, for the launcher after it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import psutil

from .errors import DataDirError
from .small_files import OddFileError, read_text

# No system gives out higher ones.
_PIDS = 2**31


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
