"""Whether a file is the one that was there before."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

FileSignature: TypeAlias = tuple[int, int, int]


def file_signature(file: Path) -> FileSignature | None:
    """What changes with the file's content: when it was written, its size, its identity.

    None where there is no file.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
