"""The key that signs what samplers store with runs, kept beside the data that it signs."""

from __future__ import annotations

import secrets
from pathlib import Path

from .errors import DataDirError
from .secret_files import kept_secret

_BYTES = 32


def state_key(file: Path) -> str:
    """The key in the file, as hexadecimal digits; made where there is no file.

    Nobody but this user can read it. Whoever loses it loses no run: samplers that
    keep states (cmaes, nsga2, nsga3) go on as if they had kept none.

    Raises:
        DataDirError: it can't be read or written, or is no key.
    """
    key = kept_secret(file, lambda: secrets.token_hex(_BYTES))
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
