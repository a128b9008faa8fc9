"""Runs over gRPC: handed out, reported, ended, lost, queued."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import timedelta
from typing import Any

import grpc.aio
import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import refused
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    finish_run,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as registry_grpc
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.search_space.convert import parameters_from_proto, parameters_to_proto


async def get_sweep(registry: Registry, sweep_id: str) -> sweep_pb2.Sweep:
    return (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep


async def get_run(registry: Registry, sweep_id: str, number: int) -> run_pb2.Run:
    return (await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=number))).run


async def test_handing_out_starts_the_sweep_and_keeps_types(registry: Registry) -> None:
    parameters: dict[str, Any] = {
        "b": {"values": [32, 0.5, "adam", None, True, [1, {"a": 2.0}], 1e20]}
    }
    sweep = await create_sweep(registry, parameters=parameters)
    proposals = [
        pb.RunProposal(number=i, parameters=parameters_to_proto({"b": value}))
        for i, value in enumerate(parameters["b"]["values"])
    ]
    runs = await create_runs(registry, sweep.sweep_id, *proposals)
    for run, value in zip(runs, parameters["b"]["values"], strict=True):
        stored = await get_run(registry, sweep.sweep_id, run.number)
        got = parameters_from_proto(stored.parameters)["b"]
        assert (got, type(got)) == (value, type(value))
        assert (run.state, run.attempt) == (run_pb2.RUN_STATE_RUNNING, 1)
        assert run.HasField("lease_expire_time")
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.state == sweep_pb2.SWEEP_STATE_RUNNING
    assert after.stats.running_runs == len(runs)


async def test_a_repeated_suggest_gets_the_same_runs(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0), proposal(1))
    first = await registry.CreateRuns(request)
    # Meanwhile the sweep went on, and the service would propose something else.
    await create_runs(registry, sweep.sweep_id, proposal(2))
    request.requests[0].proposals[0].number = 3
    again = await registry.CreateRuns(request)
    assert again.results[0].answered_before
    assert again.results[0].runs == first.results[0].runs
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 3


async def test_a_repeated_suggest_of_a_deleted_sweep_gets_the_same_runs(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0))
    first = await registry.CreateRuns(request)
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
    again = await registry.CreateRuns(request)
    assert again.results[0].answered_before
    assert again.results[0].runs == first.results[0].runs
    request.requests[0].request_id = request_id()
    with refused(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.CreateRuns(request)


async def test_an_id_twice_in_one_request_is_refused(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, proposal(0))
    request.requests.append(request.requests[0])
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await registry.CreateRuns(request)
    assert refusal.fields.keys() == {"requests"}


async def test_a_new_attempt_starts_with_no_values(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id, number=0, attempt=1, rows=[row(3, {"loss": 0.5})]
    )
    await registry.ReportMetrics(report)
    await registry.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    with refused(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING"):
        await finish_run(registry, run, 1.0)
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (again.attempt, dict(again.summary), again.HasField("last_step")) == (2, {}, False)
    ended = await finish_run(registry, again)
    assert ended.run.state == run_pb2.RUN_STATE_FAILED


async def test_one_stale_or_reused_request_writes_nothing_for_the_batch(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    first = create_runs_request(sweep.sweep_id, proposal(0))
    second = create_runs_request(sweep.sweep_id, proposal(1))
    await registry.CreateRuns(first)
    await registry.CreateRuns(second)
    batch = create_runs_request(sweep.sweep_id, proposal(2))
    batch.requests.append(first.requests[0])
    reused = create_runs_request(
        sweep.sweep_id, proposal(3), agent_id="other", request_id=second.requests[0].request_id
    )
    batch.requests.append(reused.requests[0])
    response = await registry.CreateRuns(batch)
    assert response.conflict
    assert [r.answered_before for r in response.results] == [False, True, False]
    assert [r.request_id_reused for r in response.results] == [False, False, True]
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 2


@pytest.mark.parametrize("numbers", [[1], [0, 2], [0, 0]])
async def test_numbers_that_do_not_follow_are_a_conflict(
    registry: Registry, numbers: list[int]
) -> None:
    sweep = await create_sweep(registry)
    request = create_runs_request(sweep.sweep_id, *map(proposal, numbers))
    assert (await registry.CreateRuns(request)).conflict
    assert (await get_sweep(registry, sweep.sweep_id)).stats.total_runs == 0


async def test_racing_writers_never_pass_the_cap_or_leave_a_gap(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=40)
    numbers: list[int] = []

    async def agent() -> None:
        while True:
            next_number = (
                await registry.SyncRuns(pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
            ).next_number
            if next_number >= 40:
                return
            request = create_runs_request(sweep.sweep_id, proposal(next_number))
            response = await registry.CreateRuns(request)
            numbers.extend(run.number for run in response.results[0].runs)

    await asyncio.gather(*(agent() for _ in range(16)))
    assert sorted(numbers) == list(range(40))
    over = create_runs_request(sweep.sweep_id, proposal(40))
    assert (await registry.CreateRuns(over)).conflict


@pytest.mark.parametrize("state", ["paused", "finished", "canceled"])
async def test_a_sweep_that_does_not_run_hands_out_nothing(registry: Registry, state: str) -> None:
    sweep = await create_sweep(registry)
    ident = sweep.sweep_id
    if state == "paused":
        await registry.StartSweep(pb.StartSweepRequest(sweep_id=ident))
        await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=ident))
    elif state == "finished":
        await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=ident))
    else:
        await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=ident))
    with refused(StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING") as refusal:
        await registry.CreateRuns(create_runs_request(ident, proposal(0)))
    assert refusal.metadata["state"] == state.upper()


async def test_the_last_reported_value_is_the_objective(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id,
        number=0,
        attempt=1,
        rows=[row(0, {"loss": 3.0, "acc": 0.1}), row(1, {"loss": 2.0})],
    )
    assert (await registry.ReportMetrics(report)).command == run_pb2.RUN_COMMAND_CONTINUE
    finish = pb.FinishRunRequest(
        sweep_id=sweep.sweep_id,
        number=0,
        attempt=1,
        rows=[row(2, {"loss": 1.5})],
        succeeded=pb.RunSucceeded(),
        request_id=request_id(),
    )
    answer = await registry.FinishRun(finish)
    assert answer == await registry.FinishRun(finish)
    assert (answer.run.state, answer.run.objective) == (run_pb2.RUN_STATE_FINISHED, 1.5)
    assert answer.run.summary == {"loss": 1.5, "acc": 0.1}
    assert answer.run.last_step == 2
    assert answer.best_run.number == run.number
    history = await registry.GetMetricHistory(
        pb.GetMetricHistoryRequest(sweep_id=sweep.sweep_id, number=0)
    )
    assert {h.name: [p.value for p in h.points] for h in history.histories} == {
        "acc": [0.1],
        "loss": [3.0, 2.0, 1.5],
    }


@pytest.mark.parametrize("logged", [{}, {"acc": 1.0}, {"loss": math.nan}])
async def test_without_an_objective_the_run_failed_and_says_why(
    registry: Registry, logged: dict[str, float]
) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    answer = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=[row(0, logged)] if logged else [],
            succeeded=pb.RunSucceeded(),
        )
    )
    assert answer.run.state == run_pb2.RUN_STATE_FAILED
    assert "metric 'loss'" in answer.run.error.message
    assert answer.sweep_state == sweep_pb2.SWEEP_STATE_RUNNING


async def test_nan_and_infinity_are_kept_in_the_history(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    values = [math.nan, math.inf, -math.inf]
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=[row(i, {"loss": v}) for i, v in enumerate(values)],
        )
    )
    history = await registry.GetMetricHistory(
        pb.GetMetricHistoryRequest(sweep_id=sweep.sweep_id, number=0)
    )
    seen = [point.value for point in history.histories[0].points]
    assert math.isnan(seen[0])
    assert seen[1:] == values[1:]


async def test_a_step_reported_again_is_overwritten(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    for value in (1.0, 2.0):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=0,
                attempt=1,
                rows=[row(0, {"loss": value - 0.5}), row(0, {"loss": value})],
            )
        )
    history = await registry.GetMetricHistory(
        pb.GetMetricHistoryRequest(sweep_id=sweep.sweep_id, number=0)
    )
    assert [p.value for p in history.histories[0].points] == [2.0]


async def test_histories_page(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    rows = [row(step, {"loss": step, "acc": -step, "z": 0.0}) for step in range(10)]
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=0, attempt=1, rows=rows)
    )
    request = pb.GetMetricHistoryRequest(
        sweep_id=sweep.sweep_id, number=0, names=["acc", "loss"], min_step=2, page_size=3
    )
    seen: list[tuple[str, int]] = []
    while True:
        page = await registry.GetMetricHistory(request)
        seen += [(h.name, p.step) for h in page.histories for p in h.points]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == [(name, step) for name in ("acc", "loss") for step in range(2, 10)]


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
async def test_the_best_run_is_the_true_best_and_the_earlier_of_equals(
    registry: Registry, goal: str
) -> None:
    sweep = await create_sweep(registry, metric={"name": "loss", "goal": goal})
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(20)))
    objectives = [float(i * 7 % 5) for i in range(20)]
    order = random.Random(1).sample(range(20), 20)
    await asyncio.gather(*(finish_run(registry, runs[i], objectives[i]) for i in order))
    best = (min if goal == "minimize" else max)(objectives)
    stats = (await registry.GetSweepStats(pb.GetSweepStatsRequest(sweep_id=sweep.sweep_id))).stats
    assert stats.best_run.objective == best
    assert stats.best_run.number == objectives.index(best)
    assert stats.finished_runs == 20


async def test_a_sweep_finishes_when_its_cap_is_used_up_and_its_runs_ended(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    assert (await finish_run(registry, runs[0], 1.0)).sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    assert (await finish_run(registry, runs[1], 2.0)).sweep_state == sweep_pb2.SWEEP_STATE_FINISHED
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


async def test_a_sweep_finishes_when_its_space_is_exhausted(registry: Registry) -> None:
    sweep = await create_sweep(registry, method="grid", parameters={"n": {"values": [1]}})
    request = create_runs_request(sweep.sweep_id, proposal(0))
    request.space_exhausted = True
    (run,) = (await registry.CreateRuns(request)).results[0].runs
    await finish_run(registry, run, 1.0)
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED


async def test_a_met_target_finishes_the_sweep_and_cancels_what_waits(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric={"name": "loss", "target": 0.5})
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun()])
    )
    await finish_run(registry, runs[0], 0.5)
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_TARGET_REACHED
    assert (after.stats.canceled_runs, after.stats.running_runs) == (1, 1)
    # What ran may end, and counts.
    await finish_run(registry, runs[1], 0.25)
    assert (await get_sweep(registry, sweep.sweep_id)).stats.best_run.number == 1


async def test_a_failed_run_keeps_its_traceback_and_is_retried_by_policy(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, retries={"failed": 1})
    await create_runs(registry, sweep.sweep_id, proposal(0))
    failed = pb.FinishRunRequest(
        sweep_id=sweep.sweep_id,
        number=0,
        attempt=1,
        failed=pb.RunFailed(error=run_pb2.RunError(message="boom", traceback="line\0 1")),
    )
    answer = await registry.FinishRun(failed)
    assert answer.run.state == run_pb2.RUN_STATE_QUEUED
    assert answer.run.error.traceback == "line\N{REPLACEMENT CHARACTER} 1"
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0, x=0.75))
    assert (again.number, again.attempt) == (0, 2)
    failed.attempt = 2
    assert (await registry.FinishRun(failed)).run.state == run_pb2.RUN_STATE_FAILED
    stats = (await get_sweep(registry, sweep.sweep_id)).stats
    assert (stats.total_runs, stats.failed_runs, stats.failure_rate) == (1, 1, 1.0)


async def test_pruned_and_canceled_runs_say_why(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    pruned = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=[row(0, {"loss": 9.0})],
            pruned=pb.RunPruned(reason="worse than 5 at band 3"),
        )
    )
    assert (pruned.run.state, pruned.run.objective) == (run_pb2.RUN_STATE_PRUNED, 9.0)
    assert pruned.run.error.message == "worse than 5 at band 3"
    assert not pruned.HasField("best_run")
    canceled = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id, number=1, attempt=1, canceled=pb.RunCanceled(reason="told to")
        )
    )
    assert canceled.run.state == run_pb2.RUN_STATE_CANCELED
    with refused(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING") as refusal:
        await finish_run(registry, canceled.run, 1.0)
    assert refusal.metadata["state"] == "CANCELED"


async def test_a_released_run_is_queued_again_without_a_retry(registry: Registry) -> None:
    sweep = await create_sweep(registry, retries={"lost": 0})
    await create_runs(registry, sweep.sweep_id, proposal(0))
    release = pb.ReleaseRunRequest(
        sweep_id=sweep.sweep_id, number=0, attempt=1, request_id=request_id()
    )
    released = await registry.ReleaseRun(release)
    assert released.run.state == run_pb2.RUN_STATE_QUEUED
    assert released == await registry.ReleaseRun(release)
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert again.attempt == 2
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
    release = pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=2)
    assert (await registry.ReleaseRun(release)).run.state == run_pb2.RUN_STATE_CANCELED


async def test_heartbeats_renew_and_carry_commands(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await finish_run(registry, runs[1], 1.0)
    leases = [
        pb.RunLease(sweep_id=sweep.sweep_id, number=0, attempt=1),
        pb.RunLease(sweep_id=sweep.sweep_id, number=1, attempt=1),
        pb.RunLease(sweep_id=sweep.sweep_id, number=7, attempt=1),
        pb.RunLease(sweep_id="gone", number=0, attempt=1),
    ]
    beat = await registry.Heartbeat(pb.HeartbeatRequest(leases=leases))
    commands = [run_pb2.RunCommand.Name(s.command) for s in beat.statuses]
    assert commands == ["RUN_COMMAND_CONTINUE"] + ["RUN_COMMAND_ABANDON"] * 3
    before, after = runs[0].lease_expire_time, beat.statuses[0].expire_time
    assert after.ToNanoseconds() > before.ToNanoseconds()
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
    beat = await registry.Heartbeat(pb.HeartbeatRequest(leases=leases[:1]))
    assert beat.statuses[0].command == run_pb2.RUN_COMMAND_STOP
    report = pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=0, attempt=1)
    assert (await registry.ReportMetrics(report)).command == run_pb2.RUN_COMMAND_STOP


async def test_a_lost_run_is_queued_then_lost_and_a_late_result_counts_until_handed_out(
    database_url: str,
) -> None:
    async with (
        registry_server(database_url, lease=timedelta(seconds=1)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = registry_grpc.SweepRegistryServiceStub(channel)
        sweep = await create_sweep(registry, retries={"lost": 1})
        await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1), proposal(2))

        async def until(number: int, state: run_pb2.RunState.ValueType) -> run_pb2.Run:
            async with asyncio.timeout(20):
                while True:
                    run = await get_run(registry, sweep.sweep_id, number)
                    if run.state == state:
                        return run
                    await asyncio.sleep(0.05)

        lost = [await until(n, run_pb2.RUN_STATE_QUEUED) for n in range(3)]
        assert "no heartbeat" in lost[0].error.message
        # Not handed out again yet: the late result of run 0 is taken.
        assert (await finish_run(registry, lost[0], 3.0)).run.state == run_pb2.RUN_STATE_FINISHED
        # Run 1 is handed out again: the late result is refused, the new one counts.
        (again,) = await create_runs(registry, sweep.sweep_id, proposal(1))
        assert (again.number, again.attempt) == (1, 2)
        with refused(StatusCode.FAILED_PRECONDITION, "RUN_LEASE_LOST") as refusal:
            await finish_run(registry, lost[1], 2.0)
        assert refusal.metadata["attempt"] == "2"
        # Its retries are used up: it stays lost, and even then a late result is taken.
        gone = await until(1, run_pb2.RUN_STATE_LOST)
        stats = (await get_sweep(registry, sweep.sweep_id)).stats
        assert (stats.lost_runs, stats.queued_runs, stats.finished_runs) == (1, 1, 1)
        assert (await finish_run(registry, gone, 1.0)).best_run.number == 1
        stats = (await get_sweep(registry, sweep.sweep_id)).stats
        assert (stats.lost_runs, stats.finished_runs, stats.total_runs) == (0, 2, 3)


async def test_enqueued_runs_wait_in_order_and_must_lie_in_the_space(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    request = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id,
        runs=[
            pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}), labels={"why": "hunch"}),
            pb.EnqueuedRun(),
        ],
        request_id=request_id(),
    )
    queued = (await registry.EnqueueRuns(request)).runs
    assert [(run.number, run.state) for run in queued] == [
        (0, run_pb2.RUN_STATE_QUEUED),
        (1, run_pb2.RUN_STATE_QUEUED),
    ]
    assert dict(queued[0].labels) == {"why": "hunch"}
    assert (await registry.EnqueueRuns(request)).runs == queued
    request.request_id = request_id()
    with refused(StatusCode.FAILED_PRECONDITION, "RUN_CAP_REACHED"):
        await registry.EnqueueRuns(request)
    wrong = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id,
        runs=[
            pb.EnqueuedRun(parameters=parameters_to_proto({"x": 2.0, "n": 1.5, "y": 1})),
            pb.EnqueuedRun(parameters=parameters_to_proto({"n": True})),
        ],
    )
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await registry.EnqueueRuns(wrong)
    assert refusal.fields.keys() == {
        "runs[0].parameters.x",
        "runs[0].parameters.n",
        "runs[0].parameters.y",
        "runs[1].parameters.n",
    }
    # Handed out in any order, each once.
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert run.origin == run_pb2.RUN_ORIGIN_ENQUEUED
    again = create_runs_request(sweep.sweep_id, proposal(0))
    assert (await registry.CreateRuns(again)).conflict


async def test_runs_are_found_by_the_outside_trackers_id(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))

    def link(number: int, external: str) -> pb.UpdateRunRequest:
        run = run_pb2.Run(sweep_id=sweep.sweep_id, number=number, external_run_id=external)
        mask = field_mask_pb2.FieldMask(paths=["external_run_id"])
        return pb.UpdateRunRequest(run=run, update_mask=mask)

    await registry.UpdateRun(link(0, "mlflow-7"))
    found = await registry.GetRun(
        pb.GetRunRequest(sweep_id=sweep.sweep_id, external_run_id="mlflow-7")
    )
    assert found.run.number == 0
    with refused(StatusCode.ALREADY_EXISTS, "EXTERNAL_RUN_ID_TAKEN"):
        await registry.UpdateRun(link(1, "mlflow-7"))
    await registry.UpdateRun(link(0, ""))
    with refused(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.GetRun(pb.GetRunRequest(sweep_id=sweep.sweep_id, external_run_id="mlflow-7"))
    await registry.UpdateRun(link(1, "mlflow-7"))
    labels = run_pb2.Run(sweep_id=sweep.sweep_id, number=1, labels={"gpu": "a100"})
    mask = field_mask_pb2.FieldMask(paths=["labels"])
    after = await registry.UpdateRun(pb.UpdateRunRequest(run=labels, update_mask=mask))
    assert (after.run.external_run_id, dict(after.run.labels)) == ("mlflow-7", {"gpu": "a100"})


async def test_run_lists_page_by_number_and_objective(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(9)))
    objectives = {0: 3.0, 2: 1.0, 3: 1.0, 5: -2.0, 8: 1e300}
    for number, objective in objectives.items():
        await finish_run(registry, runs[number], objective)

    async def numbers(order: pb.RunOrder.ValueType, **filters: object) -> list[int]:
        request = pb.ListRunsRequest(sweep_id=sweep.sweep_id, order=order, page_size=2)
        request.MergeFrom(pb.ListRunsRequest(**filters))  # type: ignore[arg-type]
        found: list[int] = []
        while True:
            page = await registry.ListRuns(request)
            assert len(page.runs) <= 2
            found += [run.number for run in page.runs]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    assert await numbers(pb.RUN_ORDER_UNSPECIFIED) == list(range(9))
    assert await numbers(pb.RUN_ORDER_NUMBER_DESC) == list(reversed(range(9)))
    assert await numbers(pb.RUN_ORDER_OBJECTIVE_ASC) == [5, 2, 3, 0, 8, 1, 4, 6, 7]
    assert await numbers(pb.RUN_ORDER_OBJECTIVE_DESC) == [8, 0, 2, 3, 5, 1, 4, 6, 7]
    running = [run_pb2.RUN_STATE_RUNNING]
    assert await numbers(pb.RUN_ORDER_NUMBER_ASC, states=running) == [1, 4, 6, 7]


async def test_wrong_reports_are_refused_with_every_field(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id, number=-1, rows=[row(-5, {"": 1.0})], request_id="no"
    )
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await registry.ReportMetrics(report)
    assert refusal.fields.keys() == {"number", "rows[0].step", "rows[0].values", "request_id"}
    for attempt in (0, 2):
        with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
            await registry.ReportMetrics(
                pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=0, attempt=attempt)
            )
        assert refusal.fields.keys() == {"attempt"}
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await registry.FinishRun(pb.FinishRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    assert refusal.fields.keys() == {"outcome"}
    with refused(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=5, attempt=1)
        )
