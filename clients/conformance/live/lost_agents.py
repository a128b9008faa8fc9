"""Agents that end before their runs."""

from __future__ import annotations

from typing import Any

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, has_reported, states_of
from clients.conformance.runner.scenario import expect, expect_true


@live_scenario("an agent that resumes after SIGKILL goes on with its run, and takes the next one")
async def killed(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    given: dict[str, Any] = {"sweep_id": sweep.sweep_id, "agent_id": "resuming-agent"}
    async with stage.client() as first:
        agent = first.begin("agent.run", **given, values=[9.0, 8.0], goes_on=True)
        await agent.until("the run has reported", sweep, has_reported(0))
        first.kill()
    before = await sweep.losses(0)
    async with stage.client() as second:
        result = await second.ask("agent.run", **given, resume=True, count=2, values=[2.0, 1.0])

    expect([each["resumed"] for each in result["seen"]], [True, False], "whether runs were resumed")
    runs = await sweep.runs()
    expect(states_of(runs), ["FINISHED"] * 2, "the states of the runs")
    expect([run.attempt for run in runs], [1, 1], "the attempts of the runs")
    values = await sweep.losses(0)
    expect(sorted(values), list(range(len(values))), "the steps of the resumed run")
    expect_true(before.items() <= values.items(), "the values before SIGKILL are kept")
    expect(
        [values[step] for step in sorted(values)[-2:]],
        [2.0, 1.0],
        "the last values of the resumed run",
    )
    expect(await sweep.losses(1), {0: 2.0, 1: 1.0}, "the values of the next run")


@live_scenario("an agent that gets SIGTERM gives its run back, and another one takes it at once")
async def terminated(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        await client.ask(
            "process.run",
            work="agent",
            signal="SIGTERM",
            sweep_id=sweep.sweep_id,
            values=[9.0],
            goes_on=True,
        )
        expect(states_of(await sweep.runs()), ["QUEUED"], "the states of the runs")
        result = await client.ask("agent.run", sweep_id=sweep.sweep_id, count=1, values=[1.0])

    expect([each["resumed"] for each in result["seen"]], [False], "whether the run was resumed")
    (run,) = await sweep.runs()
    expect((run.number, run.attempt, run.objective), (0, 2, 1.0), "the run")
    expect(await sweep.losses(0), {0: 1.0}, "the values of the run")
