"""The time that an agent takes for trials without work, which is the platform's overhead."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable

import wanllmdb as wandb
from tests.benchmarks.calls import PARAMETERS, objective
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from wanllmdb import Client
from wanllmdb_local.platform import Endpoints

TRIALS = 100
PROGRAMS = 40
ROUNDS = 3


def _train() -> None:
    wandb.log({"loss": objective(dict(wandb.config))})


async def run(platform: Endpoints) -> list[Figure]:
    """Measure some rounds, each with a new sweep."""
    with Client(platform.registry, platform.suggestion) as client:

        def function(method: str, trials: int) -> Callable[[], float]:
            return lambda: _seconds_of_function(client, method, trials)

        def programs(parallel: int) -> Callable[[], float]:
            return lambda: _seconds_of_programs(platform, client, parallel)

        figures = [
            _figure("a function's trial, random", TRIALS, function("random", TRIALS)),
            _figure("a function's trial, bayes", TRIALS, function("bayes", TRIALS)),
            _figure("a program's trial (`true`)", PROGRAMS, programs(1)),
            _figure("a program's trial (`true`), --parallel 4", PROGRAMS, programs(4)),
        ]
    table(
        f"(d) One agent, trials that take no time; medians of {ROUNDS}; "
        "programs with the agent's own start",
        ["agent", "trials", "ms a trial"],
        [[each.name, str(each.size), f"{each.value:.1f}"] for each in figures],
    )
    return figures


def _figure(name: str, trials: int, seconds: Callable[[], float]) -> Figure:
    rounds = tuple(seconds() / trials * 1000 for _ in range(ROUNDS))
    return Figure(name, "ms", rounds, trials, clients=1, hops=2)


def _seconds_of_function(client: Client, method: str, trials: int) -> float:
    sweep_id = _new_sweep(client, method, metric={"name": "loss"})
    begin = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        result = wandb.agent(sweep_id, _train, count=trials, client=client)
    seconds = time.perf_counter() - begin
    assert (result.runs, result.failed) == (trials, 0)
    return seconds


def _seconds_of_programs(platform: Endpoints, client: Client, parallel: int) -> float:
    sweep_id = _new_sweep(client, "random", run_cap=PROGRAMS)
    environment = os.environ | {
        "WANLLMDB_REGISTRY": platform.registry,
        "WANLLMDB_SUGGESTION": platform.suggestion,
    }
    command = [sys.executable, "-m", "wanllmdb.cli.main", "agent", sweep_id]
    command += ["--parallel", str(parallel), "--", "true"]
    begin = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begin


def _new_sweep(client: Client, method: str, **more: object) -> str:
    config = {"method": method, "parameters": PARAMETERS, "seed": 1, **more}
    return client.create_sweep(config).sweep.sweep_id
