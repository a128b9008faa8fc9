"""Measured processes: echo servers and the platform."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wanllmdb_local.platform import Endpoints, Platform
from wanllmdb_local.settings import PlatformSettings


@contextlib.contextmanager
def echo_server(behind: str | None = None, *, niceness: int = 0) -> Iterator[str]:
    """Run an echo server for the block and yield its address."""
    command = [
        "nice",
        "-n",
        str(niceness),
        sys.executable,
        "-m",
        "tests.benchmarks.echo",
        *([behind] if behind else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def running_platform() -> Iterator[Endpoints]:
    """Run PostgreSQL and both services for the block, in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        settings = PlatformSettings(Path(folder) / "data", registry_port=0, suggestion_port=0)
        with Platform(settings, say=lambda _: None) as platform:
            platform.start()
            yield platform.endpoints
