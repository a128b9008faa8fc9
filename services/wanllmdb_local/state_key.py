"""The key that signs what samplers store with runs, kept beside the data that it signs."""

from __future__ import annotations

import secrets
from pathlib import Path

from .errors import DataDirError

_BYTES = 32


def state_key(file: Path) -> str:
    """The key in the file, as hexadecimal digits; made where there is no file.

    Nobody but this user can read it. Whoever loses it loses no run: samplers that
    keep states (cmaes, nsga2, nsga3) go on as if they had kept none.

    Raises:
        DataDirError: it can't be read or written, or is no key.
    """
    try:
        if not file.exists():
            staging = file.with_name(file.name + ".new")
            staging.unlink(missing_ok=True)
            staging.touch(mode=0o600)
            staging.write_text(secrets.token_hex(_BYTES) + "\n")
            staging.replace(file)
        key = file.read_text().strip()
    except OSError as error:
        raise DataDirError(f"The file {file} can't be used: {error.strerror}.") from error
    try:
        whole = len(bytes.fromhex(key)) == _BYTES
    except ValueError:
        whole = False
    if not whole:
        raise DataDirError(
            f"The file {file} does not hold a key of {2 * _BYTES} hexadecimal digits. Put a "
            "backup in its place, or remove it: a new key is made then, and the samplers cmaes, "
            "nsga2 and nsga3 start anew in sweeps that they have begun."
        )
    return key
