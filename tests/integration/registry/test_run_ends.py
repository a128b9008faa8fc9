"""The ends of runs over gRPC: finished, released or lost."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta

import grpc.aio
import pytest
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.registry_stub import RegistryStub
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2


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


@pytest.mark.parametrize("method", ["random", "grid", "bayes"])
@pytest.mark.parametrize("logged", [{}, {"acc": 1.0}, {"loss": math.nan}])
async def test_a_run_without_an_objective_finished_and_says_why(
    registry: Registry, logged: dict[str, float], method: str
) -> None:
    """A pruned run did its work: it is not retried and does not count as failed."""
    sweep = await create_sweep(
        registry, method=method, retries={"failed": 3}, max_failed_runs=1, run_cap=2
    )
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    answer = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=[row(0, logged)] if logged else [],
            succeeded=pb.RunSucceeded(),
        )
    )
    assert answer.run.state == run_pb2.RUN_STATE_FINISHED
    assert not answer.run.HasField("objective")
    assert "metric 'loss'" in answer.run.error.message
    assert answer.sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    stored = await get_sweep(registry, sweep.sweep_id)
    assert (stored.stats.finished_runs, stored.stats.failed_runs) == (1, 0)
    assert not stored.stats.HasField("best_run")
    answer = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id, number=1, attempt=1, succeeded=pb.RunSucceeded(objective=2.0)
        )
    )
    assert answer.sweep_state == sweep_pb2.SWEEP_STATE_FINISHED
    assert answer.best_run.number == 1


async def test_a_run_that_logged_a_name_alike_is_asked_whether_it_meant_it(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, metric={"name": "accuracy", "goal": "maximize"})
    await create_runs(registry, sweep.sweep_id, proposal(0))
    rows = [row(0, {"Accuracy": 0.5, "epoch": 1.0})]
    answer = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id, number=0, attempt=1, rows=rows, succeeded=pb.RunSucceeded()
        )
    )
    assert answer.run.error.message == (
        "the run ended without a value of metric 'accuracy'; it reported Accuracy, epoch; "
        "did you mean 'Accuracy'?"
    )


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
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
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
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING") as failure:
        await finish_run(registry, canceled.run, 1.0)
    assert failure.metadata["state"] == "CANCELED"


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


async def test_a_lost_run_is_queued_then_lost_and_a_late_result_counts_until_assigned(
    database_url: str,
) -> None:
    async with (
        registry_server(database_url, lease=timedelta(seconds=1)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry, retries={"lost": 1})
        await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1), proposal(2))

        async def until(number: int, state: run_pb2.RunState.ValueType) -> run_pb2.Run:
            async with asyncio.timeout(60):
                while True:
                    run = await get_run(registry, sweep.sweep_id, number)
                    if run.state == state:
                        return run
                    await asyncio.sleep(0.05)

        lost = [await until(n, run_pb2.RUN_STATE_QUEUED) for n in range(3)]
        assert "no heartbeat" in lost[0].error.message
        # Run 0 is not assigned again yet, so its late result is accepted.
        assert (await finish_run(registry, lost[0], 3.0)).run.state == run_pb2.RUN_STATE_FINISHED
        # Run 1 is assigned again: the late result is rejected and the new one counts.
        (again,) = await create_runs(registry, sweep.sweep_id, proposal(1))
        assert (again.number, again.attempt) == (1, 2)
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_LEASE_LOST") as failure:
            await finish_run(registry, lost[1], 2.0)
        assert failure.metadata["attempt"] == "2"
        # Its retries are used up, so it stays lost; even then a late result is accepted.
        gone = await until(1, run_pb2.RUN_STATE_LOST)
        stats = (await get_sweep(registry, sweep.sweep_id)).stats
        assert (stats.lost_runs, stats.queued_runs, stats.finished_runs) == (1, 1, 1)
        assert (await finish_run(registry, gone, 1.0)).best_run.number == 1
        stats = (await get_sweep(registry, sweep.sweep_id)).stats
        assert (stats.lost_runs, stats.finished_runs, stats.total_runs) == (0, 2, 3)
