"""Suggest in sweeps whose runs are retried."""

from __future__ import annotations

import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import GRID, Sweep, new_id, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


async def retry(sweep: Sweep, *numbers: int) -> rpb.RetryRunsResponse:
    states = [] if numbers else [run_pb2.RUN_STATE_FAILED, run_pb2.RUN_STATE_LOST]
    return await sweep.registry.RetryRuns(
        rpb.RetryRunsRequest(
            sweep_id=sweep.sweep_id, numbers=numbers, states=states, request_id=new_id()
        )
    )


async def test_an_exhausted_grid_retries_its_failed_points_and_ends(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep("grid", space=GRID, metric=False)
    runs = (await sweep.suggest(count=6)).runs
    for run in runs:
        await (sweep.fail if run.number in (1, 4) else sweep.finish)(run)
    assert (await sweep.suggest()).exhausted == pb.EXHAUSTED_REASON_SPACE_EXHAUSTED
    assert list((await retry(sweep)).numbers) == [1, 4]
    answer = await sweep.suggest(count=3)
    assert [(run.number, run.attempt) for run in answer.runs] == [(1, 2), (4, 2)]
    assert [values(run) for run in answer.runs] == [values(runs[1]), values(runs[4])]
    assert answer.exhausted == pb.EXHAUSTED_REASON_SPACE_EXHAUSTED
    for run in answer.runs:
        await sweep.finish(run)
    after = await sweep.get()
    assert after.finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED
    assert (after.stats.total_runs, after.stats.finished_runs) == (6, 6)


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_retried_runs_come_before_new_ones_and_count_once_to_the_cap(
    new_sweep: NewSweep, method: str
) -> None:
    sweep = await new_sweep(method, more="run_cap: 4")
    runs = (await sweep.suggest(count=4)).runs
    for run in runs:
        await sweep.fail(run)
    assert (await sweep.suggest()).exhausted == pb.EXHAUSTED_REASON_RUN_CAP
    await retry(sweep, 3, 1)
    answer = await sweep.suggest(count=3)
    assert [run.number for run in answer.runs] == [1, 3]
    assert [values(run) for run in answer.runs] == [values(runs[1]), values(runs[3])]
    assert answer.exhausted == pb.EXHAUSTED_REASON_RUN_CAP
    for run in answer.runs:
        await sweep.finish(run, 1.0)
    assert (await sweep.get()).finish_reason == sweep_pb2.FINISH_REASON_RUN_CAP


async def test_a_sweep_that_a_terminator_ended_continues_only_without_it(
    new_sweep: NewSweep,
) -> None:
    rule = "{name: no_improvement, options: {runs: 2, min_runs: 1}}"
    sweep = await new_sweep(more=f"terminate: {rule}")
    await sweep.fail((await sweep.suggest()).runs[0])
    for objective in (1.0, 2.0, 3.0):
        await sweep.finish((await sweep.suggest()).runs[0], objective)
    assert (await sweep.suggest()).exhausted == pb.EXHAUSTED_REASON_TERMINATED
    with pytest.raises(Exception, match="terminator 'no_improvement' ended it"):
        await retry(sweep)
    update = rpb.UpdateSweepRequest(sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id))
    update.update_mask.paths.append("spec.terminator")
    await sweep.registry.UpdateSweep(update)
    await retry(sweep)
    assert [run.number for run in (await sweep.suggest()).runs] == [0]


@pytest.mark.parametrize("stopped", ["FINISHED", "PAUSED"])
async def test_a_request_answered_without_runs_gets_none_after_a_retry(
    new_sweep: NewSweep, stopped: str
) -> None:
    sweep = await new_sweep(more="run_cap: 2")
    for run in (await sweep.suggest(count=2)).runs:
        await sweep.fail(run)
    request = pb.SuggestRequest(
        sweep_id=sweep.sweep_id, agent_id="slow", count=1, request_id=new_id()
    )
    first = await sweep.suggestion.Suggest(request)
    assert (len(first.runs), first.exhausted) == (0, pb.EXHAUSTED_REASON_RUN_CAP)
    await retry(sweep)
    if stopped == "PAUSED":
        await sweep.registry.PauseSweep(rpb.PauseSweepRequest(sweep_id=sweep.sweep_id))
    assert not (await sweep.suggestion.Suggest(request)).runs
    assert (await sweep.get()).stats.queued_runs == 2
