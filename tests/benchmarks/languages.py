"""The time of one agent of each language for trials without work, by the testees of conformance.

Build the testees before, by `make conformance`.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

from clients.conformance.runner.commands import Commands
from clients.conformance.runner.testee import languages_in, started
from tests.benchmarks.calls import PARAMETERS
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from wanllmdb import AsyncClient
from wanllmdb_local.platform import Endpoints

TRIALS = 200
ROUNDS = 3
CONFIG = {"method": "random", "metric": {"name": "loss"}, "parameters": PARAMETERS, "seed": 1}


async def run(platform: Endpoints) -> list[Figure]:
    """Measure some rounds, in each of which all languages take their turns."""
    environment = {
        "WANLLMDB_REGISTRY": platform.registry,
        "WANLLMDB_SUGGESTION": platform.suggestion,
    }
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            AsyncClient(platform.registry, platform.suggestion)
        )
        agents = {
            language.name: Commands(await stack.enter_async_context(started(language)), environment)
            for language in languages_in()
        }
        # The first round compiles what is compiled late, and is not counted.
        rounds: dict[str, list[float]] = {name: [] for name in agents}
        for _ in range(ROUNDS + 1):
            for name, commands in agents.items():
                rounds[name].append(await _milliseconds(client, commands))
    figures = [
        Figure(f"trial of one agent, {name}", "ms", tuple(times[1:]), TRIALS, clients=1, hops=2)
        for name, times in rounds.items()
    ]
    table(
        f"(l) One agent of each language, {TRIALS} trials that take no time; medians of {ROUNDS}",
        ["agent", "ms a trial", "trials/s"],
        [
            [name, f"{f.value:.1f}", f"{1000 / f.value:.0f}"]
            for name, f in zip(rounds, figures, strict=True)
        ],
    )
    return figures


async def _milliseconds(client: AsyncClient, commands: Commands) -> float:
    sweep_id = (await client.create_sweep(CONFIG)).sweep.sweep_id
    begin = time.perf_counter()
    result = await commands.ask("agent.run", sweep_id=sweep_id, count=TRIALS, values=[1.0])
    seconds = time.perf_counter() - begin
    assert (result["runs"], result["failed"]) == (TRIALS, 0), result
    return seconds / TRIALS * 1000
