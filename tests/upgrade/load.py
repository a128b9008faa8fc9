"""The agents and drivers that work during the upgrade, and the sweeps on which they work."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.e2e.kills import CONFIG
from tests.upgrade.versions import ROOT, Version
from wanllmdb import Client

EARLY = "early termination"
SWEEPS: dict[str, dict[str, Any]] = {
    "random": CONFIG,
    "grid": {
        **CONFIG,
        "method": "grid",
        "parameters": {
            "x": {"values": [index / 500 - 5 for index in range(5_000)]},
            "layers": {"min": 1, "max": 6},
        },
    },
    "bayes": {**CONFIG, "method": "bayes"},
    EARLY: {**CONFIG, "early_terminate": {"type": "hyperband", "min_iter": 1, "eta": 2}},
}
# Runs that each sweep may still begin when the load is to end.
LEFT = 12
END_SECONDS = 600.0


@dataclass
class Results:
    """What agents and drivers know of one sweep.

    Attributes:
        done: The number and the loss of each run that one of them finished.
        pruned: The number of each run that was stopped early.
    """

    done: list[tuple[int, float]] = field(default_factory=list)
    pruned: list[int] = field(default_factory=list)


@dataclass
class Outcome:
    """The results of all processes of the load, by sweep, and the errors that they saw."""

    results: dict[str, Results] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    watched: dict[str, list[list[int]]] = field(default_factory=dict)
    waits: int = 0
    unanswered: int = 0

    def of(self, sweep_id: str) -> Results:
        """Return the results of a sweep."""
        return self.results.setdefault(sweep_id, Results())


@dataclass
class _Program:
    process: subprocess.Popen[str]
    sweep_id: str | None
    output: IO[str]
    errors: IO[str]


class Load:
    """Agents and drivers of several versions of the client.

    Args:
        environment: The variables with which they reach the services.
        folder: The folder for their output.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._programs: list[_Program] = []
        self.sweeps: dict[str, str] = {}

    def create_sweeps(self, client: Client) -> None:
        """Create the sweeps."""
        self.sweeps = {
            name: client.create_sweep({**config, "name": name}).sweep.sweep_id
            for name, config in SWEEPS.items()
        }

    def start(self, version: Version, agents: int) -> None:
        """Start agents, spread over the sweeps, and one driver for all sweeps."""
        for index, (name, sweep_id) in enumerate(self.sweeps.items()):
            count = len(range(index, agents, len(self.sweeps)))
            module = "tests.upgrade.stopped_agents" if name == EARLY else "tests.e2e.busy_agents"
            if count:
                self._start(version, module, [sweep_id, str(count)], sweep_id)
        self._start(version, "tests.upgrade.driver", [*self.sweeps.values()], None)

    def end(self, client: Client) -> Outcome:
        """Let each sweep begin a few more runs, and return what all programs know at their end."""
        for sweep_id in self.sweeps.values():
            total = client.get_sweep_stats(sweep_id).total_runs
            client.update_sweep(sweep_id, run_cap=total + LEFT)
        outcome = Outcome()
        for program in self._programs:
            code = program.process.wait(END_SECONDS)
            errors = _text(program.errors)
            outcome.waits += errors.count("waiting up to")
            if code:
                outcome.errors.append(f"a program ended with code {code}: {errors[-2000:]}")
                continue
            told = json.loads(_text(program.output))
            if program.sweep_id is None:
                _add_driver(outcome, told)
            else:
                _add_agents(outcome, program.sweep_id, told)
        return outcome

    def check_running(self) -> None:
        """Fail if a program has ended before its time."""
        for program in self._programs:
            code = program.process.poll()
            end = f"{_text(program.errors)[-2000:]}\n{_text(program.output)}"
            assert code is None, f"a program ended with code {code}: {end}"

    def kill(self) -> None:
        """End the programs that still run."""
        for program in self._programs:
            program.process.kill()
            program.process.wait()
            program.output.close()
            program.errors.close()

    def _start(
        self, version: Version, module: str, arguments: list[str], sweep_id: str | None
    ) -> None:
        stem = self._folder / f"program-{len(self._programs)}"
        output, errors = (stem.with_suffix(end).open("w+") for end in (".out", ".err"))
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={
                **os.environ,
                **self._environment,
                **version.environment,
                "WANLLMDB_SPOOL_DIR": str(stem.with_suffix(".spool")),
            },
            cwd=ROOT,
            stdout=output,
            stderr=errors,
            text=True,
        )
        self._programs.append(_Program(process, sweep_id, output, errors))


@contextlib.contextmanager
def load(environment: Mapping[str, str], folder: Path) -> Iterator[Load]:
    """Yield a load, and end its programs after the block."""
    running = Load(environment, folder)
    try:
        yield running
    finally:
        running.kill()


def _add_driver(outcome: Outcome, told: dict[str, Any]) -> None:
    outcome.errors += [f"a driver: {error}" for error in told["errors"]]
    outcome.created += told["created"]
    outcome.unanswered += told["unanswered"]
    for sweep_id, done in told["done"].items():
        outcome.of(sweep_id).done += [(number, loss) for number, loss in done]
    for sweep_id, pruned in told["pruned"].items():
        outcome.of(sweep_id).pruned += pruned
    for sweep_id, revisions in told["revisions"].items():
        outcome.watched.setdefault(sweep_id, []).append(revisions)


def _add_agents(outcome: Outcome, sweep_id: str, diaries: list[dict[str, Any]]) -> None:
    results = outcome.of(sweep_id)
    for diary in diaries:
        outcome.errors += [f"an agent: {error}" for error in diary["errors"]]
        results.done += [(number, loss) for number, loss in diary["done"]]
        results.pruned += diary.get("pruned", [])


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
