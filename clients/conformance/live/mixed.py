"""Agents of several languages on one sweep."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count, cycle, islice

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_client import LiveClient
from clients.conformance.runner.live_sweep import SEARCH, LiveSweep, states_of
from clients.conformance.runner.scenario import expect

_AGENTS = 4
_RUN_CAP = 100
_RUNS_A_TURN = 5

Done = Counter[tuple[str, float]]
"""How many runs an agent has done, by its name and their objective."""


@live_scenario(
    "4 agents share a sweep with a cap of 100: each run once, the best is true", is_mixed=True
)
async def shared_sweep(stage: LiveStage) -> None:
    sweep = await stage.create({**SEARCH, "run_cap": _RUN_CAP})
    languages = list(islice(cycle(stage.languages), _AGENTS))
    names = [f"{language.name}-{place}" for place, language in enumerate(languages)]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(stage.client(each)) for each in languages]
        agents = [
            _Agent(client, sweep, name, place)
            for place, (name, client) in enumerate(zip(names, clients, strict=True))
        ]
        # Each has a run before the others can have taken all.
        await asyncio.gather(*(agent.work(count=1) for agent in agents))
        await asyncio.gather(*(agent.work_to_the_end() for agent in agents))

    runs = await sweep.runs()
    expect([run.number for run in runs], list(range(_RUN_CAP)), "the numbers of the runs")
    expect(set(states_of(runs)), {"FINISHED"}, "the states of the runs")
    expect({run.attempt for run in runs}, {1}, "the attempts of the runs")
    done = sum((agent.done for agent in agents), Done())
    stored = Counter((run.agent_id, run.objective) for run in runs)
    expect(stored, done, "the runs by agent and objective, as the agents did them")
    lowest = min(objective for _, objective in done)
    first = next(run.number for run in runs if run.objective == lowest)
    best = await sweep.best_run()
    expect((best.number, best.objective), (first, lowest), "the best run")
    expect(await sweep.state(), "FINISHED", "the state of the sweep")
    shares = ", ".join(f"{agent.done.total()} by {agent.name}" for agent in agents)
    stage.notes.append(f"{len(runs)} runs: {shares}; the best is run {first} with {lowest:g}")


class _Agent:
    """An agent that works in turns, each with another objective, which its place makes its own."""

    def __init__(self, client: LiveClient, sweep: LiveSweep, name: str, place: int) -> None:
        self.name = name
        self.done = Done()
        self._client = client
        self._sweep = sweep
        self._objectives = (1.0 + abs(turn - 3) + place / 8 for turn in count())

    async def work(self, *, count: int) -> int:
        """Do at most this many runs; return how many there were."""
        objective = next(self._objectives)
        result = await self._client.ask(
            "agent.run",
            sweep_id=self._sweep.sweep_id,
            agent_id=self.name,
            count=count,
            values=[objective + 1.0, objective],
            seconds=0.02,
        )
        if runs := result["runs"]:
            self.done[self.name, objective] += runs
        return int(runs)

    async def work_to_the_end(self) -> None:
        """Work until the sweep has no more runs."""
        while await self.work(count=_RUNS_A_TURN) == _RUNS_A_TURN:
            pass
