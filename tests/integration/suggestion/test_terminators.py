"""Sweeps that their terminators finish, through both services."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.util import find_spec

import grpc.aio
import pytest

from tests.conftest import suggestion_server
from tests.errors import rpc_fails
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

NO_IMPROVEMENT = "terminate: {name: no_improvement, options: {runs: 3, min_runs: 5}}"

HAS_TORCH = find_spec("torch") is not None


async def work(sweep: Sweep, objectives: Sequence[float]) -> list[run_pb2.Run]:
    """Run trials one after the other until the sweep assigns no more."""
    runs: list[run_pb2.Run] = []
    for objective in objectives:
        answer = await sweep.suggest()
        if not answer.runs:
            assert answer.exhausted == pb.EXHAUSTED_REASON_TERMINATED
            return runs
        runs += answer.runs
        await sweep.finish(answer.runs[0], objective)
    return runs


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_a_sweep_ends_when_nothing_improves(new_sweep: NewSweep, method: str) -> None:
    sweep = await new_sweep(method, more=NO_IMPROVEMENT)
    # The best is run 2; 3, 4 and 5 are no better.
    runs = await work(sweep, [5.0, 4.0, 1.0, 2.0, 3.0, 1.0, 9.0, 9.0])
    assert len(runs) == 6
    why = "no_improvement: none of the last 3 finished runs is better than run 2, whose loss is 1"
    ended = await sweep.get()
    assert ended.state == sweep_pb2.SWEEP_STATE_FINISHED
    assert ended.finish_reason == sweep_pb2.FINISH_REASON_TERMINATED
    assert ended.end_message == why
    # Later callers get the same response.
    answer = await sweep.suggest(count=3)
    assert (list(answer.runs), answer.exhausted) == ([], pb.EXHAUSTED_REASON_TERMINATED)
    assert answer.message == why


async def test_running_runs_may_end_and_queued_ones_are_canceled(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=NO_IMPROVEMENT)
    request_id = new_id()
    first = (await sweep.suggest(count=6, request_id=request_id)).runs
    await sweep.enqueue({"layers": search_space_pb2.ParameterValue(int_value=3)})
    for run in first[:5]:
        await sweep.finish(run, 1.0)
    assert (await sweep.suggest()).exhausted == pb.EXHAUSTED_REASON_TERMINATED
    stats = (await sweep.get()).stats
    assert (stats.queued_runs, stats.canceled_runs, stats.running_runs) == (0, 1, 1)
    # The retry of a request that was answered before the end gets the same response.
    again = await sweep.suggest(count=6, request_id=request_id)
    assert [run.number for run in again.runs] == [run.number for run in first]
    await sweep.finish(first[5], 0.5)
    ended = await sweep.get()
    assert ended.finish_reason == sweep_pb2.FINISH_REASON_TERMINATED
    assert ended.stats.finished_runs == 6


async def test_agents_of_several_replicas_end_the_same_way(
    new_sweep: NewSweep, registry_address: str
) -> None:
    sweep = await new_sweep("bayes", more=NO_IMPROVEMENT)
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        other = Sweep(
            sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id
        )

        async def agent(mine: Sweep) -> pb.SuggestResponse:
            while (answer := await mine.suggest()).runs:
                await mine.finish(answer.runs[0], 1.0 + answer.runs[0].number)
            return answer

        last = await asyncio.gather(*(agent(sweep if i % 2 else other) for i in range(6)))
    assert {answer.exhausted for answer in last} == {pb.EXHAUSTED_REASON_TERMINATED}
    message = (await sweep.get()).end_message
    assert {answer.message for answer in last} == {message}
    assert "better than run 0, whose loss is 1" in message


async def test_a_paused_sweep_is_not_terminated(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=NO_IMPROVEMENT)
    await work(sweep, [1.0] * 4)
    [last] = (await sweep.suggest()).runs
    await sweep.registry.PauseSweep(
        rpb.PauseSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
    )
    await sweep.finish(last, 1.0)
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING"):
        await sweep.suggest()
    assert (await sweep.get()).state == sweep_pb2.SWEEP_STATE_PAUSED
    await sweep.registry.ResumeSweep(
        rpb.ResumeSweepRequest(sweep_id=sweep.sweep_id, request_id=new_id())
    )
    assert (await sweep.suggest()).exhausted == pb.EXHAUSTED_REASON_TERMINATED


async def test_a_terminator_needs_a_metric(new_sweep: NewSweep) -> None:
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as rejection:
        await new_sweep(metric=False, more=NO_IMPROVEMENT)
    assert [*rejection.fields] == ["terminate"]


REGRET_BOUND = "terminate: {name: regret_bound, options: {min_runs: 8, max_regret: 2}}"
LINE = """
  x: {min: 0.0, max: 1.0}
"""


@pytest.mark.skipif(HAS_TORCH, reason="torch, of the extra [gp], is installed")
async def test_a_missing_package_is_named(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(space=LINE, more=REGRET_BOUND)
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "ALGORITHM_NOT_INSTALLED") as rejection:
        await sweep.suggest()
    assert rejection.metadata == {"algorithm": "regret_bound", "package": "wanllmdb[gp]"}
    assert "pip install 'wanllmdb[gp]'" in rejection.message


@pytest.mark.skipif(not HAS_TORCH, reason="torch, of the extra [gp], is not installed")
async def test_a_sweep_ends_when_little_is_left(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(space=LINE, more=REGRET_BOUND)
    for _ in range(40):
        answer = await sweep.suggest()
        if not answer.runs:
            break
        await sweep.finish(answer.runs[0], (values(answer.runs[0])["x"] - 0.3) ** 2)
    assert answer.exhausted == pb.EXHAUSTED_REASON_TERMINATED
    assert answer.message.startswith("regret_bound: no point of the space is likely to be better")
    ended = await sweep.get()
    assert ended.finish_reason == sweep_pb2.FINISH_REASON_TERMINATED
    assert ended.stats.finished_runs >= 8
