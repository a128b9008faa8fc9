"""Secrets that are generated once and kept in a file: the keys of states, sessions and admin."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from wanllmdb_local.errors import DataDirError
from wanllmdb_local.files import OddFileError, read_text

# A longer file does not contain a secret of this package.
_MOST_BYTES = 4096


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """Return the secret in the file; generate it if there is no file. Only this user can read it.

    Raises:
        DataDirError: The file can't be read or written.
    """
    try:
        text = read_text(file, most=_MOST_BYTES)
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. Put a backup in its place, or move it away: a new "
            "one is then created."
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
    """Return the key that signs sampler states, in hexadecimal; generate it if there is no file.

    Only this user can read the file. Losing the key loses no run: samplers that store states
    (cmaes, nsga2, nsga3) continue as if they had stored none.

    Raises:
        DataDirError: The file can't be read or written, or holds no key.
    """
    key = kept_secret(file, lambda: secrets.token_hex(_BYTES))
    try:
        whole = len(bytes.fromhex(key)) == _BYTES
    except ValueError:
        whole = False
    if not whole:
        raise DataDirError(
            f"The file {file} does not hold a key of {2 * _BYTES} hexadecimal digits. Put a "
            "backup in its place, or remove it: a new key is then created, and the samplers cmaes, "
            "nsga2 and nsga3 start over in the current sweeps."
        )
    return key


_SECRET = f"[0-9a-fA-F]{{{2 * _BYTES},}}"
_SECRET_LINES = re.compile(rf"{_SECRET}(\s+{_SECRET})*")


def session_key(file: Path) -> str:
    """Return the secret that seals the sessions of browsers; generate it if there is no file.

    Only this user can read the file. Further lines hold older secrets, which still open sessions.
    Losing the secret signs everybody out of the dashboard.

    Raises:
        DataDirError: The file can't be read or written, or holds no secret.
    """
    key = kept_secret(file, lambda: secrets.token_hex(_BYTES))
    if not _SECRET_LINES.fullmatch(key):
        raise DataDirError(
            f"The file {file} does not hold secrets of at least {2 * _BYTES} hexadecimal digits, "
            "one a line. Put a backup in its place, or remove it: a new secret is then created, "
            "and everybody is signed out of the dashboard."
        )
    return key


ADMIN_KEY_VARIABLE = "WANLLMDB_REGISTRY_ADMIN_KEY"
"""The registry's variable, by which users may set their own key instead."""


def own_admin_key() -> str:
    """Return the variable by which the user sets a key of their own; empty if none is set."""
    names = (ADMIN_KEY_VARIABLE, f"{ADMIN_KEY_VARIABLE}_FILE")
    return next((name for name in names if name in os.environ), "")


_FORM = re.compile(r"wsk_root_[A-Za-z0-9_-]{32,}")


def admin_key(file: Path) -> str:
    """Return the API key of the operator, which may do everything; generate it if there is no file.

    Raises:
        DataDirError: The file can't be read or written, or holds no key.
    """
    key = kept_secret(file, lambda: f"wsk_root_{secrets.token_urlsafe(_BYTES)}")
    if not _FORM.fullmatch(key):
        raise DataDirError(
            f"The file {file} does not hold a key of the form wsk_root_ and a secret. Put a backup "
            "in its place, or remove it: a new key is then created, and the old one is void."
        )
    return key
