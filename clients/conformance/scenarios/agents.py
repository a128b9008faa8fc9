"""An agent's runs: what it reports, how runs end, and how it gets the next one."""

from __future__ import annotations

import grpc

from clients.conformance.runner.replies import Failure
from clients.conformance.runner.scenario import Stage, expect, expect_true, scenario
from clients.conformance.runner.scripted_sweep import SWEEP_ID, ScriptedSweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@scenario("a run's values arrive, and its end is the last request")
async def whole_run(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[3.0, 2.0, 1.0])

    expect(result["runs"], 1, "the number of runs")
    expect(result["seen"][0]["parameters"], {"x": 0.5}, "the parameters")
    steps = {step: values["loss"] for step, values in sweep.values.items()}
    expect(steps, {0: 3.0, 1: 2.0, 2: 1.0}, "the values by step")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["succeeded"], "the ends")
    rpcs = [each.rpc for each in stage.services.received]
    expect(rpcs[-1], "Suggest", "the last request, which brings the end")


@scenario("a Suggest brings the end of the run before")
async def brought_ends(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, runs=3)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0])

    suggests = stage.services.requests("Suggest")
    expect([len(request.ended_runs) for request in suggests], [0, 1, 1, 1], "the ends brought")
    expect(stage.services.requests("FinishRun"), [], "the FinishRuns")
    expect(len({request.request_id for request in suggests}), 4, "the ids of Suggests")
    expect(len({request.agent_id for request in suggests}), 1, "the names of the agent")
    expect([end.number for end in sweep.ends], [0, 1, 2], "the numbers of the ends")
    expect(len({end.request_id for end in sweep.ends}), 3, "the ids of the ends")


@scenario("an end that a Suggest could not bring goes with FinishRun, and both keep their ids")
async def unanswered_end(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, runs=2)
    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    stage.services.on("Suggest", sweep.suggest, late, sweep.suggest)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0])

    first, second = sweep.ends[:2]
    expect_true(first == second, "FinishRun sends the end that the Suggest had")
    _, unanswered, repeated = stage.services.requests("Suggest")[:3]
    expect(repeated.request_id, unanswered.request_id, "the id of the repeated Suggest")
    expect(len(repeated.ended_runs), 0, "the ends in the repeated Suggest")


@scenario("an end without a response goes with FinishRun, with its id")
async def rejected_end(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)

    def without_result(request: suggestion_pb.SuggestRequest) -> suggestion_pb.SuggestResponse:
        response = sweep.exhausted()
        for _ in request.ended_runs:
            response.ended_runs.add()
        return response

    stage.services.on("Suggest", sweep.suggest, without_result)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0])

    expect(len(sweep.ends), 2, "the requests with the end")
    expect_true(sweep.ends[0] == sweep.ends[1], "FinishRun sends the end that the Suggest had")


@scenario("an end without an answer is sent again, unchanged")
async def late_end(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    stage.services.on("FinishRun", late, late, sweep.finish)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], count=1)

    expect(len(sweep.ends), 3, "the requests with the end")
    expect_true(all(end == sweep.ends[0] for end in sweep.ends), "all ends are equal")


@scenario("a run whose code fails ends as failed, with the text, by FinishRun")
async def failed_run(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], fails="no more memory")

    expect(result["failed"], 1, "the number of failed runs")
    (end,) = stage.services.requests("FinishRun")
    expect(end.WhichOneof("outcome"), "failed", "the outcome")
    expect_true("no more memory" in end.failed.error.message, "the error has the text of the code")
    expect(sweep.values, {0: {"loss": 1.0}}, "the values by step")


@scenario("an agent gives up after three failed runs in a row")
async def give_up(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services, runs=10)
    error = await stage.ask_for_error("agent.run", sweep_id=SWEEP_ID, values=[], fails="always")

    expect(error.get("kind"), "gave_up", "the kind of the error")
    expect(len(sweep.ends), 3, "the number of runs")


@scenario("an agent without runs asks again, with a new id")
async def polls(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    nothing = suggestion_pb.SuggestResponse()
    stage.services.on("Suggest", nothing, nothing, sweep.suggest)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], count=1)

    expect(result["runs"], 1, "the number of runs")
    suggests = stage.services.requests("Suggest")
    expect(len(suggests), 3, "the number of Suggests")
    expect(len({request.request_id for request in suggests}), 3, "the ids of Suggests")
    first, second = stage.services.pauses("Suggest")
    expect_true(first >= 0.25 and second >= 0.5, f"pauses from 0.25 s, not {first:.2f} s")


