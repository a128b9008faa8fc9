"""A Prometheus process with the rules of deploy/monitoring, evaluated in seconds."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.ports import free_port

RULES = Path(__file__).parents[2] / "deploy" / "monitoring" / "alerts.yml"
# What a minute of the rules lasts: in the ranges of queries, and before an alert fires.
RANGE_SECONDS = 6
PENDING_SECONDS = 1
SCRAPE_SECONDS = 2
_START_SECONDS = 60.0


def hurried(rules: str) -> str:
    """Return rules whose minutes last seconds; the queries and thresholds stay."""
    ranges = re.sub(
        r"(\[|offset )(\d+)m\b", lambda found: f"{found[1]}{int(found[2]) * RANGE_SECONDS}s", rules
    )
    return re.sub(
        r"(for: )(\d+)m\b", lambda found: f"{found[1]}{int(found[2]) * PENDING_SECONDS}s", ranges
    )


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        alerts = self._get("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def summaries(self, alert: str) -> list[str]:
        """Return what an alert that fires says."""
        return [
            each["annotations"]["summary"]
            for each in self._get("alerts")["alerts"]
            if each["labels"]["alertname"] == alert and each["state"] == "firing"
        ]

    def targets_up(self) -> int:
        """Return the number of targets whose last scrape succeeded."""
        return sum(each["health"] == "up" for each in self._get("targets")["activeTargets"])

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            self._get("alerts")
        except OSError:
            return False
        return True

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._url}/{path}", timeout=10) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
        return data


@contextlib.contextmanager
def running_prometheus(folder: Path, ports: Mapping[str, int]) -> Iterator[Prometheus]:
    """Run Prometheus within the block.

    Args:
        folder: An empty folder for its files.
        ports: The metrics port of each service on this machine.
    """
    (folder / "alerts.yml").write_text(hurried(RULES.read_text()))
    jobs = [
        {"job_name": f"wanllmdb-{kind}", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        for kind, port in ports.items()
    ]
    seconds = f"{SCRAPE_SECONDS}s"
    every = {"scrape_interval": seconds, "scrape_timeout": seconds, "evaluation_interval": "1s"}
    config = {"global": every, "rule_files": ["alerts.yml"], "scrape_configs": jobs}
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(config))
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("prometheus", f"--config.file={folder}/prometheus.yml"),
                *(f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        server = Prometheus(port)
        deadline = time.monotonic() + _START_SECONDS
        while not server.is_ready():
            text = (folder / "prometheus.log").read_text()
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(60)
