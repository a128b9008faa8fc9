"""Secrets that are made once and kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import DataDirError
from .small_files import OddFileError, read_text

# Some other file is longer.
_MOST_BYTES = 4096


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """The text in the file; made where there is no file. Nobody but this user can read it.

    Raises:
        DataDirError: it can't be read or written.
    """
    try:
        text = read_text(file, most=_MOST_BYTES)
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. Put a backup of it in its place, or move it away: a new "
            "one is made then."
        ) from None
    return _made(file, make()) if text is None else text.strip()


def _made(file: Path, secret: str) -> str:
    staging = file.with_name(file.name + ".new")
    try:
        staging.unlink(missing_ok=True)
        staging.touch(mode=0o600)
        staging.write_text(secret + "\n")
        staging.replace(file)
    except OSError as error:
        raise DataDirError(
            f"The file {error.filename or staging} can't be written: {error.strerror}. "
            "Change that, or choose another directory with --data-dir."
        ) from error
    return secret
