"""`wanllmdb up` as a process, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60.0


@dataclass
class UpProcess:
    """A running `up`. `ready` is the current content of its ready file."""

    process: subprocess.Popen[str]
    ready_file: Path
    output_file: Path

    @property
    def ready(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.ready_file.read_text())
        return content

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def wait_until_ready(self, *, seconds: float = START_SECONDS) -> dict[str, Any]:
        """Wait for the ready file; fail with the output if `up` ends first."""
        wait_until(
            lambda: self.ready_file.exists() or self.process.poll() is not None, seconds=seconds
        )
        assert self.process.poll() is None, f"up ended:\n{self.output}"
        return self.ready

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 30.0) -> int:
        """Send a signal, wait for the end and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the platform's addresses."""
        ready = self.ready
        dashboard = ready["dashboard"]
        return {
            **os.environ,
            "WANLLMDB_REGISTRY": ready["registry"],
            "WANLLMDB_SUGGESTION": ready["suggestion"],
            **({} if dashboard is None else {"WANLLMDB_DASHBOARD": dashboard}),
        }


@contextmanager
def up(
    data_dir: Path,
    *arguments: str,
    ports: tuple[int, int] = (0, 0),
    dashboard: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[UpProcess]:
    """Start `up`, and stop it after the block in any case.

    Args:
        data_dir: Its data directory.
        arguments: Further arguments.
        ports: The ports of the registry and of the suggestion service; 0 for a free one.
        dashboard: Whether to run the dashboard too, on the port that `arguments` name.
        environment: Variables in addition to this process's own.
    """
    with tempfile.TemporaryDirectory(prefix="wanllmdb-test-") as name:
        folder = Path(name)
        output_file = folder / "output"
        with output_file.open("w") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "wanllmdb.cli.main", "up"),
                    *("--data-dir", str(data_dir), "--ready-file", str(folder / "ready.json")),
                    *("--registry-port", str(ports[0]), "--suggestion-port", str(ports[1])),
                    *([] if dashboard else ["--no-dashboard"]),
                    *arguments,
                ],
                stdout=output,
                stderr=output,
                text=True,
                env={**os.environ, **(environment or {})},
            )
        running = UpProcess(process, folder / "ready.json", output_file)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                finally:
                    process.kill()


@contextmanager
def temporary_data_dir() -> Iterator[Path]:
    """Yield a folder for a data directory that PostgreSQL's own user can reach, also under root.

    Pytest's tmp_path does not serve: only its owner can enter its parent folders.
    """
    with tempfile.TemporaryDirectory(prefix="wanllmdb-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


def wait_until(condition: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
    """Wait for a condition; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.05)
