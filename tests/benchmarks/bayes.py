"""Suggest with method bayes, compared with Optuna's own ask in memory.

Also the first Suggest of a sweep, which builds its model, and the trials of 32 agents.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from statistics import median

import optuna

from tests.benchmarks.calls import PARAMETERS, Calls, ChainedTrials, calls_to, objective
from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.filling import fill
from tests.benchmarks.load import measure, table
from wanllmdb_local.platform import Endpoints

SIZES = (100, 1_000, 10_000)
ASKS = 15
AGENTS = 32
SECONDS = 4.0


async def run(platform: Endpoints) -> list[Figure]:
    """Measure asks. The platform's Suggests and Optuna's asks alternate."""
    return await run_sizes(platform, SIZES)


async def run_sizes(platform: Endpoints, sizes: Sequence[int]) -> list[Figure]:
    """Measure sweeps with these numbers of finished runs."""
    rows = []
    figures = []
    async with calls_to(platform.registry, platform.suggestion) as calls:
        for size in sizes:
            sweep_id, first = await _sweep_with(calls, size)
            study = _study_with(size)
            ours: list[float] = []
            trials: list[float] = []
            theirs: list[float] = []
            for _ in range(ASKS):
                start = time.perf_counter()
                (run_,) = await calls.suggest(sweep_id, 0)
                ours.append(time.perf_counter() - start)
                await calls.finish(run_)
                trials.append(time.perf_counter() - start)
                theirs.append(_ask_and_tell(study))
            a, b = median(ours) * 1000, median(theirs) * 1000
            for name, seconds, hops in (
                ("Suggest, bayes", ours, 2),
                ("trial, bayes", trials, 2),
                ("ask of Optuna's TPE in memory", theirs, 0),
            ):
                milliseconds = in_rounds([each * 1000 for each in seconds])
                figures.append(Figure(name, "ms", milliseconds, size, clients=1, hops=hops))
            together = await measure(
                ChainedTrials(calls, sweep_id).trial, clients=AGENTS, seconds=SECONDS
            )
            figures += [
                Figure("first Suggest, bayes", "ms", (first * 1000,), size, clients=1),
                Figure(
                    "trial, bayes (Suggest with the end)",
                    "trials/s",
                    (together.rate,),
                    size,
                    clients=AGENTS,
                    hops=2,
                ),
            ]
            rows.append(
                [
                    f"{size:,} finished runs",
                    f"{b:.1f}",
                    f"{a:.1f}",
                    f"{a - b:+.1f}",
                    f"{a / b:.2f}",
                    f"{median(trials) * 1000:.1f}",
                    f"{first * 1000:.0f}",
                    f"{together.rate:.0f}",
                ]
            )
    table(
        f"(c) Method bayes, six parameters, one client; medians of {ASKS}",
        [
            *("sweep", "Optuna ask ms", "Suggest ms", "difference", "ratio", "whole trial ms"),
            *("first Suggest ms", f"trials/s of {AGENTS} agents"),
        ],
        rows,
    )
    return figures


async def _sweep_with(calls: Calls, size: int) -> tuple[str, float]:
    """Return a bayes sweep with `size` finished runs, and the seconds of its first Suggest."""
    sweep_id = await calls.create_sweep("bayes")
    await fill(calls, sweep_id, size)
    # The first Suggest builds the model; the others are of a warm one.
    start = time.perf_counter()
    (run_,) = await calls.suggest(sweep_id, 0)
    first = time.perf_counter() - start
    await calls.finish(run_)
    return sweep_id, first


def _study_with(size: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=1)
    study = optuna.create_study(sampler=sampler)
    filler = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(size):
        trial = filler.ask()
        filler.tell(trial, objective(_suggest(trial)))
    study.add_trials(filler.get_trials(deepcopy=False))
    _ask_and_tell(study)
    return study


def _ask_and_tell(study: optuna.Study) -> float:
    """Return the seconds of an ask, including its parameters."""
    start = time.perf_counter()
    trial = study.ask()
    parameters = _suggest(trial)
    elapsed = time.perf_counter() - start
    study.tell(trial, objective(parameters))
    return elapsed


def _suggest(trial: optuna.Trial) -> dict[str, object]:
    return {
        "lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
        "width": trial.suggest_int("width", 16, 512),
        "depth": trial.suggest_int("depth", 1, 8),
        "optimizer": trial.suggest_categorical("optimizer", PARAMETERS["optimizer"]["values"]),
        "batch_size": trial.suggest_categorical("batch_size", PARAMETERS["batch_size"]["values"]),
    }
