"""The log files of a platform's parts."""

from __future__ import annotations

from pathlib import Path
from typing import IO

_ROTATE_BYTES = 20 * 1024 * 1024


def open_log(file: Path) -> IO[bytes]:
    """Opens a log to append to; a large one is set aside as NAME.1 first."""
    file.parent.mkdir(exist_ok=True)
    if file.exists() and file.stat().st_size > _ROTATE_BYTES:
        file.replace(file.with_name(file.name + ".1"))
    log = file.open("ab")
    log.seek(0, 2)
    return log


def tail(file: Path, *, lines: int = 12, start: int = 0) -> str:
    """The last lines of a log, of those after byte `start`."""
    try:
        with file.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        text = ""
    return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"
