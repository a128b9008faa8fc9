"""Histories, hypervolumes, distribution functions and comparisons through both services."""

from __future__ import annotations

import math

import grpc
import pytest

from tests.errors import rpc_fails
from tests.integration.suggestion.finished_sweeps import (
    BOTH,
    PARAMETERS,
    Analysis,
    Row,
    end,
    new_sweep,
    point,
    start,
    sweep_of,
)
from tests.sweeps import Registry, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb


async def test_histories_of_several_metrics(registry: Registry, analysis: Analysis) -> None:
    outcomes = [(4.0, 0.1), (2.0, 0.3), (3.0, 0.2)]
    rows: list[Row] = [(point(), {"loss": a, "accuracy": b}) for a, b in outcomes]
    sweep_id = await sweep_of(registry, rows, metrics=BOTH)
    loss = await analysis.GetOptimizationHistory(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, metric="loss")
    )
    assert list(loss.best_objectives) == [4.0, 2.0, 2.0]
    assert loss.goal == sweep_pb2.GOAL_MINIMIZE
    accuracy = await analysis.GetOptimizationHistory(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, metric="accuracy")
    )
    assert list(accuracy.objectives) == [0.1, 0.3, 0.2]
    assert list(accuracy.best_objectives) == [0.1, 0.3, 0.3]
    assert accuracy.goal == sweep_pb2.GOAL_MAXIMIZE


async def test_answers_follow_the_runs(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [(point(), 5.0), (point(), None)])
    request = pb.GetOptimizationHistoryRequest(sweep_id=sweep_id)
    assert list((await analysis.GetOptimizationHistory(request)).objectives) == [5.0]
    assert list((await analysis.GetOptimizationHistory(request)).objectives) == [5.0]
    late, early = await start(registry, sweep_id, [point(), point()])
    await end(registry, early, 4.0)
    assert list((await analysis.GetOptimizationHistory(request)).run_numbers) == [0, 3]
    await end(registry, late, 3.0)
    answer = await analysis.GetOptimizationHistory(request)
    assert list(answer.run_numbers) == [0, 2, 3]
    assert list(answer.best_objectives) == [5.0, 3.0, 3.0]


async def test_infinite_objectives_are_left_out(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [(point(), 5.0), (point(), math.inf), (point(), 4.0)])
    answer = await analysis.GetOptimizationHistory(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id)
    )
    assert list(answer.objectives) == [5.0, 4.0]
    assert answer.total_finished_runs == 2


async def test_hypervolumes(registry: Registry, analysis: Analysis) -> None:
    outcomes = [(2.0, 2.0), (1.0, 1.0), (3.0, 3.0), (2.0, 1.0)]
    rows: list[Row] = [(point(), {"loss": a, "accuracy": b}) for a, b in outcomes]
    sweep_id = await sweep_of(registry, rows, metrics=BOTH)
    answer = await analysis.GetHypervolumeHistory(
        pb.GetHypervolumeHistoryRequest(
            sweep_id=sweep_id, reference_point={"loss": 4.0, "accuracy": 0.0}
        )
    )
    assert list(answer.metrics) == ["loss", "accuracy"]
    assert list(answer.reference_point) == [4.0, 0.0]
    assert list(answer.run_numbers) == [0, 1, 2, 3]
    # 2 x 2; a strip of 1 x 1; a square of 1 x 1; nothing.
    assert list(answer.hypervolumes) == [4.0, 5.0, 6.0, 6.0]
    assert (answer.total_finished_runs, answer.is_estimate) == (4, False)
    default = await analysis.GetHypervolumeHistory(
        pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id, reference_point={"loss": 4.0})
    )
    # A tenth of the range of 2 below the worst.
    assert list(default.reference_point) == pytest.approx([4.0, 0.8])


