"""The folder in which agents keep what a registry has not confirmed."""

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
"""What a spool may hold: a disk that fills up is worse than a run that is done again."""

_SHARE_OF_PARTS = 0.75
"""Of both for values that are not in memory: there must be room for how runs end."""

_REJECTED = "refused"
_ROWS, _END = ".rows.json", ".end.json"
_PART = re.compile(r"\.\d{6}\.rows\.json")
_UNFINISHED_FOR = 3_600.0


class SpoolFullError(WanllmdbError):
    """The spool holds as much as it may."""


class Spool:
    """A folder with a file for what a run logged (`.rows.json`) and for its end (`.end.json`).

    What a run logged that its agent does not hold in memory stands in files of its own, in
    order: `.000000.rows.json`, `.000001.rows.json`, ...

    Files are written whole or not at all, are for their owner alone, and are locked by the
    process that works on them. What the registry refused stands in the folder `refused`
    within. The folder is made by the first file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_environment(cls) -> Self:
        """WANLLMDB_SPOOL_DIR, else wanllmdb/spool in XDG_STATE_HOME or ~/.local/state."""
        given = os.environ.get(_env.SPOOL_DIR)
        if given:
            return cls(_expanded(given))
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return cls(_expanded(state) / "wanllmdb" / "spool")

    def put(self, run: SpooledRun, part: int | None = None) -> SpooledFile:
        """Writes a file, in the place of one for the same; it is locked by this process.

        It outlives this process at once, the machine after `secure`. `part` numbers a file
        of values that are not in memory: it leaves room for the ends of runs.

        Raises:
            SpoolFullError: there is no room for it.
            OSError: it can't be written.
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
        """What bears that name, put aside or not; None where there is none."""
        if name != Path(name).name:
            return None
        candidates = (self.path / name, self.path / _REJECTED / name)
        return next((path for path in candidates if os.path.lexists(path)), None)

    def read(self, path: Path) -> SpooledRun | None:
        """What a file says, whether or not another process works on it; None when it is gone.

        Raises:
            BadSpoolFileError: it can't be read.
        """
        file = _opened(path)
        if file is None:
            return None
        with file:
            return _content(file)

    def take(self, path: Path) -> SpooledFile | None:
        """Locks a file and reads it; None when another process has it, or it is gone.

        Raises:
            BadSpoolFileError: it can't be read.
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
        """What is there of the values that an attempt of a run logged.

        Raises:
            BadSpoolFileError: it can't be read.
        """
        return self.take(self.path / _name(sweep_id, number, attempt, _ROWS))

    def parts(self, sweep_id: str, number: int, attempt: int) -> list[Path]:
        """The files of values that an attempt of a run logged and has not in memory, in order.

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
        """Removes what processes left that ended while they wrote.

        Raises:
            OSError: the folder can't be read.
        """
        if not self.path.exists():
            return
        for entry in list(os.scandir(self.path)):
            if entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                # One that can't be removed keeps nothing else from being delivered.
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
                    # What no agent wrote, such as a link or a sparse file, takes no room.
                    if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_BYTES:
                        total += found.st_size
                        files += 1
        if files >= share * MAX_FILES or total > share * MAX_BYTES:
            raise SpoolFullError(
                f"the spool {self.path} holds {files} files of {total / 2**20:.0f} MiB, with this "
                f"one, and may hold {MAX_FILES} of {MAX_BYTES / 2**20:.0f} MiB: deliver them with "
                f"`wanllmdb spool send`, or give them up with `wanllmdb spool drop`"
            )


class SpooledFile:
    """One file, locked by this process until `close`, `remove` or `refuse`."""

    def __init__(self, path: Path, run: SpooledRun, file: BinaryIO) -> None:
        self.path = path
        self.run = run
        self._file = file

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self._file.fileno()).st_size

    def secure(self) -> None:
        """Returns when it would outlive the machine's end.

        Raises:
            OSError: the disk does not take it.
        """
        os.fsync(self._file.fileno())
        _sync_folder(self.path.parent)

    def remove(self) -> None:
        """Takes it away: the registry has it, or nobody wants it."""
        self.path.unlink(missing_ok=True)
        self._file.close()

    def reject(self, error: WanllmdbError) -> Path:
        """Puts it aside, with what the registry said; returns where.

        Raises:
            OSError: it can't be written; it stays where it was.
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
        """Leaves it to whoever comes."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _expanded(path: str) -> Path:
    # As it is where nothing is known of a user's home.
    return Path(os.path.expanduser(path))  # noqa: PTH111


def _opened(path: Path) -> BinaryIO | None:
    """The file, if it is one that an agent may have written; None when it is gone."""
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
    """Whether it was neither removed nor replaced before it was locked."""
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
    # The id is what a registry says it is: it must not lead out of the folder.
    return f"{quote(sweep_id, safe='')}-{number}-{attempt}{part}"


def _order(path: Path) -> tuple[str, list[int], bool, str]:
    run, _, part = path.name.partition(".")
    sweep_id, *numbers = run.rsplit("-", 2)
    order = [int(number) for number in numbers if number.isdecimal()]
    # Numbers come before "rows": the files of what is not in memory are the older ones.
    return sweep_id, order, part == "end.json", part


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _written(path: Path, content: bytes) -> BinaryIO:
    """Writes a file whole; returns it open and locked."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.parent / f".{path.name}.{uuid4().hex}"
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    # Without a buffer, which would be written again when the file is closed.
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
        # A fork shares the parent's locks, and would keep them after its end.
        for file in list(_held):
            file.close()

    os.register_at_fork(after_in_child=_leave_to_the_parent)


def lock(file: BinaryIO) -> bool:
    """Locks an open file until it is closed; False when another one has it locked."""
    try:
        _try(file)
    except BlockingIOError:
        return False
    except OSError:
        return True
    _held.add(file)
    return True
