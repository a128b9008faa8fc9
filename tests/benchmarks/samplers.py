"""Results of sweeps compared with those of Optuna: same samplers, seeds and trials.

Each sampler minimizes four functions with 20 seeds, with one run at a time and with 8 at a time.
The sweep's model is called as Suggest calls it; one table uses both services.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import optuna
from scipy.stats import mannwhitneyu

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.functions import FUNCTIONS, Function
from tests.benchmarks.load import table
from tests.benchmarks.simulation import best_of_study, best_of_sweep
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_local.platform import Endpoints

AGENTS = 8
SERVICE_SEEDS = 10


@dataclass(frozen=True, slots=True)
class Contest:
    """A sampler, how it is created in Optuna, and the number of trials."""

    sampler: str
    optuna: Callable[[int], optuna.samplers.BaseSampler]
    trials: int
    seeds: int
    module: str = ""


CONTESTS = (
    Contest("tpe", lambda seed: optuna.samplers.TPESampler(seed=seed), trials=60, seeds=20),
    # A proposal after 30 trials takes about 0.2 s.
    Contest(
        "gp",
        lambda seed: optuna.samplers.GPSampler(seed=seed),
        trials=30,
        seeds=20,
        module="torch",
    ),
)


async def run(platform: Endpoints) -> list[Figure]:
    """Print the tables, and return how long a proposal takes."""
    figures = []
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for contest in CONTESTS:
        if contest.module and find_spec(contest.module) is None:
            print(f"\n{contest.sampler} left out: {contest.module} is not installed")
            continue
        figures += _compare(contest)
    await _through_the_services(platform)
    return figures


def _compare(contest: Contest) -> list[Figure]:
    rows = []
    seconds = {"ours": 0.0, "theirs": 0.0}
    for function in FUNCTIONS:
        for outstanding in (1, AGENTS):
            start = time.perf_counter()
            ours = [_sweep(contest, function, s, outstanding) for s in range(contest.seeds)]
            between = time.perf_counter()
            theirs = [_study(contest, function, s, outstanding) for s in range(contest.seeds)]
            seconds["ours"] += between - start
            seconds["theirs"] += time.perf_counter() - between
            rows.append(_row(function, outstanding, ours, theirs))
    proposals = contest.trials * contest.seeds * len(FUNCTIONS) * 2
    table(
        f"(e) {contest.sampler}: best of {contest.trials} trials, {contest.seeds} seeds; a "
        f"proposal took {seconds['ours'] / proposals * 1000:.1f} ms, Optuna's "
        f"{seconds['theirs'] / proposals * 1000:.1f} ms",
        _COLUMNS,
        rows,
    )
    mine, optunas = ((seconds[side] / proposals * 1000,) for side in ("ours", "theirs"))
    return [
        Figure(f"a proposal of {contest.sampler} in memory", "ms", mine, contest.trials),
        Figure(f"a proposal of Optuna's {contest.sampler}", "ms", optunas, contest.trials),
    ]


_COLUMNS = ["function", "agents", "median", "Optuna's", "least", "p, two-sided", "p, ours worse"]


def _row(function: Function, outstanding: int, ours: list[float], theirs: list[float]) -> list[str]:
    differs = mannwhitneyu(ours, theirs, alternative="two-sided").pvalue
    worse = mannwhitneyu(ours, theirs, alternative="greater").pvalue
    return [
        function.name,
        str(outstanding),
        f"{median(ours):.4f}",
        f"{median(theirs):.4f}",
        f"{function.least:.4f}",
        f"{differs:.2f}",
        f"{worse:.2f}",
    ]


def _sweep(contest: Contest, function: Function, seed: int, agents: int) -> float:
    return best_of_sweep(contest.sampler, function, seed=seed, trials=contest.trials, agents=agents)


def _study(contest: Contest, function: Function, seed: int, agents: int) -> float:
    return best_of_study(
        contest.optuna(seed), function, seed=seed, trials=contest.trials, agents=agents
    )


async def _through_the_services(platform: Endpoints) -> None:
    """Return the results of TPE on Hartmann's function, by 8 agents that call both services."""
    contest = CONTESTS[0]
    [function] = [f for f in FUNCTIONS if f.name.startswith("Hartmann")]
    async with calls_to(platform.registry, platform.suggestion) as calls:
        ours = [await _agents(calls, contest, function, s) for s in range(SERVICE_SEEDS)]
    theirs = [_study(contest, function, seed, AGENTS) for seed in range(SERVICE_SEEDS)]
    table(
        f"(e) {contest.sampler} through the services: best of {contest.trials} trials, "
        f"{SERVICE_SEEDS} seeds",
        _COLUMNS,
        [_row(function, AGENTS, ours, theirs)],
    )


async def _agents(calls: Calls, contest: Contest, function: Function, seed: int) -> float:
    sweep_id = await calls.create_sweep(
        "bayes",
        parameters={name: {"min": 0.0, "max": 1.0} for name in _names(function)},
        seed=seed,
        run_cap=contest.trials,
    )
    found: list[float] = []

    async def agent(index: int) -> None:
        while runs := await calls.suggest(sweep_id, index):
            value = function.value(parameters_from_proto(runs[0].parameters))
            found.append(value)
            await calls.finish(runs[0], value)

    await asyncio.gather(*(agent(index) for index in range(AGENTS)))
    return min(found)


def _names(function: Function) -> Iterator[str]:
    return (parameter.name for parameter in function.space.parameters)
