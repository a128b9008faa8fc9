"""Secrets that are made once and kept in a file: the state key and the admin key."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from wanllmdb_local.errors import DataDirError
from wanllmdb_local.files import OddFileError, read_text

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


_BYTES = 32


def state_key(file: Path) -> str:
    """The key in the file, as hexadecimal digits; made where there is no file.

    Nobody but this user can read it. Whoever loses it loses no run: samplers that
    keep states (cmaes, nsga2, nsga3) go on as if they had kept none.

    Raises:
        DataDirError: it can't be read or written, or is no key.
    """
    key = kept_secret(file, lambda: secrets.token_hex(_BYTES))
    try:
        whole = len(bytes.fromhex(key)) == _BYTES
    except ValueError:
        whole = False
    if not whole:
        raise DataDirError(
            f"The file {file} does not hold a key of {2 * _BYTES} hexadecimal digits. Put a "
            "backup in its place, or remove it: a new key is made then, and the samplers cmaes, "
            "nsga2 and nsga3 start anew in sweeps that they have begun."
        )
    return key


ADMIN_KEY_VARIABLE = "WANLLMDB_REGISTRY_ADMIN_KEY"
"""The registry's, by which somebody may give a key of their own instead."""

_FORM = re.compile(r"wsk_root_[A-Za-z0-9_-]{32,}")


def admin_key(file: Path) -> str:
    """The key in the file; made where there is no file.

    Raises:
        DataDirError: it can't be read or written, or is no key.
    """
    key = kept_secret(file, lambda: f"wsk_root_{secrets.token_urlsafe(_BYTES)}")
    if not _FORM.fullmatch(key):
        raise DataDirError(
            f"The file {file} does not hold a key of the form wsk_root_ and a secret. Put a backup "
            "in its place, or remove it: a new key is made then, and the old one is good no more."
        )
    return key
