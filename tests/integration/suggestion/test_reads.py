"""Best runs, importance, history and algorithms through both services."""

from __future__ import annotations

import math
from typing import TypeAlias

import grpc
import grpc.aio
import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import info, loss_of, reason
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

Analysis: TypeAlias = "analysis_grpc.AnalysisServiceAsyncStub"


async def test_best_runs_come_best_first(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    runs = (await sweep.suggest(count=6)).runs
    for run, objective in zip(runs[:5], [3.0, 1.0, 2.0, 1.0, 9.0], strict=True):
        await sweep.finish(run, objective)
    await sweep.fail(runs[5])
    best = await sweep.suggestion.GetBestRuns(
        pb.GetBestRunsRequest(sweep_id=sweep.sweep_id, count=3)
    )
    assert [run.number for run in best.runs] == [1, 3, 2]
    assert {run.state for run in best.runs} == {run_pb2.RUN_STATE_FINISHED}
    assert best.runs[0].parameters == runs[1].parameters


async def test_runs_without_an_objective_are_never_best_and_count_in_no_analysis(
    new_sweep: NewSweep, analysis: Analysis
) -> None:
    sweep = await new_sweep()
    runs = (await sweep.suggest(count=6)).runs
    for run, objective in zip(runs[:4], [3.0, math.nan, 2.0, math.inf], strict=True):
        await sweep.finish(run, objective)
    best = await sweep.suggestion.GetBestRuns(
        pb.GetBestRunsRequest(sweep_id=sweep.sweep_id, count=5)
    )
    assert [run.number for run in best.runs] == [2, 0]
    history = await analysis.GetOptimizationHistory(
        analysis_pb.GetOptimizationHistoryRequest(sweep_id=sweep.sweep_id)
    )
    assert list(history.objectives) == [3.0, 2.0]
    importance = await analysis.GetParameterImportance(
        analysis_pb.GetParameterImportanceRequest(sweep_id=sweep.sweep_id)
    )
    assert importance.runs_used == 2


async def test_history(new_sweep: NewSweep, analysis: Analysis) -> None:
    sweep = await new_sweep()
    points = await sweep.trials(8)
    losses = [loss_of(p) for p in points]
    answer = await analysis.GetOptimizationHistory(
        analysis_pb.GetOptimizationHistoryRequest(sweep_id=sweep.sweep_id)
    )
    assert list(answer.run_numbers) == list(range(8))
    assert list(answer.objectives) == losses
    assert list(answer.best_objectives) == [min(losses[: i + 1]) for i in range(8)]
    assert (answer.goal, answer.total_finished_runs) == (sweep_pb2.GOAL_MINIMIZE, 8)


async def test_importance(new_sweep: NewSweep, analysis: Analysis) -> None:
    sweep = await new_sweep()
    await sweep.trials(25)
    request = analysis_pb.GetParameterImportanceRequest(sweep_id=sweep.sweep_id)
    answer = await analysis.GetParameterImportance(request)
    shares = [entry.importance for entry in answer.importances]
    assert answer.importances[0].name == "lr"
    assert len(shares) == 5
    assert math.fsum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert answer.runs_used == 25


async def test_importance_of_too_few_runs(new_sweep: NewSweep, analysis: Analysis) -> None:
    sweep = await new_sweep()
    await sweep.trials(1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await analysis.GetParameterImportance(
            analysis_pb.GetParameterImportanceRequest(sweep_id=sweep.sweep_id)
        )
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "NOT_ENOUGH_RUNS"
    metadata = info(caught.value).metadata
    assert (metadata["finished"], metadata["needed"]) == ("1", "2")


@pytest.mark.parametrize(
    "what", ["GetBestRuns", "GetParameterImportance", "GetOptimizationHistory"]
)
async def test_without_a_metric_there_are_no_best_runs(
    new_sweep: NewSweep, analysis: Analysis, what: str
) -> None:
    sweep = await new_sweep(metric=False)
    module, stub = (pb, sweep.suggestion) if what == "GetBestRuns" else (analysis_pb, analysis)
    request = getattr(module, f"{what}Request")(sweep_id=sweep.sweep_id)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await getattr(stub, what)(request)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(caught.value) == "NO_METRIC"


async def test_algorithms(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    answer = await sweep.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())
    samplers = {a.name: a for a in answer.algorithms if a.kind == pb.ALGORITHM_KIND_SAMPLER}
    assert samplers["random"].method == sweep_pb2.METHOD_RANDOM
    assert samplers["grid"].is_exhaustive
    assert not samplers["random"].is_exhaustive
    assert samplers["tpe"].needs_metric
    assert all(a.name and a.title and a.description for a in answer.algorithms)
    assert all(option.description for a in answer.algorithms for option in a.options)
