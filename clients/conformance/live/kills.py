"""SIGKILL of a service in mid-run: no agent ends, and nothing is lost."""

from __future__ import annotations

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, count_of, states_of
from clients.conformance.runner.scenario import expect

_VALUES = [3.0, 2.0, 1.0]


@live_scenario("SIGKILL of the registry: the agent goes on, and no run and no value is lost")
async def registry(stage: LiveStage) -> None:
    await _survives(stage, "registry")


@live_scenario("SIGKILL of the suggestion service: the agent goes on, and no run is lost")
async def suggestion(stage: LiveStage) -> None:
    await _survives(stage, "suggestion")


async def _survives(stage: LiveStage, service: str) -> None:
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        agent = client.begin("agent.run", sweep_id=sweep.sweep_id, values=_VALUES, seconds=0.3)
        before = await agent.until(
            "a run has finished and the next one runs",
            sweep,
            lambda runs: states_of(runs)[-2:] == ["FINISHED", "RUNNING"],
        )
        await stage.platform.kill(service)
        # The sweep has no end yet: the kill was in the middle, however late it came.
        await agent.until(
            "runs that began after the kill have finished",
            sweep,
            lambda runs: count_of("FINISHED", runs) >= len(before) + 2,
        )
        await sweep.finish()
        result = await agent.result()

    runs = await sweep.runs()
    expect([run.number for run in runs], list(range(len(runs))), "the numbers of the runs")
    expect(set(states_of(runs)), {"FINISHED"}, "the states of the runs")
    expect({run.attempt for run in runs}, {1}, "the attempts of the runs")
    expect((result["runs"], result["failed"]), (len(runs), 0), "what the agent did")
    expect({run.objective for run in runs}, {_VALUES[-1]}, "the objectives of the runs")
    for run in runs:
        steps = await sweep.losses(run.number)
        expect(steps, dict(enumerate(_VALUES)), f"the values of run {run.number}")
