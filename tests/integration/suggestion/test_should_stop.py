"""Early termination through both services."""

from __future__ import annotations

import math

import grpc
import grpc.aio
import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id, reason
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

HYPERBAND = "early_terminate: {type: hyperband, min_iter: 3}"


async def ask(sweep: Sweep, number: int) -> pb.ShouldStopResponse:
    request = pb.ShouldStopRequest(sweep_id=sweep.sweep_id, number=number)
    return await sweep.suggestion.ShouldStop(request)


async def test_relaxed_tests_the_best_value_so_far(new_sweep: NewSweep) -> None:
    relaxed = "early_terminate: {type: hyperband, min_iter: 3, strict: false}"
    sweep = await new_sweep("bayes", more=relaxed)
    answer = await sweep.suggest(count=3)
    assert answer.next_check_iteration == 3
    best, middle, worst = answer.runs
    for run, level in ((best, 1.0), (middle, 2.0), (worst, 3.0)):
        await sweep.report(run, [level, math.nan, level + 1])
        early = await ask(sweep, run.number)
        assert (early.should_stop, early.next_check_iteration) == (False, 3)
        assert not early.HasField("rung")
        await sweep.report(run, [level + 3], first_step=4)

    # At iteration 3 the third values are 4, 5, 6; place floor(3/3) = 1, so the threshold is 5.
    # The best value so far is tested, and all best values are better than the threshold.
    decision = await ask(sweep, worst.number)
    assert (decision.should_stop, decision.threshold, decision.value) == (False, 5.0, 3.0)


async def test_by_default_the_value_at_the_rung_is_tested(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("bayes", more=HYPERBAND)
    best, middle, once_good = (await sweep.suggest(count=3)).runs
    for run, values in ((best, [3, 3, 1]), (middle, [3, 3, 2]), (once_good, [0.5, 3, 3])):
        await sweep.report(run, list(map(float, values)))

    decision = await ask(sweep, once_good.number)
    assert (decision.should_stop, decision.threshold, decision.value) == (True, 2.0, 3.0)


@pytest.mark.parametrize("strict", [False, True])
async def test_the_worst_run_at_the_rung_stops(new_sweep: NewSweep, strict: bool) -> None:
    rule = f"early_terminate: {{type: hyperband, min_iter: 3, strict: {str(strict).lower()}}}"
    sweep = await new_sweep("bayes", more=rule)
    best, middle, worst = (await sweep.suggest(count=3)).runs
    for run, level in ((best, 1.0), (middle, 2.0), (worst, 3.0)):
        await sweep.report(run, [level + 2, level + 1, level])

    decision = await ask(sweep, worst.number)
    assert decision.should_stop
    assert (decision.rung, decision.threshold, decision.value) == (3, 2.0, 3.0)
    assert (decision.compared_runs, decision.next_check_iteration) == (3, 9)
    assert f"run {worst.number} stops" in decision.reason
    for run in (best, middle):
        assert not (await ask(sweep, run.number)).should_stop


async def test_rungs_before_max_iter(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more="early_terminate: {type: hyperband, max_iter: 9, s: 2}")
    answer = await sweep.suggest(count=2)
    assert answer.next_check_iteration == 1  # rungs 1 and 3
    good, bad = answer.runs
    await sweep.report(good, [1.0] * 12)
    await sweep.report(bad, [2.0] * 2)
    decision = await ask(sweep, bad.number)
    assert (decision.should_stop, decision.rung, decision.next_check_iteration) == (True, 1, 3)
    last = await ask(sweep, good.number)
    assert (last.should_stop, last.rung) == (False, 3)
    # No rung is left.
    assert not last.HasField("next_check_iteration")


async def test_pruned_runs_still_count(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=HYPERBAND)
    first, second = (await sweep.suggest(count=2)).runs
    await sweep.report(first, [1.0] * 4)
    await sweep.registry.FinishRun(
        rpb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=first.number,
            attempt=first.attempt,
            pruned=rpb.RunPruned(reason="test"),
            request_id=new_id(),
        )
    )
    await sweep.report(second, [2.0] * 4)
    decision = await ask(sweep, second.number)
    assert (decision.should_stop, decision.compared_runs) == (True, 2)
    ended = await ask(sweep, first.number)
    assert (ended.should_stop, ended.HasField("next_check_iteration")) == (False, False)


async def test_a_sweep_without_early_termination(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    answer = await sweep.suggest()
    assert not answer.HasField("next_check_iteration")
    decision = await ask(sweep, 0)
    assert not decision.should_stop
    assert "no early termination" in decision.reason


async def test_early_termination_added_to_a_running_sweep(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    good, bad = (await sweep.suggest(count=2)).runs
    await sweep.report(good, [1.0] * 4)
    await sweep.report(bad, [2.0] * 4)
    assert not (await ask(sweep, bad.number)).should_stop
    changed = sweep_pb2.Sweep(sweep_id=sweep.sweep_id)
    changed.spec.early_termination.hyperband.min_iter = 3
    request = rpb.UpdateSweepRequest(sweep=changed, request_id=new_id())
    request.update_mask.paths.append("spec.early_termination")
    await sweep.registry.UpdateSweep(request)
    decision = await ask(sweep, bad.number)
    assert (decision.should_stop, decision.compared_runs) == (True, 2)


async def test_an_unknown_run(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=HYPERBAND)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(sweep, 0)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason(caught.value) == "RUN_NOT_FOUND"


async def test_a_second_attempt_starts_from_nothing(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=HYPERBAND)
    [run] = (await sweep.suggest()).runs
    await sweep.report(run, [1.0] * 4)
    assert (await ask(sweep, 0)).rung == 3
    await sweep.registry.ReleaseRun(
        rpb.ReleaseRunRequest(
            sweep_id=sweep.sweep_id, number=0, attempt=run.attempt, request_id=new_id()
        )
    )
    [again] = (await sweep.suggest()).runs
    assert again.state == run_pb2.RUN_STATE_RUNNING
    assert not (await ask(sweep, 0)).HasField("rung")


async def test_a_number_that_is_not_set_is_not_run_0(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("bayes", more=HYPERBAND)
    await sweep.suggest()
    assert (await ask(sweep, 0)).reason
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await sweep.suggestion.ShouldStop(pb.ShouldStopRequest(sweep_id=sweep.sweep_id))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(raised.value) == "INVALID_REQUEST"
    assert "number: is required" in (raised.value.details() or "")
