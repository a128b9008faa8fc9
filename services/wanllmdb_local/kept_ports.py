"""Free ports that stay the same from one start to the next, so that addresses stay true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .errors import DataDirError
from .ports import WantedPort, bind_ports
from .small_files import OddFileError, read_text


def choose_ports(file: Path, wanted: Mapping[str, WantedPort]) -> dict[str, int]:
    """The ports of what has these names; notes them in the file.

    Where a free one is wanted, it is that of the last time if nobody else took it since.

    Args:
        file: Where the ports of the last time stand.
        wanted: By name.

    Raises:
        PortTakenError: A port that was asked for is taken.
        AddressError: A host is not this machine's.
        DataDirError: The file can't be written.
    """
    last = _read(file)
    bound = bind_ports(
        [replace(want, preferred=last.get(name, 0)) for name, want in wanted.items()]
    )
    chosen = dict(zip(wanted, bound, strict=True))
    try:
        staging = file.with_name(file.name + ".new")
        # With those that are not wanted this time.
        staging.write_text(json.dumps(last | chosen))
        staging.replace(file)
    except OSError as error:
        raise DataDirError(
            f"The file {error.filename or file} can't be written: {error.strerror}. "
            "Change that, or choose another directory with --data-dir."
        ) from error
    return chosen


def _read(file: Path) -> dict[str, int]:
    """What the file notes; nothing where it is missing or holds something else: it is but a
    preference.

    Raises:
        DataDirError: It is no file, or can't be read.
    """
    try:
        noted = json.loads(read_text(file) or "")
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. It notes the ports of the last start: move it away, and a "
            "new one is made."
        ) from None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(noted, dict):
        return {}
    return {
        name: port for name, port in noted.items() if type(port) is int and 1024 <= port <= 65535
    }
