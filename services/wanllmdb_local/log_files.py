"""The log files of a platform's parts."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO

from .errors import DataDirError
from .small_files import OddFileError, refuse_odd

_ROTATE_BYTES = 20 * 1024 * 1024


def open_log(file: Path) -> IO[bytes]:
    """Opens a log to append to; a large one is set aside as NAME.1 first.

    Raises:
        DataDirError: It can't be written.
    """
    try:
        return _open(file)
    except FileExistsError:
        problem = f"{file.parent} is a file, and the folder of the logs belongs there"
    except OSError as error:
        # A pipe that nothing reads is no such device.
        problem = f"The log {error.filename or file} can't be written: {error.strerror}"
    except OddFileError as error:
        problem = f"The log {file} {error}"
    raise DataDirError(f"{problem}. Move it away, or choose another directory with --data-dir.")


def _open(file: Path) -> IO[bytes]:
    file.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        status = file.stat()
        refuse_odd(status)
        if status.st_size > _ROTATE_BYTES:
            file.replace(file.with_name(file.name + ".1"))
    log = file.open("ab")
    log.seek(0, 2)
    return log


def tail(file: Path, *, lines: int = 12, start: int = 0) -> str:
    """The last lines of a log, of those after byte `start`."""
    try:
        with file.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
    except OSError:
        # It was taken away, and what it would tell is but an addition.
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"
