"""The `wanllmdb` program as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
WANLLMDB = (sys.executable, "-m", "wanllmdb.cli.main")
SECONDS = 120.0


@dataclass(frozen=True)
class Program:
    """Runs `wanllmdb` and Python scripts in one environment."""

    environment: Mapping[str, str]

    def __call__(
        self, *arguments: str, code: int = 0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run `wanllmdb ARGUMENTS` and check its exit code and that it prints no traceback."""
        done = self._run([*WANLLMDB, *arguments], stdin)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        """Run `wanllmdb ARGUMENTS --json` and return the JSON document that it prints."""
        return json.loads(self(*arguments, "--json").stdout, parse_constant=_refuse)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python and check that it succeeds."""
        done = self._run([sys.executable, *arguments], "")
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `wanllmdb ARGUMENTS` and return at once."""
        return self._start([*WANLLMDB, *arguments])

    def start_python(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Python and return at once."""
        return self._start([sys.executable, *arguments])

    def create(self, config: Mapping[str, Any]) -> str:
        """Create a sweep and return its id."""
        done = self("sweep", "create", "-", "--json", stdin=json.dumps(config))
        sweep_id: str = json.loads(done.stdout)["sweep"]["sweep_id"]
        return sweep_id

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, command: list[str], stdin: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
