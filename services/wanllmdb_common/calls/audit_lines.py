"""The destinations of audit lines: stderr, or a file that may be moved while it is written."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO, Protocol


class AuditLines(Protocol):
    """Writes whole lines, each before `write` returns: a process that is killed loses none."""

    def write(self, line: str) -> None:
        """Write a line of ASCII, given without its end.

        Raises:
            OSError: the line can't be written.
        """

    def close(self) -> None:
        """Write no more lines."""


def audit_lines(destination: str) -> AuditLines:
    """Return the writer for `stderr`, or else for the file with this path.

    Raises:
        OSError: the file can't be written.
    """
    return _Stderr() if destination == "stderr" else _File(destination)


class _Stderr:
    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, line: str) -> None:
        # One call, so that no line of another thread comes between.
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        pass


class _File:
    """A file, which is opened again once its path leads to another file or to none."""

    def __init__(self, path: str) -> None:
        # The process may change its working directory.
        self._path = Path(path).absolute()
        self._file = _opened(self._path)
        self._identity = _identity(os.fstat(self._file.fileno()))

    def write(self, line: str) -> None:
        try:
            self._follow()
        finally:
            # If the path can't be opened, the line goes to the moved file.
            self._file.write(f"{line}\n".encode("ascii"))
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _follow(self) -> None:
        """Open the path again if it leads to another file."""
        try:
            if _identity(self._path.stat()) == self._identity:
                return
        except FileNotFoundError:
            pass
        new = _opened(self._path)
        self._file.close()
        self._file, self._identity = new, _identity(os.fstat(new.fileno()))


def _opened(path: Path) -> BinaryIO:
    return path.open("ab")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
