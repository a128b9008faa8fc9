"""Processes of their own: agents that get signals, and programs of command agents."""

from __future__ import annotations

from typing import Any

from clients.conformance.runner.scenario import Stage, expect, expect_true, scenario
from clients.conformance.runner.scripted_sweep import SWEEP_ID, ScriptedSweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@scenario("SIGTERM gives the run back, and no further run is taken")
async def terminated(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, runs=2)
    await stage.ask(
        "process.run",
        work="agent",
        signal="SIGTERM",
        sweep_id=SWEEP_ID,
        values=[1.0],
        goes_on=True,
    )

    (release,) = stage.services.requests("ReleaseRun")
    expect((release.number, release.attempt), (0, 1), "the run that was given back")
    expect_true(release.request_id != "", "the ReleaseRun has an id")
    expect(sweep.ends, [], "the ends")
    expect(len(stage.services.requests("Suggest")), 1, "the number of Suggests")


@scenario("the first SIGINT lets the run end, and no further run is taken")
async def interrupted(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, runs=2)
    await stage.ask(
        "process.run",
        work="agent",
        signal="SIGINT",
        sweep_id=SWEEP_ID,
        values=[1.0],
        seconds=1.0,
    )

    expect([end.WhichOneof("outcome") for end in sweep.ends], ["succeeded"], "the ends")
    expect(stage.services.requests("ReleaseRun"), [], "the runs given back")
    expect(len(stage.services.requests("Suggest")), 1, "the number of Suggests")


@scenario("a child's values arrive, and it neither ends its run nor sends heartbeats")
async def child(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, lease=0.6)
    result = await _child(stage, values=[3.0, 2.0], seconds=1.0)

    expect(result, {"exit_code": 0}, "the result")
    losses = {step: values["loss"] for step, values in sweep.values.items()}
    expect(losses, {0: 3.0, 1: 2.0}, "the values by step")
    for rpc in ("FinishRun", "Suggest", "Heartbeat", "ReleaseRun"):
        expect(stage.services.requests(rpc), [], f"the requests of {rpc}")


@scenario("a child ends its run as pruned itself, and exits with 0")
async def pruned_child(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, next_check=2)
    stage.services.on(
        "ShouldStop",
        suggestion_pb.ShouldStopResponse(next_check_iteration=2),
        suggestion_pb.ShouldStopResponse(should_stop=True, reason="worse"),
    )
    result = await _child(stage, values=[1.0, 2.0, 3.0])

    expect(result, {"exit_code": 0}, "the result")
    (end,) = sweep.ends
    expect(end.WhichOneof("outcome"), "pruned", "the outcome")
    expect(end.pruned.reason, "worse", "the reason")
    expect(set(sweep.values), {0, 1}, "the steps that arrived")


@scenario("a child ends its run as canceled itself")
async def canceled_child(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    stop = registry_pb.ReportMetricsResponse(command=run_pb2.RUN_COMMAND_STOP)
    stage.services.on("ReportMetrics", stop)
    await _child(stage, values=[1.0], goes_on=True)

    expect([end.WhichOneof("outcome") for end in sweep.ends], ["canceled"], "the ends")


@scenario("a child whose run belongs to another agent reports nothing")
async def lost_child(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    other = registry_pb.GetRunResponse(run=sweep.run(0, attempt=2))
    stage.services.on("GetRun", other)
    result = await _child(stage, values=[1.0])

    expect_true(result["exit_code"] != 0, "the child fails")
    expect(stage.services.requests("ReportMetrics"), [], "the reports")
    expect(sweep.ends, [], "the ends")


async def _child(stage: Stage, **given: Any) -> Any:
    return await stage.ask(
        "process.run",
        work="child",
        environment={
            "WANLLMDB_SWEEP_ID": SWEEP_ID,
            "WANLLMDB_RUN_NUMBER": "0",
            "WANLLMDB_RUN_ATTEMPT": "1",
            # A command agent sets it as well; a program that removes it has left the sweep.
            "WANDB_SWEEP_ID": SWEEP_ID,
        },
        **given,
    )
