"""A platform in a temporary folder, started and stopped through `up`."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wanllmdb.cli.console import say
from wanllmdb_local.errors import StartError
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.stopping import stop_process

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class TemporaryPlatform:
    """A platform's addresses, and a folder for other temporary files."""

    registry: str
    suggestion: str
    folder: Path


@contextmanager
def temporary_platform() -> Iterator[TemporaryPlatform]:
    """Run a platform on free ports within the block; then remove all its data.

    Raises:
        StartError: The platform did not start.
    """
    with tempfile.TemporaryDirectory(prefix="wanllmdb-demo-") as name:
        folder = Path(name)
        # PostgreSQL may have to run as another user, which must be able to enter the folder.
        folder.chmod(0o711)
        ready_file = folder / "ready.json"
        log_file = folder / "up.log"
        say("Starting PostgreSQL and both services ...")
        with open_log(log_file) as log:
            process = start_tied_to_parent(
                [
                    *(sys.executable, "-m", "wanllmdb.cli.main", "up"),
                    *("--data-dir", str(folder / "data"), "--ready-file", str(ready_file)),
                    *("--registry-port", "0", "--suggestion-port", "0"),
                ],
                stop_signal=signal.SIGTERM,
                output=log,
            )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not ready_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise StartError(f"The platform did not start:\n{tail(log_file)}")
                time.sleep(0.05)
            ready = json.loads(ready_file.read_text())
            yield TemporaryPlatform(ready["registry"], ready["suggestion"], folder)
        finally:
            stop_process(process, signal.SIGTERM, seconds=_STOP_SECONDS)
