"""Secrets that are made once and kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import DataDirError


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """The text in the file; made where there is no file. Nobody but this user can read it.

    Raises:
        DataDirError: it can't be read or written.
    """
    try:
        if not file.exists():
            staging = file.with_name(file.name + ".new")
            staging.unlink(missing_ok=True)
            staging.touch(mode=0o600)
            staging.write_text(make() + "\n")
            staging.replace(file)
        return file.read_text().strip()
    except OSError as error:
        raise DataDirError(f"The file {file} can't be used: {error.strerror}.") from error