async def test_a_hypervolume_needs_several_metrics(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [(point(), 1.0)])
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "NO_METRIC") as caught:
        await analysis.GetHypervolumeHistory(pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id))
    assert caught.metadata["sweep_id"] == sweep_id
    sweep_id = await sweep_of(registry, [], metrics=BOTH)
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await analysis.GetHypervolumeHistory(
            pb.GetHypervolumeHistoryRequest(
                sweep_id=sweep_id, reference_point={"lost": 1.0, "speed": 2.0}
            )
        )
    assert set(caught.fields) == {"reference_point.lost", "reference_point.speed"}
    assert "did you mean loss?" in caught.fields["reference_point.lost"]
    empty = await analysis.GetHypervolumeHistory(pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id))
    assert list(empty.hypervolumes) == []
    assert [math.isnan(x) for x in empty.reference_point] == [True, True]


async def test_edf_of_sweeps(registry: Registry, analysis: Analysis) -> None:
    first = await sweep_of(registry, [(point(), 0.0), (point(), 4.0)], name="one")
    second = await sweep_of(registry, [(point(), v) for v in (1.0, 1.0, 3.0, 2.0)], name="two")
    empty = await sweep_of(registry, [(point(), None)])
    answer = await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[second, first, empty], max_points=5))
    assert list(answer.objectives) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [curve.sweep_id for curve in answer.curves] == [second, first, empty]
    assert [curve.name for curve in answer.curves][:2] == ["two", "one"]
    assert list(answer.curves[0].shares) == [0.0, 0.5, 0.75, 1.0, 1.0]
    assert list(answer.curves[1].shares) == [0.5, 0.5, 0.5, 0.5, 1.0]
    assert [curve.finished_runs for curve in answer.curves] == [4, 2, 0]
    assert answer.goal == sweep_pb2.GOAL_MINIMIZE


async def test_sweeps_whose_metrics_differ_in_name_are_compared_by_their_only_metrics(
    registry: Registry, analysis: Analysis
) -> None:
    first = await sweep_of(registry, [(point(), 1.0)])
    second = await sweep_of(
        registry, [(point(), 2.0)], metric={"name": "error", "goal": "minimize"}
    )
    answer = await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[first, second], max_points=2))
    assert [list(curve.shares) for curve in answer.curves] == [[1.0, 1.0], [0.0, 1.0]]
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[first, second], metric="loss"))
    assert f"not a metric of sweep '{second}'" in caught.fields["metric"]


async def test_goals_must_agree(registry: Registry, analysis: Analysis) -> None:
    down = await sweep_of(registry, [])
    up = await sweep_of(registry, [], metric={"name": "accuracy", "goal": "maximize"})
    for rpc in ("GetEdf", "CompareSweeps"):
        with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
            await getattr(analysis, rpc)(getattr(pb, f"{rpc}Request")(sweep_ids=[down, up]))
        assert set(caught.fields) == {"sweep_ids[1]"}


async def test_sweeps_compared(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await new_sweep(registry, PARAMETERS, name="mine")
    runs = await start(registry, sweep_id, [point()] * 5)
    for place, outcome in ((2, 5.0), (4, None), (0, 3.0), (3, 4.0)):
        await end(registry, runs[place], outcome)
    other = await sweep_of(registry, [(point(), 9.0)])
    pending = await sweep_of(registry, [])
    answer = await analysis.CompareSweeps(
        pb.CompareSweepsRequest(sweep_ids=[sweep_id, other, pending])
    )
    first, second, third = answer.curves
    assert (first.sweep_id, first.name) == (sweep_id, "mine")
    assert first.state == sweep_pb2.SWEEP_STATE_RUNNING
    assert list(first.ended_runs) == [1, 3, 4]
    assert list(first.best_objectives) == [5.0, 3.0, 3.0]
    assert list(first.best_run_numbers) == [2, 0, 0]
    assert list(first.seconds) == sorted(first.seconds)
    assert (
        0
        <= first.seconds[0]
        <= first.seconds[-1]
        <= first.duration.ToTimedelta().total_seconds()
        < 60
    )
    assert (first.finished_runs, first.total_runs) == (3, 5)
    assert (list(second.best_objectives), list(second.ended_runs)) == ([9.0], [1])
    assert (list(third.best_objectives), third.duration.ToTimedelta().total_seconds()) == ([], 0.0)
    assert third.state == sweep_pb2.SWEEP_STATE_PENDING
    assert answer.goal == sweep_pb2.GOAL_MINIMIZE

    await registry.FinishSweep(rpb.FinishSweepRequest(sweep_id=other, request_id=request_id()))
    answer = await analysis.CompareSweeps(
        pb.CompareSweepsRequest(sweep_ids=[other], metric="loss", max_points=2)
    )
    [ended] = answer.curves
    assert ended.state == sweep_pb2.SWEEP_STATE_FINISHED
    sweep = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=other))).sweep
    lasted = sweep.end_time.ToDatetime() - sweep.start_time.ToDatetime()
    assert ended.duration.ToTimedelta().total_seconds() == pytest.approx(lasted.total_seconds())


