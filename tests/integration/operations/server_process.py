"""A server process, started and ended as an operator would."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from tests.ports import free_port

START_SECONDS = 90.0
# What Prometheus' text format appends to the name of a metric, by its type.
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


class ServerProcess:
    """One server; its log is in a file."""

    def __init__(self, module: str, *arguments: str, log_file: Path) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self.log_file = log_file
        self.address = ""
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            start = log.tell()
            process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self.address:
            assert process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            for line in self.log()[start:].splitlines():
                if line.startswith("ready "):
                    self.address = line.split()[2]
            time.sleep(0.02)
        return process

    def log(self) -> str:
        """Return the output so far."""
        return self.log_file.read_text()

    def metrics(self) -> dict[str, float]:
        """Return every sample by its name and labels; the server needs `--metrics-port 0`.

        The metrics of a server within the tests' process include those of all others there.
        """
        return {
            sample.name
            + "".join(
                f" {key}={value}" for key, value in sorted(sample.labels.items())
            ): sample.value
            for family in text_string_to_metric_families(self._metrics_text())
            for sample in family.samples
        }

    def metric_names(self) -> set[str]:
        """Return the names that a query may use, also those of metrics without samples yet."""
        return {
            family.name + suffix
            for family in text_string_to_metric_families(self._metrics_text())
            for suffix in _SUFFIXES.get(family.type, ("",))
        }

    def _metrics_text(self) -> str:
        found = re.search(r"http://[\d.:]+/metrics", self.log())
        assert found, self.log()
        with urlopen(found[0]) as answer:
            text: str = answer.read().decode()
        return text

    def end(self, seconds: float = 30.0) -> tuple[int, float]:
        """Stop the server; return its exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.terminate()
        code = self.process.wait(seconds)
        return code, time.monotonic() - began


@contextlib.contextmanager
def server(module: str, *arguments: str, log_file: Path) -> Iterator[ServerProcess]:
    """Run a server within the block; kill it at the end if it still runs."""
    running = ServerProcess(module, *arguments, log_file=log_file)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@contextlib.contextmanager
def registry(database_url: str, folder: Path, name: str, *more: str) -> Iterator[ServerProcess]:
    """A registry."""
    arguments = ("--database-url", database_url, "--pool-size", "4", *_port(more), *more)
    with server("wanllmdb_registry", *arguments, log_file=folder / f"{name}.log") as running:
        yield running


@contextlib.contextmanager
def suggestion(addresses: str, folder: Path, name: str, *more: str) -> Iterator[ServerProcess]:
    """A suggestion service on registries."""
    arguments = ("--registry", addresses, "--state-key", "5e" * 32, *_port(more), *more)
    with server("wanllmdb_suggestion", *arguments, log_file=folder / f"{name}.log") as running:
        yield running


def _port(more: tuple[str, ...]) -> tuple[str, ...]:
    return () if "--port" in more else ("--port", str(free_port()))
