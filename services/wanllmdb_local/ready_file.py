"""The file that tells other programs where a platform answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .errors import LocalError
from .platform import Endpoints


class ReadyFile:
    """Written whole or not at all; gone again when the platform stops.

    It is for the owner's eyes only: the database's URL holds a password.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.absolute()
        try:
            # One of an earlier life would tell a lie.
            self._file.unlink(missing_ok=True)
            if not os.access(self._file.parent, os.W_OK):
                raise PermissionError(13, "the folder is missing or not writable")
        except OSError as error:
            raise LocalError(
                f"The ready file {self._file} can't be written: {error.strerror}. "
                "Choose another place with --ready-file."
            ) from error

    def write(self, endpoints: Endpoints) -> None:
        content = {
            "registry": endpoints.registry,
            "suggestion": endpoints.suggestion,
            "database_url": endpoints.database_url,
            "pids": endpoints.pids,
        }
        staging = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        staging.touch(mode=0o600)
        staging.write_text(json.dumps(content, indent=2) + "\n")
        staging.replace(self._file)

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
