"""A user pauses a sweep, and cancels runs and sweeps, while an agent works."""

from __future__ import annotations

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, count_of, has_reported, states_of
from clients.conformance.runner.scenario import expect, expect_true


@live_scenario("an agent ends the run that it has when its sweep is paused, waits, and goes on")
async def paused_sweep(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        agent = client.begin("agent.run", sweep_id=sweep.sweep_id, values=[1.0], seconds=0.1)
        await agent.until("a run runs", sweep, lambda runs: count_of("RUNNING", runs) == 1)
        await sweep.pause()
        paused = await agent.until(
            "none runs", sweep, lambda runs: "RUNNING" not in states_of(runs)
        )
        expect(await sweep.state(), "PAUSED", "the state of the sweep")
        await sweep.resume()
        await agent.until("runs follow", sweep, lambda runs: len(runs) >= len(paused) + 2)
        await sweep.finish()
        result = await agent.result()

    runs = await sweep.runs()
    expect(set(states_of(runs)), {"FINISHED"}, "the states of the runs")
    expect(len({run.agent_id for run in runs}), 1, "the number of agents")
    expect((result["runs"], result["failed"]), (len(runs), 0), "what the agent did")


@live_scenario("a canceled run stops, and the agent takes the next one")
async def canceled_run(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        agent = client.begin(
            "agent.run", sweep_id=sweep.sweep_id, count=2, values=[1.0], goes_on=True
        )
        for number in (0, 1):
            await agent.until(f"run {number} has reported", sweep, has_reported(number))
            await sweep.cancel_run(number)
        result = await agent.result()

    expect(result["runs"], 2, "the number of runs")
    expect([each["stopped"] for each in result["seen"]], [True, True], "whether the code stopped")
    expect(states_of(await sweep.runs()), ["CANCELED"] * 2, "the states of the runs")


@live_scenario("the agent of a canceled sweep stops its run, and ends well")
async def canceled_sweep(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        agent = client.begin("agent.run", sweep_id=sweep.sweep_id, values=[1.0], goes_on=True)
        await agent.until("the run has reported", sweep, has_reported(0))
        await sweep.cancel()
        result = await agent.result()

    expect([each["stopped"] for each in result["seen"]], [True], "whether the code stopped")
    expect_true(result["seen"][0]["logged"] >= 1, "the code logged a value before")
    expect(states_of(await sweep.runs()), ["CANCELED"], "the states of the runs")
    expect(await sweep.state(), "CANCELED", "the state of the sweep")
