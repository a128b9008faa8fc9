"""The spool's folder, in which agents keep results that a registry has not confirmed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import quote
from uuid import uuid4

from wanllmdb import _env
from wanllmdb._errors import WanllmdbError
from wanllmdb._files import open_regular, read_bounded
from wanllmdb._spool.entry import BadSpoolFileError, SpooledRun

MAX_FILES = 1_000
MAX_BYTES = 256 * 1024 * 1024
"""The spool's limits: filling up the disk would be worse than repeating a run."""

_SHARE_OF_PARTS = 0.75
"""The share of both limits for values that are not in memory, which leaves room for runs' ends."""

_REJECTED = "refused"
_ROWS, _END = ".rows.json", ".end.json"
_PART = re.compile(r"\.\d{6}\.rows\.json")
_UNFINISHED_FOR = 3_600.0


class SpoolFullError(WanllmdbError):
    """The spool has reached its limits."""


class Spool:
    """A folder with a file for a run's logged values (`.rows.json`) and its end (`.end.json`).

    Logged values that the agent does not hold in memory are in numbered files, in order:
    `.000000.rows.json`, `.000001.rows.json`, ...

    Files are written whole or not at all, only their owner may read them, and the process that
    works on a file locks it. Files that the registry rejected are in the subfolder `refused`.
    The first file creates the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_environment(cls) -> Self:
        """The spool in WANLLMDB_SPOOL_DIR, else wanllmdb/spool in XDG_STATE_HOME or its default."""
        given = os.environ.get(_env.SPOOL_DIR)
        if given:
            return cls(_expanded(given))
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return cls(_expanded(state) / "wanllmdb" / "spool")

    def put(self, run: SpooledRun, part: int | None = None) -> SpooledFile:
        """Write and lock a file, which replaces an earlier file for the same part of the run.

        The file survives this process at once, and the machine after `secure`. `part` numbers a
        file of values that are not in memory; such files leave room for the ends of runs.

        Raises:
            SpoolFullError: the spool has no room for the file.
            OSError: the file can't be written.
        """
        content = run.to_json()
        path = self.path / _name_of(run, part)
        self._check_room(path, len(content), 1.0 if part is None else _SHARE_OF_PARTS)
        return SpooledFile(path, run, _written(path, content))

    def paths(self, *, rejected: bool = False) -> list[Path]:
        """The files by sweep, number and attempt, logged values before the end.

        Raises:
            OSError: the folder can't be read.
        """
        folder = self.path / _REJECTED if rejected else self.path
        try:
            paths = sorted(folder.iterdir(), key=_order)
        except FileNotFoundError:
            return []
        return [path for path in paths if path.name.endswith((_ROWS, _END))]

    def find(self, name: str) -> Path | None:
        """The file with that name, rejected or not; None if there is none."""
        if name != Path(name).name:
            return None
        candidates = (self.path / name, self.path / _REJECTED / name)
        return next((path for path in candidates if os.path.lexists(path)), None)

    def read(self, path: Path) -> SpooledRun | None:
        """A file's content, even while another process works on it; None if the file is gone.

        Raises:
            BadSpoolFileError: the file can't be read.
        """
        file = _opened(path)
        if file is None:
            return None
        with file:
            return _content(file)

    def take(self, path: Path) -> SpooledFile | None:
        """Lock and read a file; None if another process holds it, or it is gone.

        Raises:
            BadSpoolFileError: the file can't be read.
        """
        file = _opened(path)
        if file is None:
            return None
        try:
            if lock(file) and _is_at(path, file):
                return SpooledFile(path, _content(file), file)
        except BaseException:
            file.close()
            raise
        file.close()
        return None

    def take_rows(self, sweep_id: str, number: int, attempt: int) -> SpooledFile | None:
        """The locked file of the values that an attempt of a run logged; None if there is none.

        Raises:
            BadSpoolFileError: the file can't be read.
        """
        return self.take(self.path / _name(sweep_id, number, attempt, _ROWS))

    def parts(self, sweep_id: str, number: int, attempt: int) -> list[Path]:
        """The numbered files of an attempt's values that are not in memory, in order.

        Raises:
            OSError: the folder can't be read.
        """
        name = _name(sweep_id, number, attempt, "")
        return sorted(
            self.path / entry.name
            for entry in _scan(self.path)
            if entry.name.startswith(f"{name}.") and _PART.fullmatch(entry.name[len(name) :])
        )

    def clear_unfinished(self) -> None:
        """Remove the partial files of processes that ended while writing.

        Raises:
            OSError: the folder can't be read.
        """
        if not self.path.exists():
            return
        for entry in list(os.scandir(self.path)):
            if entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                # A file that can't be removed must not block deliveries.
                with contextlib.suppress(OSError):
                    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                    if age > _UNFINISHED_FOR:
                        Path(entry.path).unlink()

    def _check_room(self, path: Path, size: int, share: float) -> None:
        files, total = 0, size
        for entry in _scan(self.path):
            if entry.name != path.name and entry.name.endswith((_ROWS, _END)):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    # Files that no agent wrote, such as links or sparse files, do not count.
                    if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_BYTES:
                        total += found.st_size
                        files += 1
        if files >= share * MAX_FILES or total > share * MAX_BYTES:
            raise SpoolFullError(
                f"the spool {self.path} would hold {files} files of {total / 2**20:.0f} MiB with "
                f"this file, and may hold {MAX_FILES} of {MAX_BYTES / 2**20:.0f} MiB: deliver them "
                f"with `wanllmdb spool send`, or delete them with `wanllmdb spool drop`"
            )


class SpooledFile:
    """One spool file, locked by this process until `close`, `remove` or `reject`."""

    def __init__(self, path: Path, run: SpooledRun, file: BinaryIO) -> None:
        self.path = path
        self.run = run
        self._file = file

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def secure(self) -> None:
        """Sync the file to disk, so that it survives a crash of the machine.

        Raises:
            OSError: the disk reports an error.
        """
        os.fsync(self._file.fileno())
        _sync_folder(self.path.parent)

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self._file.close()

    def reject(self, error: WanllmdbError) -> Path:
        """Move the file to the subfolder `refused`, with the registry's error; return its path.

        Raises:
            OSError: the file can't be written; the original stays in place.
        """
        is_put_aside = self.path.parent.name == _REJECTED
        kept = self.path if is_put_aside else self.path.parent / _REJECTED / self.path.name
        _written(kept, self.run.rejected(error).to_json()).close()
        if is_put_aside:
            self.close()
        else:
            self.remove()
        return kept

    def close(self) -> None:
        """Unlock the file and leave it in the spool."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _expanded(path: str) -> Path:
    # Unlike Path.expanduser, this leaves the path unchanged if the user has no home.
    return Path(os.path.expanduser(path))  # noqa: PTH111