async def test_one_of_several_sweeps_is_missing(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [])
    with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[sweep_id, "aaaaaaaaaaaa"]))


async def test_comparisons_follow_the_runs(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [(point(), 9.0)])
    request = pb.CompareSweepsRequest(sweep_ids=[sweep_id])
    [first] = (await analysis.CompareSweeps(request)).curves
    [again] = (await analysis.CompareSweeps(request)).curves
    assert list(again.best_objectives) == [9.0]
    assert (
        again.duration.ToTimedelta().total_seconds() > first.duration.ToTimedelta().total_seconds()
    )
    [run] = await start(registry, sweep_id, [point()])
    await end(registry, run, 7.0)
    [later] = (await analysis.CompareSweeps(request)).curves
    assert list(later.best_objectives) == [9.0, 7.0]
    assert list(later.ended_runs) == [1, 2]
    assert later.total_runs == 2


async def test_a_named_metric_of_several_is_compared(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [
        (point(), {"loss": 1.0, "accuracy": 0.5}),
        (point(), {"loss": 2.0, "accuracy": 0.9}),
    ]
    sweep_id = await sweep_of(registry, rows, metrics=BOTH)
    answer = await analysis.CompareSweeps(
        pb.CompareSweepsRequest(sweep_ids=[sweep_id], metric="accuracy")
    )
    assert list(answer.curves[0].best_objectives) == [0.5, 0.9]
    assert list(answer.curves[0].ended_runs) == [1, 2]
    assert answer.curves[0].finished_runs == 2
    assert answer.goal == sweep_pb2.GOAL_MAXIMIZE
    edf = await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[sweep_id], metric="loss", max_points=3))
    assert list(edf.objectives) == [1.0, 1.5, 2.0]
    assert list(edf.curves[0].shares) == [0.5, 0.5, 1.0]


async def test_deleted_sweeps_are_forgotten(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [(point(), 9.0)])
    request = pb.GetOptimizationHistoryRequest(sweep_id=sweep_id)
    assert (await analysis.GetOptimizationHistory(request)).total_finished_runs == 1
    await registry.DeleteSweep(rpb.DeleteSweepRequest(sweep_id=sweep_id, request_id=request_id()))
    with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await analysis.GetOptimizationHistory(request)


async def test_thinned_answers_keep_the_best(registry: Registry, analysis: Analysis) -> None:
    objectives = [9.0, 8.0, 8.5, 7.0, 7.5, 7.2, 1.0, 5.0, 6.0]
    sweep_id = await sweep_of(registry, [(point(), value) for value in objectives])
    history = await analysis.GetOptimizationHistory(
        pb.GetOptimizationHistoryRequest(sweep_id=sweep_id, max_points=4)
    )
    assert history.total_finished_runs == 9
    assert len(history.run_numbers) <= 4
    # The runs that improve the best objective come first.
    assert list(history.run_numbers) == [0, 1, 3, 6]
    [curve] = (
        await analysis.CompareSweeps(pb.CompareSweepsRequest(sweep_ids=[sweep_id], max_points=2))
    ).curves
    assert list(curve.best_objectives) == [7.0, 1.0]
    assert list(curve.ended_runs) == [4, 7]
    assert curve.finished_runs == 9
