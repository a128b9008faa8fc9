"""The platforms of the demo: a temporary one, or one that keeps the sweeps."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wanllmdb import Client, DeadlineExceededError, UnavailableError
from wanllmdb.cli.console import say
from wanllmdb_local.errors import StartError
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.requirements import problem_of_gateway
from wanllmdb_local.stopping import stop_process

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class DemoPlatform:
    """A platform's addresses, and a folder for temporary files."""

    registry: str
    suggestion: str
    folder: Path

    def client(self) -> Client:
        """Return a new client of the platform, with the environment's key and TLS settings."""
        return Client(registry=self.registry, suggestion=self.suggestion)

    def environment(self) -> dict[str, str]:
        """Return the environment of an agent of this platform."""
        return {
            **os.environ,
            "WANLLMDB_REGISTRY": self.registry,
            "WANLLMDB_SUGGESTION": self.suggestion,
        }


@contextmanager
def temporary_platform() -> Iterator[DemoPlatform]:
    """Run a platform on free ports within the block; then remove all its data.

    Raises:
        StartError: The platform did not start.
    """
    with _temporary_folder() as folder, _started(folder / "data", folder) as platform:
        yield platform


@contextmanager
def data_dir_platform(data_dir: Path) -> Iterator[DemoPlatform]:
    """Run a platform on a data directory, which stays, within the block.

    Raises:
        StartError: The platform did not start.
    """
    with _temporary_folder() as folder, _started(data_dir, folder) as platform:
        yield platform


@contextmanager
def running_platform() -> Iterator[DemoPlatform | None]:
    """Yield the platform that the client's settings name; None if no platform answers there.

    Raises:
        WanllmdbError: The platform rejects this caller.
    """
    with _temporary_folder() as folder, Client() as client:
        addresses = client.registry_address, client.suggestion_address
        try:
            client.with_timeout(_ANSWER_SECONDS).get_caller()
        except (DeadlineExceededError, UnavailableError):
            yield None
            return
        yield DemoPlatform(*addresses, folder)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wanllmdb-demo-") as name:
        folder = Path(name)
        # PostgreSQL may have to run as another user, which must be able to enter the folder.
        folder.chmod(0o711)
        yield folder


@contextmanager
def _started(data_dir: Path, folder: Path) -> Iterator[DemoPlatform]:
    ready_file = folder / "ready.json"
    log_file = folder / "up.log"
    say("Starting PostgreSQL and both services ...")
    with open_log(log_file) as log:
        process = start_tied_to_parent(
            [
                *(sys.executable, "-m", "wanllmdb.cli.main", "up"),
                *("--data-dir", str(data_dir), "--ready-file", str(ready_file)),
                *("--registry-port", "0", "--suggestion-port", "0"),
                *(["--dashboard-port", "0"] if problem_of_gateway() is None else []),
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
        if ready["dashboard"] is not None:
            say(f"Dashboard: {ready['dashboard']}")
        yield DemoPlatform(ready["registry"], ready["suggestion"], folder)
    finally:
        stop_process(process, signal.SIGTERM, seconds=_STOP_SECONDS)