def _opened(path: Path) -> BinaryIO | None:
    """The file, opened, if it can be an agent's file; None if it is gone."""
    try:
        return open_regular(path, follow_links=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadSpoolFileError(f"it can't be read: {error.strerror}") from None


def _content(file: BinaryIO) -> SpooledRun:
    try:
        data = read_bounded(file, MAX_BYTES)
    except OSError as error:
        raise BadSpoolFileError(f"it can't be read: {error.strerror}") from None
    return SpooledRun.from_json(data)


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Whether the locked file is still the one at its path, neither removed nor replaced."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _name_of(run: SpooledRun, part: int | None) -> str:
    kind = _END if run.is_end else _ROWS
    if part is not None:
        kind = f".{part:06d}{kind}"
    return _name(run.sweep_id, run.number, run.attempt, kind)


def _name(sweep_id: str, number: int, attempt: int, part: str) -> str:
    # The registry chooses the id, which must not lead out of the folder.
    return f"{quote(sweep_id, safe='')}-{number}-{attempt}{part}"


def _order(path: Path) -> tuple[str, list[int], bool, str]:
    run, _, part = path.name.partition(".")
    sweep_id, *numbers = run.rsplit("-", 2)
    order = [int(number) for number in numbers if number.isdecimal()]
    # Numbers sort before "rows": the files of values that are not in memory are older.
    return sweep_id, order, part == "end.json", part


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _written(path: Path, content: bytes) -> BinaryIO:
    """Write a whole file atomically; return it open and locked."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.parent / f".{path.name}.{uuid4().hex}"
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    # Unbuffered: closing the file must not write again.
    file = os.fdopen(descriptor, "r+b", buffering=0)
    try:
        lock(file)
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
        unfinished.replace(path)
    except BaseException:
        file.close()
        unfinished.unlink(missing_ok=True)
        raise
    return file


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        # Windows has no such thing.
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_held: weakref.WeakSet[BinaryIO] = weakref.WeakSet()

if sys.platform == "win32":

    def _try(_file: BinaryIO) -> None:
        raise OSError("no locks here")

else:
    import fcntl

    def _try(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _leave_to_the_parent() -> None:
        # A fork shares the parent's locks, and would hold them after the parent's end.
        for file in list(_held):
            file.close()

    os.register_at_fork(after_in_child=_leave_to_the_parent)


def lock(file: BinaryIO) -> bool:
    """Lock an open file until it is closed; return False if another process holds the lock.

    Locks end with the process that holds them. They only save two agents on one machine from
    repeating work, so that a file counts as locked where there are no locks (Windows, some
    network folders).
    """
    try:
        _try(file)
    except BlockingIOError:
        return False
    except OSError:
        return True
    _held.add(file)
    return True
