"""Suggest in sweeps whose users cancel runs."""

from __future__ import annotations

import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import GRID, Sweep, new_id, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


async def cancel(sweep: Sweep, *numbers: int) -> None:
    await sweep.registry.CancelRuns(
        rpb.CancelRunsRequest(sweep_id=sweep.sweep_id, numbers=numbers, request_id=new_id())
    )


async def stop(sweep: Sweep, run: run_pb2.Run) -> None:
    """End the run as its agent does when it receives the command."""
    await sweep.registry.FinishRun(
        rpb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=run.number,
            attempt=run.attempt,
            canceled=rpb.RunCanceled(reason="it was canceled"),
            request_id=new_id(),
        )
    )


async def test_a_grid_goes_on_without_a_canceled_point_and_ends(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("grid", space=GRID, metric=False)
    first, second = (await sweep.suggest(count=2)).runs
    await cancel(sweep, first.number)
    await stop(sweep, first)
    await sweep.finish(second)
    rest = await sweep.suggest(count=10)
    assert [run.number for run in rest.runs] == [2, 3, 4, 5]
    assert values(first) not in [values(run) for run in rest.runs]
    await cancel(sweep, *(run.number for run in rest.runs))
    for run in rest.runs:
        await stop(sweep, run)
    after = await sweep.get()
    assert after.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED
    assert (after.stats.finished_runs, after.stats.canceled_runs) == (1, 5)


async def test_a_withdrawn_point_of_the_queue_is_not_assigned(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more="run_cap: 3")
    await sweep.enqueue({}, {})
    await cancel(sweep, 0)
    answer = await sweep.suggest(count=5)
    assert [run.number for run in answer.runs] == [1, 2]
    assert answer.exhausted == pb.EXHAUSTED_REASON_RUN_CAP
    for run in answer.runs:
        await sweep.finish(run, 1.0)
    assert (await sweep.get()).finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


async def test_a_sweep_whose_queue_was_withdrawn_before_it_started_has_no_runs(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep(more="run_cap: 2")
    await sweep.enqueue({}, {})
    await cancel(sweep, 0, 1)
    answer = await sweep.suggest()
    assert not answer.runs
    assert answer.exhausted == pb.EXHAUSTED_REASON_RUN_CAP
    assert (await sweep.get()).finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_a_sampler_goes_on_after_canceled_runs(new_sweep: NewSweep, method: str) -> None:
    sweep = await new_sweep(method)
    for _ in range(4):
        stopped, finished = (await sweep.suggest(count=2)).runs
        await cancel(sweep, stopped.number)
        await stop(sweep, stopped)
        await sweep.finish(finished, 1.0)
    after = await sweep.get()
    assert (after.stats.finished_runs, after.stats.canceled_runs) == (4, 4)


async def test_an_agent_that_comes_back_learns_that_its_run_was_canceled(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep()
    (run,) = (await sweep.suggest(agent="a")).runs
    await cancel(sweep, run.number)
    answer = await sweep.suggest(agent="a", resume=True)
    assert answer.resumed
    assert [(run.number, run.attempt, run.stop_requested) for run in answer.runs] == [(0, 1, True)]
