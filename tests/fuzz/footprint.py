"""The cost of an input to the servers' machine: log lines and memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

# A flood of some hundred calls may write a line for each call and fill gRPC's buffers.
MOST_LOG_BYTES = 512 * 1024
MOST_MEMORY = 96 * 1024 * 1024


@dataclass(frozen=True)
class Footprint:
    """The length of the logs, by file, and the memory that the processes hold."""

    logs: dict[Path, int]
    memory: int

    @classmethod
    def of(cls, pids: Iterable[int], logs: Path) -> Self:
        """Return the present footprint."""
        return cls(
            {log: log.stat().st_size for log in logs.glob("*.log")},
            sum(psutil.Process(pid).memory_info().rss for pid in pids if psutil.pid_exists(pid)),
        )

    def faults_of(self, after: Self) -> list[str]:
        """Return the parts of the difference that exceed what an input may cost."""
        faults = []
        for log, size in after.logs.items():
            begin = self.logs.get(log, 0)
            if size - begin > MOST_LOG_BYTES:
                faults.append(f"{size - begin} bytes were logged in {log.name}")
            with log.open("rb") as file:
                file.seek(begin)
                written = file.read(MOST_LOG_BYTES)
            _, begun, rest = written.partition(b"Traceback (")
            if begun:
                # The end of the log shows what it was.
                end = rest[:6_000].decode(errors="replace").rstrip()[-1_500:]
                faults.append(f"a traceback was logged in {log.name}: ...{end}")
        if after.memory - self.memory > MOST_MEMORY:
            faults.append(f"memory grew by {(after.memory - self.memory) >> 20} MiB")
        return faults
