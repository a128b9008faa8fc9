"""Calls to services, and agents that work for them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from wanllmdb import Client, RunStopped, agent, init
from wanllmdb_testee.settings import environment

_PAUSE = 0.05
_MOST_LOGGED = 600
"""A function that goes on until it is stopped ends after this many values all the same."""


def create_sweep(given: dict[str, Any]) -> Any:
    """Create a sweep of a config as text."""
    with environment(given["environment"]), Client() as client:
        return {"sweep_id": client.create_sweep(given["config"]).sweep.sweep_id}


def list_runs(given: dict[str, Any]) -> Any:
    """Return the numbers of all runs of a sweep."""
    with environment(given["environment"]), Client() as client:
        return [run.number for run in client.list_runs(given["sweep_id"])]


def watch_sweep(given: dict[str, Any]) -> Any:
    """Return the revisions of the first changes of a sweep."""
    with environment(given["environment"]), Client() as client:
        changes = client.watch_sweep(given["sweep_id"])
        return [change.revision for change in islice(changes, given["changes"])]


def run_agent(given: dict[str, Any]) -> Any:
    """Run an agent to its end; return what it did, and what its function saw in each run."""
    seen: list[dict[str, Any]] = []
    with environment(given["environment"]):
        result = agent(
            given["sweep_id"],
            function=train_function(given, seen),
            count=given.get("count"),
            agent_id=given.get("agent_id"),
            resume=given.get("resume"),
        )
    return {"runs": result.runs, "failed": result.failed, "seen": seen}


def run_process(given: dict[str, Any]) -> Any:
    """Run an agent, or the program of a command agent, in a process; return its exit code.

    The process gets the signal of the command, if there is one, once its code has logged a value.
    """
    with environment(given["environment"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "wanllmdb_testee.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(f"{json.dumps(given)}\n")
        process.stdin.flush()
        # The process writes a line then.
        process.stdout.readline()
        if "signal" in given:
            process.send_signal(signal.Signals[given["signal"]])
        return {"exit_code": process.wait()}


def train_function(
    given: dict[str, Any],
    seen: list[dict[str, Any]],
    begun: Callable[[], None] = lambda: None,
) -> Callable[[], None]:
    """Return a training function, which records what it sees; `begun` follows its first value."""
    more = dict.fromkeys(given.get("names", ()), 0.5)

    def train() -> None:
        run = init()
        record: dict[str, Any] = {
            "parameters": dict(run.config),
            "resumed": run.resumed,
            "logged": 0,
            "stopped": False,
        }
        seen.append(record)

        def log(value: float) -> None:
            run.log({"loss": value, **more})
            record["logged"] += 1
            if record["logged"] == 1:
                begun()

        try:
            for value in given["values"]:
                log(float(value))
            # Until then the values can arrive before the end of the run.
            time.sleep(given.get("seconds", 0.0))
            while given.get("goes_on") and record["logged"] < _MOST_LOGGED:
                log(1.0)
                time.sleep(_PAUSE)
        except RunStopped:
            record["stopped"] = True
            raise
        if given.get("fails"):
            raise RuntimeError(given["fails"])

    return train
