"""A Suggest that brings the ends of runs, through both services."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc.aio
import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.operations.server_process import registry as registry_process
from tests.integration.operations.server_process import suggestion as suggestion_process
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import SPACE, Sweep, loss_of, new_id, values
from tests.registry_stub import RegistryStub
from tests.sweeps import create_sweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

SMALL = """
  lr: {values: [0.01, 0.1, 1]}
  dropout: {values: [0, 1, 2, 3, 4]}
"""


def end_of(run: run_pb2.Run, objective: float = 1.0) -> rpb.FinishRunRequest:
    """Return the request that finishes a run."""
    return rpb.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        succeeded=rpb.RunSucceeded(objective=objective),
        request_id=new_id(),
    )


async def suggest(
    sweep: Sweep,
    *ended_runs: rpb.FinishRunRequest,
    request_id: str = "",
    agent: str = "agent",
    resume: bool = False,
) -> pb.SuggestResponse:
    return await sweep.suggestion.Suggest(
        pb.SuggestRequest(
            sweep_id=sweep.sweep_id,
            agent_id=agent,
            request_id=request_id or new_id(),
            ended_runs=ended_runs,
            resume=resume,
        )
    )


def ended_numbers(answer: pb.SuggestResponse) -> list[int]:
    """Return the numbers of the runs that the Suggest has ended."""
    assert all(result.HasField("response") for result in answer.ended_runs)
    return [result.response.run.number for result in answer.ended_runs]


async def chained_trials(sweep: Sweep, count: int) -> list[dict[str, object]]:
    """Run trials as `Sweep.trials` does, with the end of each in the next Suggest."""
    found, ends = [], list[rpb.FinishRunRequest]()
    for _ in range(count):
        answer = await suggest(sweep, *ends)
        assert ended_numbers(answer) == [end.number for end in ends]
        [run] = answer.runs
        found.append(values(run))
        ends = [end_of(run, loss_of(found[-1]))]
    return found


@pytest.mark.parametrize("method", ["bayes", "random", "grid"])
async def test_a_proposal_knows_the_results_that_its_suggest_brings(
    new_sweep: NewSweep, method: str
) -> None:
    """The proposals are those of an agent that sends FinishRun first."""
    space = SMALL if method == "grid" else SPACE
    apart = await new_sweep(method, space=space)
    chained = await new_sweep(method, space=space)
    assert await chained_trials(chained, 14) == await apart.trials(14)
    assert (await chained.get()).stats.finished_runs == 13


async def test_ends_take_no_calls_of_their_own_between_the_services(
    database_url: str, tmp_path: Path
) -> None:
    with (
        registry_process(database_url, tmp_path, "registry", "--metrics-port", "0") as server,
        suggestion_process(server.address, tmp_path, "suggestion") as suggestion,
    ):
        async with (
            grpc.aio.insecure_channel(server.address) as first,
            grpc.aio.insecure_channel(suggestion.address) as second,
        ):
            registry, stub = RegistryStub(first), suggestion_grpc.SuggestionServiceStub(second)
            for method, rpcs in (
                ("random", ["CreateRuns"]),
                ("bayes", ["CreateRuns", "FinishRuns"]),
            ):
                created = await create_sweep(registry, method=method)
                sweep = Sweep(registry, stub, created.sweep_id)
                [run] = (await sweep.suggest()).runs
                before = server.metrics()
                for _ in range(6):
                    [run] = (await suggest(sweep, end_of(run))).runs
                after = server.metrics()
                assert {
                    name.rpartition("=")[2]: after[name] - before.get(name, 0)
                    for name in after
                    if name.startswith("wanllmdb_rpcs_total") and after[name] != before.get(name)
                } == dict.fromkeys(rpcs, 6)
                # In a random sweep the end and the next run share a transaction.
                commits = "wanllmdb_registry_commit_changes_count"
                assert after[commits] - before[commits] == 6 * len(rpcs)


async def test_a_rejected_end_does_not_fail_the_suggest(new_sweep: NewSweep) -> None:
    for method in ("random", "bayes"):
        sweep = await new_sweep(method)
        first, second = (await sweep.suggest(count=2)).runs
        await sweep.finish(first, 1.0)
        invalid = end_of(second)
        invalid.ClearField("outcome")
        unnamed = end_of(first)
        unnamed.ClearField("number")
        answer = await suggest(sweep, end_of(first), invalid, unnamed, end_of(second))
        assert [run.number for run in answer.runs] == [2]
        assert [result.error.reason for result in answer.ended_runs] == [
            "RUN_NOT_RUNNING",
            "INVALID_REQUEST",
            "INVALID_REQUEST",
            "",
        ]
        assert answer.ended_runs[0].error.code == StatusCode.FAILED_PRECONDITION.value[0]
        assert "is required" in answer.ended_runs[2].error.message
        assert answer.ended_runs[3].response.run.number == 1


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_a_repetition_gets_the_same_runs_and_results(
    new_sweep: NewSweep, method: str
) -> None:
    sweep = await new_sweep(method)
    [run] = (await sweep.suggest()).runs
    end, request_id = end_of(run), new_id()
    first = await suggest(sweep, end, request_id=request_id)
    again = await suggest(sweep, end, request_id=request_id)
    assert [r.number for r in again.runs] == [r.number for r in first.runs] == [1]
    assert again.ended_runs == first.ended_runs
    # The ends have ids of their own: without them it is still the same request.
    without = await suggest(sweep, request_id=request_id)
    assert [r.number for r in without.runs] == [1]
    assert not without.ended_runs
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await suggest(sweep, end, request_id=request_id, agent="another")
    stats = (await sweep.get()).stats
    assert (stats.total_runs, stats.finished_runs) == (2, 1)


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_finish_run_and_suggest_bring_the_same_end_once(
    new_sweep: NewSweep, method: str
) -> None:
    sweep = await new_sweep(method)
    first, second = (await sweep.suggest(count=2)).runs
    end = end_of(first)
    answer = await suggest(sweep, end)
    assert await sweep.registry.FinishRun(end) == answer.ended_runs[0].response
    end = end_of(second, 0.5)
    stored = await sweep.registry.FinishRun(end)
    # The service adds the sweep.
    end.ClearField("sweep_id")
    answer = await suggest(sweep, end)
    assert answer.ended_runs[0].response == stored
    assert (await sweep.get()).stats.finished_runs == 2


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_ends_are_carried_out_though_no_run_follows(new_sweep: NewSweep, method: str) -> None:
    sweep = await new_sweep(method, more="run_cap: 2")
    first, second = (await sweep.suggest(count=2)).runs
    answer = await suggest(sweep, end_of(first))
    assert (ended_numbers(answer), list(answer.runs)) == ([0], [])
    assert (answer.exhausted, answer.running_runs) == (pb.EXHAUSTED_REASON_RUN_CAP, 1)
    answer = await suggest(sweep, end_of(second))
    assert (ended_numbers(answer), list(answer.runs)) == ([1], [])
    assert (answer.exhausted, answer.running_runs) == (pb.EXHAUSTED_REASON_RUN_CAP, 0)
    assert answer.ended_runs[0].response.sweep_state == sweep_pb2.SWEEP_STATE_FINISHED


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_a_result_that_reaches_the_target_ends_the_sweep(
    new_sweep: NewSweep, method: str
) -> None:
    sweep = await new_sweep(
        method, metric=False, more="metric: {name: loss, goal: minimize, target: 0.1}"
    )
    [run] = (await sweep.suggest()).runs
    answer = await suggest(sweep, end_of(run, 0.05))
    assert (ended_numbers(answer), list(answer.runs)) == ([0], [])
    assert answer.exhausted == pb.EXHAUSTED_REASON_TARGET_REACHED


@pytest.mark.parametrize("method", ["random", "bayes"])
@pytest.mark.parametrize("stop", ["PauseSweep", "FinishSweep", "CancelSweep"])
async def test_a_sweep_that_assigns_no_runs_still_takes_ends(
    new_sweep: NewSweep, method: str, stop: str
) -> None:
    sweep = await new_sweep(method)
    [run] = (await sweep.suggest()).runs
    request = getattr(rpb, f"{stop}Request")(sweep_id=sweep.sweep_id, request_id=new_id())
    await getattr(sweep.registry, stop)(request)
    end = end_of(run)
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_RUNNING"):
        await suggest(sweep, end)
    assert (await sweep.get()).stats.finished_runs == 1
    assert (await sweep.registry.FinishRun(end)).run.objective == 1.0


async def test_a_failed_run_is_the_next_one(new_sweep: NewSweep) -> None:
    for method in ("random", "bayes"):
        sweep = await new_sweep(method, more="retries: {failed: 1}")
        [run] = (await sweep.suggest()).runs
        end = end_of(run)
        end.failed.error.message = "boom"
        answer = await suggest(sweep, end)
        assert answer.ended_runs[0].response.run.state == run_pb2.RUN_STATE_QUEUED
        assert [(run.number, run.attempt) for run in answer.runs] == [(0, 2)]


async def test_many_agents_at_once(new_sweep: NewSweep) -> None:
    for method in ("random", "bayes"):
        sweep = await new_sweep(method, more="run_cap: 40")

        async def work(agent: str, sweep: Sweep = sweep) -> list[int]:
            numbers, ends = list[int](), list[rpb.FinishRunRequest]()
            while True:
                answer = await suggest(sweep, *ends, agent=agent)
                assert ended_numbers(answer) == [end.number for end in ends]
                if not answer.runs:
                    return numbers
                numbers.append(answer.runs[0].number)
                ends = [end_of(answer.runs[0])]

        found = await asyncio.gather(*(work(f"agent-{i}") for i in range(8)))
        assert sorted(number for numbers in found for number in numbers) == list(range(40))
        stats = (await sweep.get()).stats
        assert (stats.total_runs, stats.finished_runs) == (40, 40)


async def test_a_run_that_the_agent_has_ended_is_not_resumed(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    first, _ = (await sweep.suggest(count=2)).runs
    answer = await suggest(sweep, end_of(first), resume=True)
    assert answer.resumed
    assert ([run.number for run in answer.runs], ended_numbers(answer)) == ([1], [0])


async def test_the_bounds_of_ends(new_sweep: NewSweep) -> None:
    sweep, other = await new_sweep(), await new_sweep()
    [run] = (await sweep.suggest()).runs
    large = end_of(run)
    large.failed.error.traceback = "x" * 2**20
    elsewhere = end_of(run)
    elsewhere.sweep_id = other.sweep_id
    for ends in ([end_of(run)] * 17, [large], [elsewhere]):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
            await suggest(sweep, *ends)
        assert all(field.startswith("ended_runs") for field in failure.fields)
    stats = (await sweep.get()).stats
    assert (stats.total_runs, stats.running_runs) == (1, 1)
