"""The ready file, from which other programs read a platform's addresses."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from wanllmdb_local.errors import ReadyFileError
from wanllmdb_local.files import OddFileError, read_text
from wanllmdb_local.platform import Endpoints

_KEYS = {"registry", "suggestion", "dashboard", "database_url", "pids"}
_OTHERS = "does not contain the addresses of a platform"


class ReadyFile:
    """Written atomically, and removed when the platform stops.

    Only the owner can read the file, since the database's URL holds a password.
    """

    def __init__(self, file: Path) -> None:
        """
        Raises:
            ReadyFileError: The file can't be written, or belongs to another program.
        """
        self._file = file
        try:
            self._reject_others()
            # A file of an earlier run would have wrong addresses.
            self._file.unlink(missing_ok=True)
            if not os.access(self._file.parent, os.W_OK):
                raise PermissionError(13, "the folder is missing or not writable")
        except OSError as error:
            raise self._can_not_be_written(error) from error

    def _reject_others(self) -> None:
        try:
            text = read_text(self._file) or "{}"
            noted = json.loads(text)
            is_ours = isinstance(noted, dict) and set(noted) <= _KEYS
        except OddFileError as error:
            problem = str(error)
        except (ValueError, RecursionError):
            problem = _OTHERS
        else:
            if is_ours:
                return
            problem = _OTHERS
        raise ReadyFileError(
            f"The ready file {self._file} {problem}. Nothing was changed. "
            "Choose another place with --ready-file, or move it away."
        )

    def _can_not_be_written(self, error: OSError) -> ReadyFileError:
        return ReadyFileError(
            f"The ready file {self._file} can't be written: {error.strerror}. "
            "Choose another place with --ready-file."
        )

    def write(self, endpoints: Endpoints) -> None:
        """Write the platform's current addresses.

        Raises:
            ReadyFileError: The file can't be written.
        """
        content = {
            "registry": endpoints.registry,
            "suggestion": endpoints.suggestion,
            "dashboard": endpoints.dashboard,
            "database_url": endpoints.database_url,
            "pids": endpoints.pids,
        }
        staging = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            staging.touch(mode=0o600)
            staging.write_text(json.dumps(content, indent=2) + "\n")
            staging.replace(self._file)
        except OSError as error:
            raise self._can_not_be_written(error) from error

    def remove(self) -> None:
        """Remove the file, if possible."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
