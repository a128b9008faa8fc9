"""Suggest for agents that come back under their name, and for agents that wait."""

from __future__ import annotations

import grpc
import grpc.aio
import pytest

from tests.conftest import suggestion_server
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import GRID, Sweep, new_id, reason
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

HYPERBAND = "early_terminate: {type: hyperband, min_iter: 3}"


async def test_an_agent_that_comes_back_gets_its_runs_before_new_ones(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=HYPERBAND)
    mine = await sweep.suggest(2, agent="a")
    await sweep.suggest(1, agent="b")
    back = await sweep.suggest(3, agent="a", resume=True)
    assert back.resumed
    assert [(run.number, run.attempt) for run in back.runs] == [(0, 1), (1, 1)]
    assert [run.parameters for run in back.runs] == [run.parameters for run in mine.runs]
    assert (back.exhausted, back.next_check_iteration) == (0, mine.next_check_iteration)
    for run in back.runs:
        await sweep.finish(run, 1.0)
    new = await sweep.suggest(1, agent="a", resume=True)
    assert (new.resumed, new.runs[0].number) == (False, 3)
    assert new.next_check_iteration == mine.next_check_iteration


async def test_a_repeated_resume_gets_the_same_runs_through_any_replica(
    new_sweep: NewSweep, registry_address: str
) -> None:
    sweep = await new_sweep()
    held, given = new_id(), new_id()
    await sweep.suggest(agent="a")
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        other = Sweep(
            sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id
        )
        first = await sweep.suggest(request_id=held, agent="a", resume=True)
        # The agent held no run, so it is assigned a new one, and a retry returns the same run.
        second = await sweep.suggest(request_id=given, agent="b", resume=True)
        await sweep.finish(first.runs[0], 1.0)
        for replica in (sweep, other):
            again = await replica.suggest(request_id=held, agent="a", resume=True)
            assert again == first
            assert again.resumed
            assert await replica.suggest(request_id=given, agent="b", resume=True) == second
            assert not second.resumed
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sweep.suggest(2, request_id=held, agent="a", resume=True)
    assert reason(caught.value) == "REQUEST_ID_REUSED"
    assert held in (caught.value.details() or "")
    assert (await sweep.get()).stats.total_runs == 2


async def test_a_paused_sweep_returns_running_runs_and_assigns_no_new_ones(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep()
    await sweep.suggest(agent="a")
    await sweep.registry.PauseSweep(rpb.PauseSweepRequest(sweep_id=sweep.sweep_id))
    back = await sweep.suggest(agent="a", resume=True)
    assert (back.resumed, back.runs[0].number) == (True, 0)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sweep.suggest(agent="b", resume=True)
    assert reason(caught.value) == "SWEEP_NOT_RUNNING"
    await sweep.finish(back.runs[0], 1.0)
    assert (await sweep.get()).state == sweep_pb2.SWEEP_STATE_PAUSED


@pytest.mark.parametrize(
    ("method", "space", "more", "why"),
    [
        ("random", "\n  x: {min: 0.0, max: 1.0}", "run_cap: 6", pb.EXHAUSTED_REASON_RUN_CAP),
        ("grid", GRID, "", pb.EXHAUSTED_REASON_SPACE_EXHAUSTED),
    ],
)
async def test_an_agent_without_runs_gets_the_number_of_runs_that_may_come_back(
    new_sweep: NewSweep, method: str, space: str, more: str, why: pb.ExhaustedReason.ValueType
) -> None:
    sweep = await new_sweep(method, space=space, more=more)
    some = await sweep.suggest(4)
    assert (some.exhausted, some.running_runs) == (pb.EXHAUSTED_REASON_UNSPECIFIED, 0)
    fewer = await sweep.suggest(5)
    # The agent's own two runs do not count as runs of others.
    assert (len(fewer.runs), fewer.exhausted, fewer.running_runs) == (2, why, 4)
    held = [*some.runs, *fewer.runs]
    assert (await sweep.suggest()).running_runs == 6
    await sweep.finish(held[0], 1.0)
    await sweep.fail(held[1])
    assert (await sweep.suggest()).running_runs == 4
    await sweep.registry.ReleaseRun(
        rpb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=held[2].number, attempt=1)
    )
    (again,) = (await sweep.suggest()).runs
    assert (again.number, again.state) == (held[2].number, run_pb2.RUN_STATE_RUNNING)
    for run in (again, *held[3:]):
        await sweep.finish(run, 1.0)
    done = await sweep.suggest()
    assert (done.exhausted, done.running_runs) == (why, 0)
    assert (await sweep.get()).state == sweep_pb2.SWEEP_STATE_FINISHED


async def test_a_resumed_run_is_tested_next_where_a_running_one_would_be(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep("bayes", more=HYPERBAND)
    first = await sweep.suggest(1, agent="a")
    assert (first.next_check_iteration, first.runs[0].metric_values) == (3, 0)
    await sweep.report(first.runs[0], [3.0, 2.0])
    early = await sweep.suggest(1, agent="a", resume=True)
    assert (early.next_check_iteration, early.runs[0].metric_values) == (3, 2)
    await sweep.report(first.runs[0], [1.0, 0.5], first_step=2)
    request = pb.ShouldStopRequest(sweep_id=sweep.sweep_id, number=0)
    decision = await sweep.suggestion.ShouldStop(request)
    assert decision.next_check_iteration > 4
    late = await sweep.suggest(1, agent="a", resume=True)
    assert late.runs[0].metric_values == 4
    assert late.next_check_iteration == decision.next_check_iteration
    # Of several runs the one that is tested first decides.
    await sweep.suggest(1, agent="a")
    both = await sweep.suggest(2, agent="a", resume=True)
    assert [run.metric_values for run in both.runs] == [4, 0]
    assert both.next_check_iteration == 3


async def test_a_resumed_run_that_is_to_stop_is_tested_at_its_next_value(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep("bayes", more=HYPERBAND)
    best, middle, worst = (await sweep.suggest(3, agent="a")).runs
    for run, level in ((best, 1.0), (middle, 2.0), (worst, 3.0)):
        await sweep.report(run, [level + 2, level + 1, level])
    for run in (best, middle):
        await sweep.finish(run)
    back = await sweep.suggest(1, agent="a", resume=True)
    assert [run.number for run in back.runs] == [worst.number]
    assert back.next_check_iteration == back.runs[0].metric_values == 3


async def test_an_answer_with_runs_says_how_long_their_leases_last(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more="run_cap: 1")
    given = await sweep.suggest(1, agent="a")
    back = await sweep.suggest(1, agent="a", resume=True)
    none = await sweep.suggest(1, agent="b")
    assert given.lease_duration.seconds == back.lease_duration.seconds == 60
    assert not none.HasField("lease_duration")
