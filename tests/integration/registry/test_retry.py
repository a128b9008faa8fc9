"""RetryRuns over gRPC: runs that ended without a result are assigned again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
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
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb_registry.store import unit_reads

FAILED, LOST = run_pb2.RUN_STATE_FAILED, run_pb2.RUN_STATE_LOST
PRUNED, CANCELED = run_pb2.RUN_STATE_PRUNED, run_pb2.RUN_STATE_CANCELED
QUEUED, FINISHED = run_pb2.RUN_STATE_QUEUED, run_pb2.RUN_STATE_FINISHED


def retry(
    sweep_id: str, *numbers: int, states: Sequence[run_pb2.RunState.ValueType] = ()
) -> pb.RetryRunsRequest:
    return pb.RetryRunsRequest(
        sweep_id=sweep_id, numbers=numbers, states=states, request_id=request_id()
    )


async def end(registry: Registry, run: run_pb2.Run, outcome: str) -> None:
    request = pb.FinishRunRequest(sweep_id=run.sweep_id, number=run.number, attempt=run.attempt)
    request.rows.append(row(1, {"loss": 0.5}))
    getattr(request, outcome).SetInParent()
    await registry.FinishRun(request)


async def get_run(registry: Registry, sweep_id: str, number: int) -> run_pb2.Run:
    return (await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=number))).run


async def exhausted_grid(registry: Registry, *outcomes: str) -> str:
    """Return a grid sweep that has ended, with one outcome for each point."""
    sweep = await create_sweep(registry, method="grid", parameters={"n": {"min": 1, "max": 9}})
    proposals = [proposal(i, n=i) for i in range(len(outcomes))]
    request = create_runs_request(sweep.sweep_id, *proposals)
    request.space_exhausted = True
    for run, outcome in zip(
        (await registry.CreateRuns(request)).results[0].runs, outcomes, strict=True
    ):
        await end(registry, run, outcome)
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED
    return sweep.sweep_id


async def test_failed_grid_points_are_assigned_again_after_the_sweep_has_ended(
    registry: Registry,
) -> None:
    sweep_id = await exhausted_grid(registry, "succeeded", "failed", "failed", "canceled")
    request = retry(sweep_id, states=[FAILED])
    reply = await registry.RetryRuns(request)
    assert (list(reply.numbers), reply.remaining_runs) == ([1, 2], 0)
    assert reply.sweep.state == sweep_pb2.SWEEP_STATE_RUNNING
    assert reply.sweep.finish_reason == sweep_pb2.FINISH_REASON_UNSPECIFIED
    assert not reply.sweep.HasField("end_time")
    assert reply.sweep.etag != ""
    stats = reply.sweep.stats
    assert (stats.total_runs, stats.queued_runs, stats.failed_runs) == (4, 2, 0)
    # The values of the first attempt remain readable until the next attempt begins.
    assert (await get_run(registry, sweep_id, 1)).summary == {"loss": 0.5}
    runs = await create_runs(registry, sweep_id, proposal(1, n=1), proposal(2, n=2))
    assert [(run.number, run.attempt) for run in runs] == [(1, 2), (2, 2)]
    assert not runs[0].summary
    assert not runs[0].HasField("error")
    # The same request, much later, returns the same answer and queues nothing again.
    assert await registry.RetryRuns(request) == reply
    for run in runs:
        await finish_run(registry, run, 0.25)
    after = await get_sweep(registry, sweep_id)
    assert (after.stats.finished_runs, after.stats.best_run.number) == (3, 1)


async def test_a_sweep_whose_cap_was_used_up_ends_again_without_further_runs(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    for run in runs:
        await end(registry, run, "failed")
    await registry.RetryRuns(retry(sweep.sweep_id, 0))
    beyond = create_runs_request(sweep.sweep_id, proposal(0), proposal(2))
    assert (await registry.CreateRuns(beyond)).conflict
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (await finish_run(registry, again, 1.0)).sweep_state == sweep_pb2.SWEEP_STATE_FINISHED
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP
    assert after.stats.total_runs == 2


async def test_runs_without_a_result_are_retried_by_number_in_any_state_of_the_sweep(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(4)))
    for run, outcome in zip(runs, ("pruned", "failed", "canceled", "succeeded"), strict=True):
        await end(registry, run, outcome)
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id))
    reply = await registry.RetryRuns(retry(sweep.sweep_id, 2, 0, 1, 0))
    assert list(reply.numbers) == [0, 1, 2]
    assert reply.sweep.state == sweep_pb2.SWEEP_STATE_PAUSED
    # A pruned run's value belongs to its earlier attempt.
    assert not (await get_run(registry, sweep.sweep_id, 0)).HasField("objective")
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
    reply = await registry.RetryRuns(retry(sweep.sweep_id, states=[CANCELED, LOST, PRUNED]))
    assert list(reply.numbers) == [0, 1, 2]
    assert reply.sweep.state == sweep_pb2.SWEEP_STATE_RUNNING


async def test_every_run_that_can_not_be_retried_is_named_and_nothing_changes(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    await end(registry, runs[0], "failed")
    await finish_run(registry, runs[1], 1.0)
    before = await get_sweep(registry, sweep.sweep_id)
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RETRYABLE") as failure:
        await registry.RetryRuns(retry(sweep.sweep_id, 0, 1, 2, 7))
    for part in ("run 1 is finished", "queue them as a new run", "run 2 is running", "no run 7"):
        assert part in failure.message
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.RetryRuns(retry(sweep.sweep_id, 7))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.RetryRuns(retry(sweep.sweep_id, states=[FINISHED, run_pb2.RUN_STATE_QUEUED]))
    assert failure.fields.keys() == {"states"}
    for wrong in (retry(sweep.sweep_id), retry(sweep.sweep_id, 0, states=[FAILED])):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
            await registry.RetryRuns(wrong)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await registry.RetryRuns(retry(sweep.sweep_id, *range(1_001)))
    stale = retry(sweep.sweep_id, 0)
    stale.etag = '"stale"'
    with rpc_fails(StatusCode.ABORTED, "ETAG_MISMATCH"):
        await registry.RetryRuns(stale)
    assert (await get_sweep(registry, sweep.sweep_id)).revision == before.revision
    await registry.RetryRuns(retry(sweep.sweep_id, 0))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RETRYABLE") as failure:
        await registry.RetryRuns(retry(sweep.sweep_id, 0))
    assert "run 0 is already queued" in failure.message


async def test_without_runs_to_retry_an_ended_sweep_stays_as_it_is(registry: Registry) -> None:
    sweep_id = await exhausted_grid(registry, "succeeded")
    before = await get_sweep(registry, sweep_id)
    reply = await registry.RetryRuns(retry(sweep_id, states=[FAILED, LOST]))
    assert (list(reply.numbers), reply.sweep.etag) == ([], before.etag)
    assert reply.sweep.state == sweep_pb2.SWEEP_STATE_FINISHED


@pytest.mark.parametrize(
    ("config", "ending", "remedy", "say"),
    [
        (
            {"metric": {"name": "loss", "target": 1.0}},
            "succeeded",
            sweep_pb2.Sweep(spec=sweep_pb2.SweepSpec(metrics=[sweep_pb2.Metric(target=0.0)])),
            "run 2 reached the target",
        ),
        (
            {
                "metric": None,
                "metrics": [{"name": "loss", "target": 1.0}, {"name": "size"}],
            },
            "succeeded",
            sweep_pb2.Sweep(
                spec=sweep_pb2.SweepSpec(metrics=[sweep_pb2.Metric(name="loss", target=0.0)])
            ),
            "run 2 reached the target",
        ),
        (
            {"max_failed_runs": 2},
            "failed",
            sweep_pb2.Sweep(spec=sweep_pb2.SweepSpec(max_failed_runs=9)),
            "retry at least 1 more",
        ),
    ],
)
async def test_what_would_end_the_sweep_at_once_is_said_and_can_be_changed_first(
    registry: Registry, config: dict[str, Any], ending: str, remedy: sweep_pb2.Sweep, say: str
) -> None:
    sweep = await create_sweep(registry, **config)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    await end(registry, runs[0], "failed")
    await end(registry, runs[1], "canceled" if ending == "succeeded" else "failed")
    last = pb.FinishRunRequest(sweep_id=sweep.sweep_id, number=2, attempt=1)
    last.rows.append(row(1, {"loss": 0.5, "size": 1.0}))
    getattr(last, ending).SetInParent()
    await registry.FinishRun(last)
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_STATE_CONFLICT") as failure:
        await registry.RetryRuns(retry(sweep.sweep_id, 0))
    assert say in failure.message
    path = "spec.max_failed_runs" if ending == "failed" else "spec.metrics"
    update = pb.UpdateSweepRequest(sweep=remedy)
    update.sweep.sweep_id = sweep.sweep_id
    update.update_mask.paths.append(path)
    await registry.UpdateSweep(update)
    reply = await registry.RetryRuns(retry(sweep.sweep_id, 0))
    assert reply.sweep.state == sweep_pb2.SWEEP_STATE_RUNNING


async def test_a_retried_run_has_all_of_the_sweeps_retries_again(registry: Registry) -> None:
    sweep = await create_sweep(registry, retries={"failed": 1})
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await end(registry, run, "failed")
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await end(registry, run, "failed")
    assert (await get_run(registry, sweep.sweep_id, 0)).state == FAILED
    await registry.RetryRuns(retry(sweep.sweep_id, 0))
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert run.attempt == 3
    await end(registry, run, "failed")
    assert (await get_run(registry, sweep.sweep_id, 0)).state == QUEUED


async def test_a_late_result_of_a_failed_attempt_is_rejected_once_the_run_is_retried(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await end(registry, run, "failed")
    await registry.RetryRuns(retry(sweep.sweep_id, 0))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING"):
        await finish_run(registry, run, 1.0)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_LEASE_LOST"):
        await finish_run(registry, run, 1.0)


async def test_more_runs_than_one_request_takes_are_retried_in_several(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    queued = pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun()] * 600)
    for _ in range(2):
        await registry.EnqueueRuns(queued)
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
    first = await registry.RetryRuns(retry(sweep.sweep_id, states=[CANCELED]))
    assert (list(first.numbers), first.remaining_runs) == (list(range(1_000)), 200)
    second = await registry.RetryRuns(retry(sweep.sweep_id, states=[CANCELED]))
    assert (list(second.numbers), second.remaining_runs) == (list(range(1_000, 1_200)), 0)
    assert second.sweep.stats.queued_runs == 1_200


async def test_runs_that_are_too_large_to_be_loaded_together_are_retried_in_parts(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_reads, "LOADED_BYTES", 250_000)
    sweep = await create_sweep(registry)
    sweep_id, numbers = sweep.sweep_id, list(range(7))
    for number in numbers:
        (run,) = await create_runs(registry, sweep_id, proposal(number))
        config = {"text": search_space_pb2.ParameterValue(string_value="c" * 100_000)}
        update = pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=sweep_id, number=number, config=config),
            request_id=request_id(),
        )
        update.update_mask.paths.append("config")
        await registry.UpdateRun(update)
        await end(registry, run, "failed")
    before = await get_sweep(registry, sweep_id)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.RetryRuns(retry(sweep_id, *numbers))
    assert "retry the first 3 runs" in failure.message
    after = await get_sweep(registry, sweep_id)
    assert (after.revision, after.stats.queued_runs) == (before.revision, 0)
    # Other errors take precedence.
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RETRYABLE") as failure:
        await registry.RetryRuns(retry(sweep_id, *numbers, 7, 8))
    assert "there is no run 7" in failure.message
    first = await registry.RetryRuns(retry(sweep_id, *numbers[:3]))
    assert list(first.numbers) == numbers[:3]
    second = await registry.RetryRuns(retry(sweep_id, states=[FAILED]))
    assert (list(second.numbers), second.remaining_runs) == (numbers[3:6], 1)
