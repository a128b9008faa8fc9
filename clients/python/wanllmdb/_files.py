"""Read files so that no file can block the program or exhaust its memory.

A path may lead to a FIFO without a writer, an endless device, a directory, or a file of many
gigabytes.
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
"""How many seconds a pipe that was named as a file may send nothing."""

_PIECE = 1 << 20
# Windows lacks some of these flags, and does not need them.
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
    """Open a regular file to read bytes; never blocks.

    Raises:
        OSError: the file can't be opened, or is not regular; `strerror` tells which.
    """
    if not follow_links and Path(path).is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link")
    try:
        descriptor = os.open(path, _FLAGS | (0 if follow_links else _NO_LINK))
    except OSError as error:
        # The error for a socket and, on some systems, for a FIFO.
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is not a regular file") from None
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
    raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")


def read_bounded(file: BinaryIO, most: int) -> bytes:
    """The whole content of an open regular file.

    Raises:
        OSError: the file can't be read, or holds more than `most` bytes.
    """
    # Checked before reading: a sparse file of terabytes needs no disk space.
    if os.fstat(file.fileno()).st_size > most:
        raise _too_large(most)
    data = file.read(most + 1)
    if len(data) > most:
        raise _too_large(most)
    return data


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """The whole content of a regular file.

    Raises:
        OSError: the file can't be read, is not regular, or holds more than `most` bytes.
    """
    with open_regular(path) as file:
        return read_bounded(file, most)


def read_given(path: str | os.PathLike[str], most: int) -> bytes:
    """The whole content of a file that a user named: a regular file, or a pipe such as `<(...)`.

    Raises:
        OSError: the file can't be read, holds more than `most` bytes, or is a pipe that sends
            nothing.
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
                raise TimeoutError(errno.ETIMEDOUT, f"it sent no data for {WAIT_SECONDS:g} s")
            piece = file.read(min(left, _PIECE))
            if piece == b"":
                return b"".join(pieces)
            # None if the data was gone before it could be read.
            pieces.append(piece or b"")
            left -= len(pieces[-1])
    raise _too_large(most)


def _too_large(most: int) -> OSError:
    shown = f"{most / 2**20:.0f} MiB" if most >= 2**20 else f"{most} bytes"
    return OSError(errno.EFBIG, f"it holds more than {shown}")


def is_there(name: str) -> bool:
    """Whether a file or folder of that name exists; False for an invalid name."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        # For example, the name is too long, or has characters that the file system lacks.
        return False
