"""Programs of a command agent; the scenario is the agent."""

from __future__ import annotations

from collections.abc import Mapping

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, LiveSweep, has_reported, states_of
from clients.conformance.runner.registry import channel_to, new_id
from clients.conformance.runner.scenario import expect
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1.suggestion_service_pb2_grpc import SuggestionServiceStub


@live_scenario("a child has services, key and certificates from its environment", is_protected=True)
async def reporting_child(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    environment = await _assigned_run(stage, sweep)
    async with stage.client() as client:
        result = await client.ask(
            "process.run", work="child", values=[2.0, 1.0], environment=environment
        )

    expect(result, {"exit_code": 0}, "the result")
    expect(await sweep.losses(0), {0: 2.0, 1: 1.0}, "the values")
    expect(states_of(await sweep.runs()), ["RUNNING"], "the run, which its agent ends")
    await sweep.cancel()


@live_scenario("a child whose run is canceled ends it")
async def canceled_child(stage: LiveStage) -> None:
    sweep = await stage.create(SEARCH)
    environment = await _assigned_run(stage, sweep)
    async with stage.client() as client:
        child = client.begin(
            "process.run", work="child", values=[1.0], goes_on=True, environment=environment
        )
        await child.until("the run has reported", sweep, has_reported(0))
        await sweep.cancel_run(0)
        await child.result()

    expect(states_of(await sweep.runs()), ["CANCELED"], "the states of the runs")


async def _assigned_run(stage: LiveStage, sweep: LiveSweep) -> Mapping[str, str]:
    """Take the first run of a sweep; return the variables by which a child finds it."""
    request = pb.SuggestRequest(
        sweep_id=sweep.sweep_id, agent_id="command-agent", count=1, request_id=new_id()
    )
    async with channel_to(stage.platform, "WANLLMDB_SUGGESTION") as channel:
        answer = await stage.registry.call(SuggestionServiceStub(channel).Suggest, request)
    (run,) = answer.runs
    return {
        "WANLLMDB_SWEEP_ID": sweep.sweep_id,
        "WANLLMDB_RUN_NUMBER": str(run.number),
        "WANLLMDB_RUN_ATTEMPT": str(run.attempt),
        # A command agent sets it as well; a program that removes it has left the sweep.
        "WANDB_SWEEP_ID": sweep.sweep_id,
    }
