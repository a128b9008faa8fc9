"""The API key that may do everything, for whoever runs the platform."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from .errors import DataDirError
from .secret_files import kept_secret

ADMIN_KEY_VARIABLE = "WANLLMDB_REGISTRY_ADMIN_KEY"
"""The registry's, by which somebody may give a key of their own instead."""

_BYTES = 32
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
