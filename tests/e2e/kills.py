"""Busy agents while of two replicas of each service one after the other dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

from tests.e2e.busy_agents import objective
from tests.e2e.up_process import UpProcess
from wanllmdb import Client, Run

CONFIG = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "layers": {"min": 1, "max": 6}},
}
# Runs that are left to do when the killing ends.
LEFT = 200
AGENTS_A_PROCESS = 16
LAST_RUNS_SECONDS = 180.0


@dataclass(frozen=True)
class Survival:
    """What came of it, when no agent saw an error and nothing was lost or counted twice."""

    kills: int
    seconds: float
    runs: int
    handed_out_again: int
    longest_call: float
    killing_runs: int
    best: float

    @property
    def rate(self) -> float:
        """Trials a second while processes were killed."""
        return self.killing_runs / self.seconds


def survive(running: UpProcess, *, agents: int, seconds: float, every: float) -> Survival:
    """Lets the agents work while one replica of each service is killed, in turn.

    Then sets a cap and lets them end. Fails where what is stored is not what the agents
    were told.
    """
    ready = running.ready
    with Client(registry=ready["registry"], suggestion=ready["suggestion"]) as client:
        sweep_id = client.create_sweep(CONFIG).sweep.sweep_id
        processes = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.e2e.busy_agents", sweep_id),
                    *(f"agents-{first}", str(min(AGENTS_A_PROCESS, agents - first))),
                ],
                env=running.environment(),
                stdout=subprocess.PIPE,
                text=True,
            )
            for first in range(0, agents, AGENTS_A_PROCESS)
        ]
        try:
            while client.get_sweep_stats(sweep_id).finished_runs < agents:
                time.sleep(0.1)
            kills, killing_runs = _kill_in_turn(running, client, sweep_id, seconds, every)
            cap = client.get_sweep_stats(sweep_id).total_runs + LEFT
            client.update_sweep(sweep_id, run_cap=cap)
            told = [process.communicate(timeout=LAST_RUNS_SECONDS)[0] for process in processes]
        finally:
            for process in processes:
                process.kill()
        assert all(process.returncode == 0 for process in processes)
        diaries = [diary for line in told for diary in json.loads(line)]
        assert len(diaries) == agents
        errors = Counter(error for diary in diaries for error in diary["errors"])
        assert not errors, f"agents saw errors: {errors.most_common(10)}"
        finished = [tuple(entry) for diary in diaries for entry in diary["finished"]]
        runs = list(client.list_runs(sweep_id))
        sweep = client.get_sweep(sweep_id)
        _check(runs, finished, cap)
        assert (sweep.state, sweep.finish_reason) == ("finished", "run_cap")
        assert sweep.stats.finished_runs == sweep.stats.total_runs == cap
        best = min(runs, key=lambda run: (run.objective or 0.0, run.number))
        assert sweep.stats.best_run is not None
        assert (sweep.stats.best_run.number, sweep.stats.best_run.objective) == (
            best.number,
            best.objective,
        )
    return Survival(
        kills=kills,
        seconds=seconds,
        runs=len(runs),
        handed_out_again=sum(run.attempt - 1 for run in runs),
        longest_call=max(diary["longest_call"] for diary in diaries),
        killing_runs=killing_runs,
        best=sweep.stats.best_run.objective,
    )


def _kill_in_turn(
    running: UpProcess, client: Client, sweep_id: str, seconds: float, every: float
) -> tuple[int, int]:
    """How many processes were killed, and how many runs finished meanwhile."""
    before = client.get_sweep_stats(sweep_id).finished_runs
    began = time.monotonic()
    kills = 0
    for turn in range(round(seconds / every)):
        time.sleep(max(0.0, began + turn * every - time.monotonic()))
        pids = running.ready["pids"]
        for service in ("registry", "suggestion"):
            # Also one that is still on its way back.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[service][turn % 2], signal.SIGKILL)
                kills += 1
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    return kills, client.get_sweep_stats(sweep_id).finished_runs - before


def _check(runs: list[Run], finished: list[tuple[int, int, float]], cap: int) -> None:
    """Numbers without gaps up to the cap; every acknowledged result is there, once, unaltered."""
    assert [run.number for run in runs] == list(range(cap))
    told = {number: (attempt, value) for number, attempt, value in finished}
    assert len(told) == len(finished), "two agents were told that they finished one run"
    for run in runs:
        assert run.state == "finished", f"run {run.number} is {run.state}"
        assert run.objective == objective(run.parameters)
        if run.number in told:
            assert told[run.number] == (run.attempt, run.objective)
