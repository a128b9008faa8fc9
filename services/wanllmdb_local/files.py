"""Log files, and small text files whose path may lead to another kind of file."""

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
    """The file can't be used; the text is the reason, written to follow the file's name."""


def read_text(file: Path, *, most: int = MOST_BYTES) -> str | None:
    """Return the text of a file; None if there is none.

    Does not wait for a pipe in its place, to which nothing may write.

    Raises:
        OddFileError: It is not a regular file, can't be read, is too large, or is not text.
    """
    try:
        return read_regular(file, most).decode()
    except FileNotFoundError:
        if file.is_symlink():
            raise OddFileError("is a link to a file that does not exist") from None
        return None
    except OSError as error:
        raise OddFileError(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OddFileError("does not contain text") from None


def reject_odd(status: os.stat_result) -> None:
    """Raise OddFileError unless the status is of a regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise OddFileError("can't be written: it is not a regular file")


_ROTATE_BYTES = 20 * 1024 * 1024


def open_log(file: Path) -> IO[bytes]:
    """Open a log for appending; a large log is first renamed to NAME.1.

    Raises:
        DataDirError: The log can't be written.
    """
    try:
        return _open(file)
    except FileExistsError:
        problem = f"{file.parent} is a file, but must be the folder of the logs"
    except OSError as error:
        # This includes a pipe without a reader ("no such device").
        problem = f"The log {error.filename or file} can't be written: {error.strerror}"
    except OddFileError as error:
        problem = f"The log {file} {error}"
    raise DataDirError(f"{problem}. Move it away, or choose another directory with --data-dir.")


def _open(file: Path) -> IO[bytes]:
    file.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        status = file.stat()
        reject_odd(status)
        if status.st_size > _ROTATE_BYTES:
            file.replace(file.with_name(file.name + ".1"))
    log = file.open("ab")
    log.seek(0, 2)
    return log


def tail(file: Path, *, lines: int = 12, start: int = 0) -> str:
    """Return the last lines of a log, from byte `start` on."""
    try:
        with file.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
    except OSError:
        # The log was removed; its text would only add detail.
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