@scenario("an agent of a paused sweep waits, and ends well when the sweep has ended")
async def paused(stage: Stage) -> None:
    ScriptedSweep(stage.services)

    def not_running(state: str) -> Failure:
        code = grpc.StatusCode.FAILED_PRECONDITION
        return Failure(code, "SWEEP_NOT_RUNNING", {"sweep_id": SWEEP_ID, "state": state})

    stage.services.on(
        "Suggest", not_running("PAUSED"), not_running("PAUSED"), not_running("CANCELED")
    )
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[])

    expect(result["runs"], 0, "the number of runs")
    suggests = stage.services.requests("Suggest")
    expect(len({request.request_id for request in suggests}), 3, "the ids of Suggests")


@scenario("a Suggest without an answer is sent again with its id")
async def late_suggest(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    stage.services.on("Suggest", late, late, sweep.suggest)
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0], count=1)

    suggests = stage.services.requests("Suggest")
    expect(len(suggests), 3, "the number of Suggests")
    expect(len({request.request_id for request in suggests}), 1, "the ids of Suggests")


@scenario("a request has at most 5,000 values, and none is lost")
async def batches(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    names = [f"layer.{number}.gradient" for number in range(3_000)]
    await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0, 2.0, 3.0], names=names)

    largest = max(
        sum(len(row.values) for row in request.rows)
        for request in [*stage.services.requests("ReportMetrics"), *sweep.ends]
    )
    expect_true(largest <= 5_000, f"at most 5,000 values in a request, not {largest}")
    expect(
        {step: len(v) for step, v in sweep.values.items()}, {0: 3001, 1: 3001, 2: 3001}, "values"
    )


@scenario("values that the registry rejects do not end the run")
async def rejected_values(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    code = grpc.StatusCode.FAILED_PRECONDITION
    stage.services.on("ReportMetrics", Failure(code, "TOO_MANY_METRICS"), sweep.report)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[1.0, 2.0], seconds=0.5)

    expect(result["seen"][0]["logged"], 2, "the values that the code logged")
    expect([end.WhichOneof("outcome") for end in sweep.ends], ["succeeded"], "the ends")


@scenario("values wait for a registry that does not answer, in their order")
async def outage_of_reports(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    late = Failure(grpc.StatusCode.DEADLINE_EXCEEDED)
    stage.services.on("ReportMetrics", late, late, sweep.report)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[3.0, 2.0, 1.0], seconds=1.0)

    expect(result["runs"], 1, "the number of runs")
    losses = [values["loss"] for _, values in sorted(sweep.values.items())]
    expect(losses, [3.0, 2.0, 1.0], "the values in the order of their steps")


@scenario("an agent that resumes goes on after the last step, and then asks without `resume`")
async def resume(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    mine = sweep.suggested([sweep.run(4, last_step=6, metric_values=7)], resumed=True)
    stage.services.on("Suggest", mine, sweep.exhausted())
    result = await stage.ask(
        "agent.run", sweep_id=SWEEP_ID, values=[1.0], agent_id="job-7", resume=True
    )

    expect(result["seen"][0]["resumed"], True, "whether the code knows")
    expect(sweep.values, {7: {"loss": 1.0}}, "the values by step")
    suggests = stage.services.requests("Suggest")
    expect([request.resume for request in suggests], [True, True], "`resume` of the Suggests")
    expect({request.agent_id for request in suggests}, {"job-7"}, "the agent's name")
    (end,) = stage.services.requests("FinishRun")
    expect((end.number, end.attempt), (4, 1), "the run that ended")


@scenario("an agent ends well when its sweep was deleted")
async def deleted_sweep(stage: Stage) -> None:
    sweep = ScriptedSweep(stage.services)
    gone = Failure(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND", {"sweep_id": SWEEP_ID})
    stage.services.on("GetSweep", registry_pb.GetSweepResponse(sweep=sweep.sweep()), gone)
    stage.services.on("Suggest", gone)
    result = await stage.ask("agent.run", sweep_id=SWEEP_ID, values=[])

    expect(result["runs"], 0, "the number of runs")
