"""Heartbeats, commands, early termination: what stops a run from outside."""

from __future__ import annotations

from typing import Any

import grpc

from clients.conformance.runner.replies import Failure
from clients.conformance.runner.scenario import Stage, expect, expect_true, scenario
from clients.conformance.runner.scripted_sweep import SWEEP_ID, ScriptedSweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@scenario("heartbeats come each third of the lease, and STOP ends the run as canceled")
async def cancel(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, lease=0.9)

    def stop(request: Any) -> registry_pb.HeartbeatResponse:
        return sweep.heartbeat(request, run_pb2.RUN_COMMAND_STOP)

    stage.services.on("Heartbeat", sweep.heartbeat, sweep.heartbeat, sweep.heartbeat, stop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[], goes_on=True)

    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["canceled"], "the ends")
    beats = stage.services.requests("Heartbeat")
    expect_true(len(beats) >= 4, f"four heartbeats until the run's end, not {len(beats)}")
    leases = {(each.number, each.attempt) for beat in beats for each in beat.leases}
    expect(leases, {(0, 1)}, "the leases")
    shortest = min(stage.services.pauses("Heartbeat"))
    expect_true(shortest >= 0.29, f"0.3 s between heartbeats, not {shortest:.2f} s")


@scenario("a heartbeat without an answer does not end the run, and the next one follows")
async def failed_heartbeats(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, lease=0.9)

    def stop(request: Any) -> registry_pb.HeartbeatResponse:
        return sweep.heartbeat(request, run_pb2.RUN_COMMAND_STOP)

    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    broken = Failure(grpc.StatusCode.INTERNAL, "INTERNAL")
    stage.services.on("Heartbeat", late, broken, stop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[], goes_on=True)

    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["canceled"], "the ends")


@scenario("ABANDON stops the code, and no end is sent")
async def abandon(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, lease=0.6)

    def drop(request: Any) -> registry_pb.HeartbeatResponse:
        return sweep.heartbeat(request, run_pb2.RUN_COMMAND_ABANDON)

    stage.services.on("Heartbeat", drop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[], goes_on=True)

    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    expect(sweep.ends, [], "the ends")
    expect(stage.services.requests("ReleaseRun"), [], "the runs given back")
    expect(len(stage.services.requests("Suggest")), 2, "the number of Suggests")


@scenario("STOP in the answer to a report ends the run as canceled")
async def stop_by_report(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    stop = registry_pb.ReportMetricsResponse(command=run_pb2.RUN_COMMAND_STOP)
    stage.services.on("ReportMetrics", stop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], goes_on=True)

    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["canceled"], "the ends")


@scenario("a report of a lost lease stops the code, and no end is sent")
async def lost_by_report(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    lost = Failure(grpc.StatusCode.FAILED_PRECONDITION, "RUN_LEASE_LOST", {"attempt": "2"})
    stage.services.on("ReportMetrics", lost)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], goes_on=True)

    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    expect(sweep.ends, [], "the ends")


@scenario("a run that is assigned with stop_requested ends as canceled")
async def canceled_before(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    canceled = sweep.suggested([sweep.run(0, stop_requested=True)])
    stage.services.on("Suggest", canceled, sweep.suggest)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], goes_on=True, count=1)

    expect([end.WhichOneof("outcome") for end in sweep.ends], ["canceled"], "the ends")


@scenario("all values arrive before ShouldStop, and its decision ends the run as pruned")
async def pruned(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, next_check=2)
    before: list[set[int]] = []

    def stop(_request: Any) -> suggestion_pb.ShouldStopResponse:
        before.append(set(sweep.values))
        return suggestion_pb.ShouldStopResponse(should_stop=True, reason="worse than the best")

    stage.services.on("ShouldStop", stop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0, 2.0, 3.0, 4.0])

    expect(before, [{0, 1}], "the steps that arrived before ShouldStop")
    expect(set(sweep.values), {0, 1}, "the steps that arrived")
    expect(result["seen"][0]["stopped"], True, "whether the code was stopped")
    (end,) = sweep.ends
    expect(end.WhichOneof("outcome"), "pruned", "the outcome")
    expect(end.pruned.reason, "worse than the best", "the reason")


@scenario("ShouldStop comes at the iteration that the last answer names, and then no more")
async def checks(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, next_check=1)
    counts: list[int] = []

    def go_on(next_check: int | None) -> Any:
        def answer(_request: Any) -> suggestion_pb.ShouldStopResponse:
            counts.append(len(sweep.values))
            return suggestion_pb.ShouldStopResponse(next_check_iteration=next_check)

        return answer

    stage.services.on("ShouldStop", go_on(3), go_on(None))
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0, 2.0, 3.0, 4.0, 5.0])

    expect(counts, [1, 3], "the number of values at each check")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["succeeded"], "the ends")


@scenario("a value that is not finite makes a check due and is no iteration")
async def values_that_are_not_finite(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, next_check=2)
    counts: list[int] = []

    def go_on(_request: Any) -> suggestion_pb.ShouldStopResponse:
        counts.append(len(sweep.values))
        return suggestion_pb.ShouldStopResponse(next_check_iteration=2)

    stage.services.on("ShouldStop", go_on)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0, "NaN", 3.0])

    # At the value that is not finite, and at the second finite one.
    expect(counts, [2, 3], "the number of values at each check")


@scenario("training goes on while ShouldStop is not answered, and a later answer stops it")
async def outage_of_checks(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, next_check=1)
    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    stop = suggestion_pb.ShouldStopResponse(should_stop=True, reason="worse")
    stage.services.on("ShouldStop", late, late, stop)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[], goes_on=True)

    expect_true(result["seen"][0]["logged"] > 1, "the code goes on without an answer")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["pruned"], "the ends")
