"""Busy agents while one replica of each service after the other is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from tests.e2e.busy_agents import loss_of
from tests.e2e.up_process import UpProcess
from wanllmdb import Client, Run

CONFIG = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "layers": {"min": 1, "max": 6}},
}
# Runs that remain to be done when the last process was killed.
LEFT = 200
AGENTS_A_PROCESS = 16
LAST_RUNS_SECONDS = 180.0


@dataclass(frozen=True)
class Survival:
    """The result when no agent saw an error and no run was lost or counted twice.

    Attributes:
        kills: The number of killed processes.
        seconds: The duration of the test.
        rate: Finished runs a second during the test.
        runs: All runs of the sweep.
        again: The number of runs that were assigned again.
        waits: How often an agent reported that it waits for the services.
        best: The best run's loss.
    """

    kills: int
    seconds: float
    rate: float
    runs: int
    again: int
    waits: int
    best: float


def survive(running: UpProcess, *, agents: int, seconds: float, every: float) -> Survival:
    """Let the agents work while one replica of each service is killed in turn.

    Then set a cap and let the agents end. Fails if the stored runs differ from what the agents
    did.
    """
    ready = running.ready
    with (
        Client(registry=ready["registry"], suggestion=ready["suggestion"]) as client,
        tempfile.TemporaryFile("w+") as said,
    ):
        sweep_id = client.create_sweep(CONFIG).sweep.sweep_id
        with _agents(running, sweep_id, agents, said) as processes:
            while client.get_sweep_stats(sweep_id).finished_runs < agents:
                assert all(process.poll() is None for process in processes), _text(said)
                time.sleep(0.1)
            before = client.get_sweep_stats(sweep_id).finished_runs
            kills = _kill_in_turn(running, seconds, every)
            finished = client.get_sweep_stats(sweep_id).finished_runs - before
            cap = client.get_sweep_stats(sweep_id).total_runs + LEFT
            client.update_sweep(sweep_id, run_cap=cap)
            told = [process.communicate(timeout=LAST_RUNS_SECONDS)[0] for process in processes]
        diaries = [diary for line in told for diary in json.loads(line)]
        assert len(diaries) == agents
        errors = Counter(error for diary in diaries for error in diary["errors"])
        assert not errors, f"agents saw errors: {errors.most_common(10)}"
        runs = list(client.list_runs(sweep_id))
        check_results(
            runs, [(number, loss) for diary in diaries for number, loss in diary["done"]], cap
        )
        sweep = client.get_sweep(sweep_id)
        assert (sweep.state, sweep.finish_reason) == ("finished", "run_cap")
        assert sweep.stats.finished_runs == sweep.stats.total_runs == cap
        best = min(runs, key=lambda run: (run.objective or 0.0, run.number))
        assert sweep.stats.best_run is not None
        assert sweep.stats.best_run.number == best.number
        assert sweep.stats.best_run.objective == best.objective
        return Survival(
            kills=kills,
            seconds=seconds,
            rate=finished / seconds,
            runs=cap,
            again=sum(run.attempt - 1 for run in runs),
            waits=_text(said).count("waiting up to"),
            best=sweep.stats.best_run.objective,
        )


@contextlib.contextmanager
def _agents(
    running: UpProcess, sweep_id: str, count: int, said: IO[str]
) -> Iterator[list[subprocess.Popen[str]]]:
    """Start the agents' processes, and end them after the block."""
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.e2e.busy_agents", sweep_id),
                str(min(AGENTS_A_PROCESS, count - first)),
            ],
            env=running.environment(),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        for first in range(0, count, AGENTS_A_PROCESS)
    ]
    try:
        yield processes
        assert all(process.returncode == 0 for process in processes), _text(said)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _kill_in_turn(running: UpProcess, seconds: float, every: float) -> int:
    """Kill replicas in turn and return the number of killed processes."""
    began = time.monotonic()
    kills = 0
    for turn in range(round(seconds / every)):
        time.sleep(max(0.0, began + turn * every - time.monotonic()))
        pids = running.ready["pids"]
        for service in ("registry", "suggestion"):
            # A replica that is still restarting is listed with the pid of its last life.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[service][turn % 2], signal.SIGKILL)
                kills += 1
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    return kills


def check_results(runs: Sequence[Run], done: Sequence[tuple[int, float]], cap: int) -> None:
    """Check that numbers have no gaps up to the cap, and that each result is stored once."""
    assert [run.number for run in runs] == list(range(cap))
    times = Counter(number for number, _ in done)
    losses = dict(done)
    for run in runs:
        assert run.state == "finished", f"run {run.number} is {run.state}"
        assert run.objective == loss_of(run.parameters) == losses[run.number]
        # A run is done as often as it was assigned, each time by another agent.
        assert times[run.number] == run.attempt


def _text(said: IO[str]) -> str:
    said.seek(0)
    return said.read()
