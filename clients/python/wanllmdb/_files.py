"""Files read such that none of them can hold up or fill the program.

What stands at a path may be a FIFO that nothing writes, a device without an end, a
directory, or a file of many gigabytes.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
from pathlib import Path
from typing import BinaryIO

WAIT_SECONDS = 10.0
"""For how long a pipe that was named as a file may be silent."""

_PIECE = 1 << 20
# Windows lacks some of these, and what they are for.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | os.PathLike[str], *, follow_links: bool = True) -> BinaryIO:
    """A regular file, open for reading in bytes; opening it never waits.

    Raises:
        OSError: it can't be opened, or is something else; `strerror` says which.
    """
    if not follow_links and Path(path).is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link")
    try:
        descriptor = os.open(path, _FLAGS | (0 if follow_links else _NO_LINK))
    except OSError as error:
        # What a socket, or a FIFO of certain systems, answers.
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is no regular file") from None
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
    raise OSError(errno.EINVAL, f"it is {kind}, no regular file")


def read_bounded(file: BinaryIO, most: int) -> bytes:
    """All of an open regular file.

    Raises:
        OSError: it can't be read, or holds more than `most` bytes.
    """
    # Before anything is read: a sparse file of terabytes takes no disk.
    if os.fstat(file.fileno()).st_size > most:
        raise _too_large(most)
    data = file.read(most + 1)
    if len(data) > most:
        raise _too_large(most)
    return data


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """All of a regular file.

    Raises:
        OSError: it can't be read, is something else, or holds more than `most` bytes.
    """
    with open_regular(path) as file:
        return read_bounded(file, most)


def read_given(path: str | os.PathLike[str], most: int) -> bytes:
    """All of a file that a user named: a regular one, or a pipe as shells make for `<(...)`.

    Raises:
        OSError: it can't be read, holds more than `most` bytes, or is a pipe that stays
            silent.
    """
    descriptor = os.open(path, _FLAGS)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        waits = not stat.S_ISREG(os.fstat(descriptor).st_mode) and sys.platform != "win32"
        pieces: list[bytes] = []
        left = most + 1
        while left:
            if waits and not select.select([file], [], [], WAIT_SECONDS)[0]:
                raise TimeoutError(errno.ETIMEDOUT, f"nothing came from it for {WAIT_SECONDS:g} s")
            piece = file.read(min(left, _PIECE))
            if piece == b"":
                return b"".join(pieces)
            # None where a writer was faster in taking back than this one in reading.
            pieces.append(piece or b"")
            left -= len(pieces[-1])
    raise _too_large(most)


def _too_large(most: int) -> OSError:
    shown = f"{most / 2**20:.0f} MiB" if most >= 2**20 else f"{most} bytes"
    return OSError(errno.EFBIG, f"it holds more than {shown}")


def is_there(name: str) -> bool:
    """Whether there is a file or folder of that name; False for what can't be a name."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        # Too long, say, or with characters that the file system lacks.
        return False
