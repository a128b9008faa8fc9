"""Which processes a launcher started, on disk, for the launcher after it."""

from __future__ import annotations

import json
from pathlib import Path

import psutil


class ProcessRecords:
    """Pids with their start times, since the system gives pids out again."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, pids: list[int]) -> None:
        entries = []
        for pid in pids:
            try:
                entries.append({"pid": pid, "started": psutil.Process(pid).create_time()})
            except psutil.NoSuchProcess:
                # It died already: nothing to clean up.
                continue
        staging = self._file.with_name(self._file.name + ".new")
        staging.write_text(json.dumps(entries))
        staging.replace(self._file)

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def alive(self) -> list[psutil.Process]:
        """Those of the records that still run."""
        try:
            entries = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            # None, or cut short by a power cut: then nothing runs any more.
            return []
        found = []
        for entry in entries:
            try:
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["started"]) < 1.0:
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found
