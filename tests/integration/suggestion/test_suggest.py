"""Suggest through both services: run numbers, parameters, retries, the end of a sweep."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import GRID, info, new_id, reason, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_trials_one_after_the_other(new_sweep: NewSweep, method: str) -> None:
    sweep = await new_sweep(method)
    points = await sweep.trials(15)
    assert all(set(p) == {"dropout", "layers", "lr", "optimizer", "width"} for p in points)
    assert all(p["dropout"] in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5) for p in points)
    assert all(type(p["layers"]) is int and 1 <= p["layers"] <= 8 for p in points)
    assert len({p["lr"] for p in points}) == 15
    stats = (await sweep.get()).stats
    assert (stats.total_runs, stats.finished_runs) == (15, 15)


async def test_many_at_once_get_numbers_without_gaps(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more="run_cap: 50")
    answers = await asyncio.gather(
        *(sweep.suggest(count=1 + i % 3, agent=f"agent-{i}") for i in range(32))
    )
    assert sorted(run.number for a in answers for run in a.runs) == list(range(50))
    for i, answer in enumerate(answers):
        complete = len(answer.runs) == 1 + i % 3
        expected = pb.EXHAUSTED_REASON_UNSPECIFIED if complete else pb.EXHAUSTED_REASON_RUN_CAP
        assert answer.exhausted == expected
        assert {run.agent_id for run in answer.runs} <= {f"agent-{i}"}
        assert {run.state for run in answer.runs} <= {run_pb2.RUN_STATE_RUNNING}


async def test_a_repeated_request_gets_the_same_runs(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    request_id = new_id()
    first = await sweep.suggest(count=2, request_id=request_id)
    again = await sweep.suggest(count=2, request_id=request_id)
    assert [r.number for r in again.runs] == [r.number for r in first.runs] == [0, 1]
    assert (await sweep.get()).stats.total_runs == 2


async def test_concurrent_retries_get_the_same_runs(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    ids = [new_id() for _ in range(4)]
    answers = await asyncio.gather(*(sweep.suggest(request_id=ids[i % 4]) for i in range(16)))
    by_id = {ids[i]: [r.number for r in answers[i].runs] for i in range(4)}
    assert sorted(n for numbers in by_id.values() for n in numbers) == [0, 1, 2, 3]
    assert all([r.number for r in answers[i].runs] == by_id[ids[i % 4]] for i in range(16))


async def test_a_retry_after_the_end_still_gets_its_runs(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more="run_cap: 1")
    request_id = new_id()
    [run] = (await sweep.suggest(request_id=request_id)).runs
    await sweep.finish(run, 1.0)
    assert (await sweep.get()).state == sweep_pb2.SWEEP_STATE_FINISHED
    again = await sweep.suggest(request_id=request_id)
    assert [r.number for r in again.runs] == [0]
    assert again.exhausted == pb.EXHAUSTED_REASON_UNSPECIFIED


async def test_a_reused_id_fails_alone(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    request_id = new_id()
    await sweep.suggest(request_id=request_id)
    answers = await asyncio.gather(
        sweep.suggest(count=5, request_id=request_id),
        *(sweep.suggest() for _ in range(5)),
        return_exceptions=True,
    )
    error = answers[0]
    assert isinstance(error, grpc.aio.AioRpcError)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(error) == "REQUEST_ID_REUSED"
    assert all(isinstance(a, pb.SuggestResponse) and len(a.runs) == 1 for a in answers[1:])


async def test_queued_runs_go_first_and_are_completed(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("bayes")
    await sweep.trials(12)
    await sweep.enqueue({"lr": search_space_pb2.ParameterValue(double_value=0.05)}, {})
    runs = (await sweep.suggest(count=3)).runs
    assert [run.number for run in runs] == [12, 13, 14]
    assert values(runs[0])["lr"] == 0.05
    assert all(len(run.parameters) == 5 for run in runs)
    assert [run.origin for run in runs] == [
        run_pb2.RUN_ORIGIN_ENQUEUED,
        run_pb2.RUN_ORIGIN_ENQUEUED,
        run_pb2.RUN_ORIGIN_SUGGESTED,
    ]


async def test_a_released_run_is_assigned_again(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    [run] = (await sweep.suggest()).runs
    await sweep.registry.ReleaseRun(
        rpb.ReleaseRunRequest(
            sweep_id=sweep.sweep_id, number=0, attempt=run.attempt, request_id=new_id()
        )
    )
    [again] = (await sweep.suggest()).runs
    assert (again.number, again.attempt) == (0, 2)
    assert values(again) == values(run)


async def test_a_grid_is_assigned_once_and_ends_the_sweep(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("grid", space=GRID)
    answers = await asyncio.gather(*(sweep.suggest(count=2) for _ in range(5)))
    runs = sorted((run for a in answers for run in a.runs), key=lambda run: run.number)
    points = [(values(run)["a"], values(run)["b"]) for run in runs]
    assert points == [(a, b) for a in (1, 2, 3) for b in "xy"]
    ended = [a for a in answers if len(a.runs) < 2]
    assert len(ended) == 2
    assert {a.exhausted for a in ended} == {pb.EXHAUSTED_REASON_SPACE_EXHAUSTED}
    for run in runs:
        await sweep.finish(run, 1.0)
    finished = await sweep.get()
    assert finished.state == sweep_pb2.SWEEP_STATE_FINISHED
    assert finished.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED
    late = await sweep.suggest()
    assert (len(late.runs), late.exhausted) == (0, pb.EXHAUSTED_REASON_SPACE_EXHAUSTED)


async def test_a_reached_target_is_an_answer(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(metric=False, more="metric: {name: loss, goal: minimize, target: 0.5}")
    [run] = (await sweep.suggest()).runs
    await sweep.finish(run, 0.4)
    answer = await sweep.suggest()
    assert (len(answer.runs), answer.exhausted) == (0, pb.EXHAUSTED_REASON_TARGET_REACHED)


@pytest.mark.parametrize("what", ["PauseSweep", "FinishSweep", "CancelSweep"])
async def test_a_stopped_sweep_assigns_no_runs(new_sweep: NewSweep, what: str) -> None:
    sweep = await new_sweep()
    await sweep.suggest()
    request = {"PauseSweep": rpb.PauseSweepRequest, "FinishSweep": rpb.FinishSweepRequest}.get(
        what, rpb.CancelSweepRequest
    )
    await getattr(sweep.registry, what)(request(sweep_id=sweep.sweep_id, request_id=new_id()))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sweep.suggest()
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "SWEEP_NOT_RUNNING"
    state = {"PauseSweep": "PAUSED", "FinishSweep": "FINISHED"}.get(what, "CANCELED")
    assert info(caught.value).metadata["state"] == state
    assert state in (caught.value.details() or "")


async def test_a_resumed_sweep_goes_on(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    await sweep.suggest()
    await sweep.registry.PauseSweep(
        rpb.PauseSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
    )
    request_id = new_id()
    with pytest.raises(grpc.aio.AioRpcError):
        await sweep.suggest(request_id=request_id)
    await sweep.registry.ResumeSweep(
        rpb.ResumeSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
    )
    # The rejected request left no trace: its retry gets a run.
    assert [r.number for r in (await sweep.suggest(request_id=request_id)).runs] == [1]


async def test_an_unknown_sweep(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    await sweep.registry.DeleteSweep(
        rpb.DeleteSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
    )
    answers = await asyncio.gather(*(sweep.suggest() for _ in range(4)), return_exceptions=True)
    for error in answers:
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert reason(error) == "SWEEP_NOT_FOUND"
        assert info(error).metadata["sweep_id"] == sweep.sweep_id


async def test_a_bad_request_reports_all_violations(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sweep.suggestion.Suggest(pb.SuggestRequest(count=101, request_id="x"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    for field in ("sweep_id", "count", "agent_id", "request_id"):
        assert field in (caught.value.details() or "")


async def test_a_canceled_caller_does_not_disturb_the_others(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()

    def impatient() -> asyncio.Task[pb.SuggestResponse]:
        request = pb.SuggestRequest(
            sweep_id=sweep.sweep_id, agent_id="impatient", request_id=new_id()
        )

        async def call() -> pb.SuggestResponse:
            return await sweep.suggestion.Suggest(request, timeout=0.004)

        return asyncio.create_task(call())

    calls = [impatient() if i % 2 else asyncio.create_task(sweep.suggest()) for i in range(40)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    patient = [a for i, a in enumerate(answers) if i % 2 == 0]
    assert all(isinstance(a, pb.SuggestResponse) and len(a.runs) == 1 for a in patient)
    total = (await sweep.get()).stats.total_runs
    assert 20 <= total <= 40
    [after] = (await sweep.suggest()).runs
    assert after.number == total
