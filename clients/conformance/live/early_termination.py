"""Early termination by the suggestion service."""

from __future__ import annotations

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, states_of
from clients.conformance.runner.scenario import expect

_CONFIG = {**SEARCH, "early_terminate": {"type": "hyperband", "min_iter": 2}}


@live_scenario("hyperband stops a run at its first rung, and the agent takes the next one")
async def hyperband(stage: LiveStage) -> None:
    sweep = await stage.create(_CONFIG)
    async with stage.client() as client:
        good = await client.ask(
            "agent.run", sweep_id=sweep.sweep_id, count=3, values=[0.3, 0.2, 0.1]
        )
        bad = await client.ask(
            "agent.run", sweep_id=sweep.sweep_id, count=2, values=[9.0, 8.0, 7.0], goes_on=True
        )

    expect([each["stopped"] for each in good["seen"]], [False] * 3, "whether good runs stopped")
    expect([each["stopped"] for each in bad["seen"]], [True] * 2, "whether bad runs stopped")
    runs = await sweep.runs()
    expect(states_of(runs), ["FINISHED"] * 3 + ["PRUNED"] * 2, "the states of the runs")
    for number in (3, 4):
        expect(await sweep.losses(number), {0: 9.0, 1: 8.0}, f"the values of run {number}")
