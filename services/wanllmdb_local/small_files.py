"""Reads small text files that others may have put something odd in the place of."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wanllmdb._files import read_regular

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
