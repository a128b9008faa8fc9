"""Log files, and small files in whose place there may be something odd."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import IO

from wanllmdb._files import read_regular
from wanllmdb_local.errors import DataDirError

MOST_BYTES = 1024 * 1024


class OddFileError(Exception):
    """The file can't be used; the text says why, to follow its name."""


def read_text(file: Path, *, most: int = MOST_BYTES) -> str | None:
    """The text of a file; None where there is none.

    A pipe in its place, which nothing writes to, is not waited for.

    Raises:
        OddFileError: It is no file, can't be read, is too large, or is no text.
    """
    try:
        return read_regular(file, most).decode()
    except FileNotFoundError:
        if file.is_symlink():
            raise OddFileError("is a link to a file that is not there") from None
        return None
    except OSError as error:
        raise OddFileError(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OddFileError("holds something else than text") from None


def refuse_odd(status: os.stat_result) -> None:
    """Raises OddFileError for what is no plain file."""
    if not stat.S_ISREG(status.st_mode):
        raise OddFileError("can't be written: it is no regular file")


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
