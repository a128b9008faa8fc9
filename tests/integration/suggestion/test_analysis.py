"""What the runs of sweeps say, over both services, on runs whose answers are known."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeAlias

import grpc
import numpy as np
import pytest

from tests.errors import refused
from tests.sweeps import Registry, create_runs_request, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb_common.search_space.convert import (
    parameters_from_proto,
    parameters_to_proto,
    space_from_proto,
    value_from_proto,
)
from wanllmdb_common.search_space.laws import draw

Analysis: TypeAlias = "analysis_grpc.AnalysisServiceAsyncStub"

# A run's parameters, and how it ended: its objective, objectives by metric, or a failure.
Row = tuple[Mapping[str, Any], float | Mapping[str, float] | None]

LOSS = {"name": "loss", "goal": "minimize"}
BOTH = [LOSS, {"name": "accuracy", "goal": "maximize"}]

PARAMETERS: dict[str, Any] = {
    "fixed": {"value": 3},
    "lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 10.0},
    "optimizer": {"values": ["adam", "sgd"]},
    "size": {"values": [16, 32, 64]},
    "x": {"min": 0.0, "max": 4.0},
}

CONDITIONAL: dict[str, Any] = {
    "lr": {"min": 0.0, "max": 1.0},
    "optimizer": {"values": ["adam", "sgd"]},
    "adam": {"when": {"optimizer": "adam"}, "parameters": {"beta": {"min": 0.0, "max": 1.0}}},
    "sgd": {"when": {"optimizer": "sgd"}, "parameters": {"momentum": {"min": 0.0, "max": 1.0}}},
}


def point(**changes: Any) -> dict[str, Any]:
    """A point of PARAMETERS."""
    return {"fixed": 3, "lr": 0.1, "optimizer": "adam", "size": 16, "x": 1.0, **changes}


async def new_sweep(registry: Registry, parameters: Mapping[str, Any], **more: Any) -> str:
    """The id of a new sweep with the metric loss, unless said otherwise; None takes a key away."""
    config = {"method": "random", "metric": LOSS, "seed": 1, "parameters": parameters, **more}
    if "metrics" in more:
        del config["metric"]
    config = {key: value for key, value in config.items() if value is not None}
    request = rpb.CreateSweepRequest(
        config_text=rpb.ConfigText(text=json.dumps(config)), request_id=request_id()
    )
    return (await registry.CreateSweep(request)).sweep.sweep_id


async def start(
    registry: Registry, sweep_id: str, points: Sequence[Mapping[str, Any]]
) -> Sequence[run_pb2.Run]:
    """Hands out runs with these parameters."""
    sweep = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id))).sweep
    first = sweep.stats.total_runs
    response = await registry.CreateRuns(
        create_runs_request(
            sweep_id,
            *(
                rpb.RunProposal(number=first + i, parameters=parameters_to_proto(parameters))
                for i, parameters in enumerate(points)
            ),
        )
    )
    assert not response.conflict
    return response.results[0].runs


async def end(registry: Registry, run: run_pb2.Run, outcome: Any) -> None:
    """Ends a run as a Row says."""
    request = rpb.FinishRunRequest(
        sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, request_id=request_id()
    )
    if outcome is None:
        request.failed.error.message = "broken"
    elif isinstance(outcome, Mapping):
        request.succeeded.objectives.update(outcome)
    else:
        request.succeeded.objective = outcome
    await registry.FinishRun(request)


async def sweep_of(
    registry: Registry, rows: Sequence[Row], parameters: Mapping[str, Any] = PARAMETERS, **more: Any
) -> str:
    """The id of a sweep with these runs, numbered from 0, ended in this order."""
    sweep_id = await new_sweep(registry, parameters, **more)
    if rows:
        runs = await start(registry, sweep_id, [parameters for parameters, _ in rows])
        for run, (_, outcome) in zip(runs, rows, strict=True):
            await end(registry, run, outcome)
    return sweep_id


# --- Importance


async def test_importance_with_correlations(registry: Registry, analysis: Analysis) -> None:
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for _ in range(60):
        x, lr = float(rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 1))
        size = int(rng.choice([16, 32, 64]))
        rows.append((point(x=x, lr=lr, size=size), 3 * x + 0.01 * math.log(lr)))
    sweep_id = await sweep_of(registry, rows)
    for evaluator in (
        pb.IMPORTANCE_EVALUATOR_UNSPECIFIED,
        pb.IMPORTANCE_EVALUATOR_FANOVA,
        pb.IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY,
        pb.IMPORTANCE_EVALUATOR_PED_ANOVA,
    ):
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator, metric="loss")
        )
        found = {entry.name: entry for entry in answer.importances}
        assert answer.importances[0].name == "x"
        assert set(found) == {"lr", "optimizer", "size", "x"}
        assert math.fsum(e.importance for e in answer.importances) == pytest.approx(1.0)
        assert found["x"].importance > 0.5
        assert found["x"].linear_correlation == pytest.approx(1.0, abs=0.01)
        assert found["x"].rank_correlation == pytest.approx(1.0, abs=0.01)
        assert found["size"].HasField("linear_correlation")
        # It never varies here, and has no order.
        assert not found["optimizer"].HasField("linear_correlation")
        assert not found["optimizer"].HasField("rank_correlation")
        assert {entry.runs for entry in answer.importances} == {60}
        assert answer.runs_used == 60


async def test_logarithmic_parameters_correlate_by_their_logarithm(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [(point(lr=10.0**k, x=0.5 + k / 10), 1.0 - k) for k in range(-3, 2)]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetParameterImportance(
        pb.GetParameterImportanceRequest(sweep_id=sweep_id)
    )
    lr = next(entry for entry in answer.importances if entry.name == "lr")
    assert lr.linear_correlation == pytest.approx(-1.0)
    assert lr.rank_correlation == pytest.approx(-1.0)


async def test_importance_of_conditional_parameters_in_groups(
    registry: Registry, analysis: Analysis
) -> None:
    rng = np.random.default_rng(2)
    rows: list[Row] = []
    for i in range(120):
        parameters: dict[str, Any] = {"lr": float(rng.random())}
        if i % 3:
            parameters |= {"optimizer": "sgd", "sgd/momentum": float(rng.random())}
            rows.append((parameters, 10 * parameters["sgd/momentum"]))
        else:
            parameters |= {"optimizer": "adam", "adam/beta": float(rng.random())}
            rows.append((parameters, 5.0))
    sweep_id = await sweep_of(registry, rows, CONDITIONAL)
    for evaluator in pb.ImportanceEvaluator.values():
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator)
        )
        found = {entry.name: entry for entry in answer.importances}
        assert answer.importances[0].name == "sgd/momentum"
        assert found["adam/beta"].importance < 0.1
        assert (found["sgd/momentum"].runs, found["adam/beta"].runs) == (80, 40)
        assert found["lr"].runs == 120
        assert found["sgd/momentum"].linear_correlation == pytest.approx(1.0)
        # The objective never varies among its runs.
        assert not found["adam/beta"].HasField("linear_correlation")


async def test_importance_of_each_of_several_metrics(
    registry: Registry, analysis: Analysis
) -> None:
    rng = np.random.default_rng(3)
    rows: list[Row] = []
    for _ in range(40):
        x, lr = float(rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 1))
        rows.append((point(x=x, lr=lr), {"loss": x, "accuracy": math.log(lr)}))
    sweep_id = await sweep_of(registry, rows, metrics=BOTH)
    for metric, first in (("loss", "x"), ("accuracy", "lr")):
        answer = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, metric=metric)
        )
        assert answer.importances[0].name == first
        assert answer.importances[0].linear_correlation == pytest.approx(1.0)


# --- Histories


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
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "NO_METRIC") as refusal:
        await analysis.GetHypervolumeHistory(pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id))
    assert refusal.metadata["sweep_id"] == sweep_id
    sweep_id = await sweep_of(registry, [], metrics=BOTH)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await analysis.GetHypervolumeHistory(
            pb.GetHypervolumeHistoryRequest(
                sweep_id=sweep_id, reference_point={"lost": 1.0, "speed": 2.0}
            )
        )
    assert set(refusal.fields) == {"reference_point.lost", "reference_point.speed"}
    assert "did you mean loss?" in refusal.fields["reference_point.lost"]
    empty = await analysis.GetHypervolumeHistory(pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id))
    assert list(empty.hypervolumes) == []
    assert [math.isnan(x) for x in empty.reference_point] == [True, True]


# --- Slices, contours, correlations


async def test_slices(registry: Registry, analysis: Analysis) -> None:
    rows: list[Row] = [
        (point(x=1.0, size=64), 3.0),
        (point(x=2.0, optimizer="sgd"), 1.0),
        (point(), None),
        (point(x=3.0, lr=1.0), 3.0),
        (point(x=4.0), 9.0),
    ]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id))
    assert list(answer.run_numbers) == [0, 1, 3, 4]
    assert list(answer.objectives) == [3.0, 1.0, 3.0, 9.0]
    assert list(answer.ranks) == pytest.approx([0.5, 0.0, 0.5, 1.0])
    columns = {column.axis.name: column for column in answer.parameters}
    assert list(columns) == ["lr", "optimizer", "size", "x"]
    assert list(columns["x"].values) == [1.0, 2.0, 3.0, 4.0]
    assert columns["x"].axis.scale == rpb.AXIS_SCALE_LINEAR
    assert (columns["lr"].axis.min, columns["lr"].axis.max) == (0.001, 10.0)
    assert columns["lr"].axis.scale == rpb.AXIS_SCALE_LOG
    size = columns["size"]
    assert size.axis.scale == rpb.AXIS_SCALE_CATEGORY
    assert [value_from_proto(c) for c in size.axis.categories] == [16, 32, 64]
    assert list(size.values) == [2.0, 0.0, 0.0, 0.0]

    some = await analysis.GetSlices(
        pb.GetSlicesRequest(sweep_id=sweep_id, parameters=["x", "lr"], max_points=2)
    )
    assert [column.axis.name for column in some.parameters] == ["lr", "x"]
    assert some.total_finished_runs == 4
    assert len(some.run_numbers) == 2
    assert 1 in some.run_numbers  # the best one
    assert len(some.parameters[0].values) == 2


async def test_ranks_follow_the_goal(registry: Registry, analysis: Analysis) -> None:
    metric = {"name": "loss", "goal": "maximize"}
    rows: list[Row] = [(point(), 1.0), (point(), 2.0), (point(), 3.0)]
    sweep_id = await sweep_of(registry, rows, metric=metric)
    answer = await analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id))
    assert list(answer.ranks) == [1.0, 0.5, 0.0]


async def test_slices_of_conditional_parameters_have_gaps(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [
        ({"lr": 0.5, "optimizer": "sgd", "sgd/momentum": 0.9}, 1.0),
        ({"lr": 0.5, "optimizer": "adam", "adam/beta": 0.8}, 2.0),
    ]
    sweep_id = await sweep_of(registry, rows, CONDITIONAL)
    answer = await analysis.GetSlices(
        pb.GetSlicesRequest(sweep_id=sweep_id, parameters=["sgd/momentum"])
    )
    assert list(answer.parameters[0].values) == pytest.approx([0.9, math.nan], nan_ok=True)
    contour = await analysis.GetContour(
        pb.GetContourRequest(sweep_id=sweep_id, x_parameter="lr", y_parameter="sgd/momentum")
    )
    assert list(contour.run_numbers) == [0]


async def test_a_contour_of_a_plane_is_that_plane(registry: Registry, analysis: Analysis) -> None:
    rng = np.random.default_rng(4)
    corners = [(x, lr) for x in (0.0, 4.0) for lr in (0.001, 10.0)]
    inner = [(float(rng.uniform(0, 4)), float(10 ** rng.uniform(-3, 1))) for _ in range(20)]
    rows: list[Row] = [(point(x=x, lr=lr), 2 * x - math.log10(lr)) for x, lr in [*corners, *inner]]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetContour(
        pb.GetContourRequest(sweep_id=sweep_id, x_parameter="x", y_parameter="lr", resolution=7)
    )
    assert list(answer.x_places) == pytest.approx(np.linspace(0, 4, 7).tolist())
    assert list(answer.y_places) == pytest.approx(np.geomspace(0.001, 10, 7).tolist())
    assert len(answer.run_numbers) == 24
    assert list(answer.x.values)[:4] == [0.0, 0.0, 4.0, 4.0]
    assert (answer.x.axis.name, answer.y.axis.name) == ("x", "lr")
    surface = np.array(answer.surface).reshape(7, 7)
    plane = 2 * np.array(answer.x_places) - np.log10(answer.y_places)[:, np.newaxis]
    assert np.isfinite(surface[1:-1, 1:-1]).all()
    known = np.isfinite(surface)
    assert surface[known].tolist() == pytest.approx(plane[known].tolist())


async def test_contours_over_categories_and_too_few_runs(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [
        (point(x=0.0, optimizer="sgd"), 1.0),
        (point(x=4.0, optimizer="sgd"), 5.0),
    ]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetContour(
        pb.GetContourRequest(
            sweep_id=sweep_id, x_parameter="optimizer", y_parameter="x", resolution=5
        )
    )
    assert list(answer.x_places) == [0.0, 1.0]
    surface = np.array(answer.surface).reshape(5, 2)
    assert np.isnan(surface[:, 0]).all()
    assert surface[:, 1].tolist() == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])
    lonely = await analysis.GetContour(
        pb.GetContourRequest(sweep_id=sweep_id, x_parameter="lr", y_parameter="x", resolution=2)
    )
    assert len(lonely.run_numbers) == 2
    assert [math.isnan(z) for z in lonely.surface] == [True] * 4


@pytest.mark.parametrize(
    "method", [pb.CORRELATION_METHOD_UNSPECIFIED, pb.CORRELATION_METHOD_SPEARMAN]
)
async def test_correlations(
    registry: Registry, analysis: Analysis, method: pb.CorrelationMethod.ValueType
) -> None:
    rows: list[Row] = [
        (point(x=float(k), lr=10.0 ** (k - 3), size=[16, 32, 64][k % 3]), 7.0 - 2 * k)
        for k in range(5)
    ]
    sweep_id = await sweep_of(registry, rows)
    answer = await analysis.GetCorrelations(
        pb.GetCorrelationsRequest(sweep_id=sweep_id, method=method)
    )
    names = list(answer.names)
    assert names == ["lr", "optimizer=adam", "optimizer=sgd", "size", "x", "loss"]
    matrix = np.array(answer.correlations).reshape(6, 6)
    assert matrix[names.index("x"), names.index("loss")] == pytest.approx(-1.0)
    assert matrix[names.index("lr"), names.index("x")] == pytest.approx(1.0)
    assert matrix[names.index("x"), names.index("x")] == 1.0
    # The optimizer never varies.
    assert np.isnan(matrix[names.index("optimizer=adam")]).all()
    assert set(answer.runs) == {5}


async def test_correlations_rest_on_runs_that_have_both(
    registry: Registry, analysis: Analysis
) -> None:
    rows: list[Row] = [
        ({"lr": k / 4, "optimizer": "sgd", "sgd/momentum": k / 8}, float(k)) for k in range(4)
    ]
    rows += [({"lr": 0.9, "optimizer": "adam", "adam/beta": k / 8}, 1.0) for k in range(3)]
    sweep_id = await sweep_of(registry, rows, CONDITIONAL)
    answer = await analysis.GetCorrelations(pb.GetCorrelationsRequest(sweep_id=sweep_id))
    names, size = list(answer.names), len(answer.names)
    at: dict[tuple[str, str], tuple[Any, int]] = {
        (a, b): (answer.correlations[i * size + j], answer.runs[i * size + j])
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    }
    assert at["lr", "sgd/momentum"] == (pytest.approx(1.0), 4)
    assert math.isnan(at["adam/beta", "sgd/momentum"][0])
    assert at["adam/beta", "sgd/momentum"][1] == 0
    assert at["lr", "lr"] == (1.0, 7)
    assert at["optimizer=adam", "optimizer=sgd"] == (pytest.approx(-1.0), 7)


# --- Several sweeps


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


async def test_sweeps_with_metrics_of_other_names_are_compared_by_their_only_ones(
    registry: Registry, analysis: Analysis
) -> None:
    first = await sweep_of(registry, [(point(), 1.0)])
    second = await sweep_of(
        registry, [(point(), 2.0)], metric={"name": "error", "goal": "minimize"}
    )
    answer = await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[first, second], max_points=2))
    assert [list(curve.shares) for curve in answer.curves] == [[1.0, 1.0], [0.0, 1.0]]
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[first, second], metric="loss"))
    assert f"no metric of sweep '{second}'" in refusal.fields["metric"]


async def test_goals_must_agree(registry: Registry, analysis: Analysis) -> None:
    down = await sweep_of(registry, [])
    up = await sweep_of(registry, [], metric={"name": "accuracy", "goal": "maximize"})
    for rpc in ("GetEdf", "CompareSweeps"):
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
            await getattr(analysis, rpc)(getattr(pb, f"{rpc}Request")(sweep_ids=[down, up]))
        assert set(refusal.fields) == {"sweep_ids[1]"}


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
    first, second, third = answer.courses
    assert (first.sweep_id, first.name) == (sweep_id, "mine")
    assert first.state == sweep_pb2.SWEEP_STATE_RUNNING
    assert list(first.ended_runs) == [1, 3, 4]
    assert list(first.best_objectives) == [5.0, 3.0, 3.0]
    assert list(first.best_run_numbers) == [2, 0, 0]
    assert list(first.seconds) == sorted(first.seconds)
    assert 0 <= first.seconds[0] <= first.seconds[-1] <= first.duration_seconds < 60
    assert (first.finished_runs, first.total_runs) == (3, 5)
    assert (list(second.best_objectives), list(second.ended_runs)) == ([9.0], [1])
    assert (list(third.best_objectives), third.duration_seconds) == ([], 0.0)
    assert third.state == sweep_pb2.SWEEP_STATE_PENDING
    assert answer.goal == sweep_pb2.GOAL_MINIMIZE

    await registry.FinishSweep(rpb.FinishSweepRequest(sweep_id=other, request_id=request_id()))
    answer = await analysis.CompareSweeps(
        pb.CompareSweepsRequest(sweep_ids=[other], metric="loss", max_points=2)
    )
    [ended] = answer.courses
    assert ended.state == sweep_pb2.SWEEP_STATE_FINISHED
    sweep = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=other))).sweep
    lasted = sweep.end_time.ToDatetime() - sweep.start_time.ToDatetime()
    assert ended.duration_seconds == pytest.approx(lasted.total_seconds())


async def test_one_of_several_sweeps_is_missing(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [])
    with refused(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[sweep_id, "aaaaaaaaaaaa"]))


# --- Refusals

ONE_SWEEP = [
    "GetParameterImportance",
    "GetOptimizationHistory",
    "GetHypervolumeHistory",
    "GetSlices",
    "GetContour",
    "GetCorrelations",
]


def request_for(rpc: str, sweep_id: str, **more: Any) -> Any:
    fields: dict[str, Any] = (
        {"sweep_id": sweep_id} if rpc in ONE_SWEEP else {"sweep_ids": [sweep_id]}
    )
    if rpc == "GetContour":
        fields |= {"x_parameter": "x", "y_parameter": "lr"}
    return getattr(pb, f"{rpc}Request")(**fields, **more)


@pytest.mark.parametrize("rpc", [*ONE_SWEEP, "GetEdf", "CompareSweeps"])
async def test_without_a_metric(registry: Registry, analysis: Analysis, rpc: str) -> None:
    sweep_id = await sweep_of(registry, [], metric=None)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "NO_METRIC") as refusal:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    assert refusal.metadata["sweep_id"] == sweep_id


@pytest.mark.parametrize(
    "rpc",
    [
        "GetParameterImportance",
        "GetOptimizationHistory",
        "GetSlices",
        "GetContour",
        "GetEdf",
        "CompareSweeps",
    ],
)
async def test_with_several_metrics_one_must_be_named(
    registry: Registry, analysis: Analysis, rpc: str
) -> None:
    sweep_id = await sweep_of(registry, [], metrics=BOTH)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "SEVERAL_METRICS") as refusal:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    assert "loss, accuracy" in refusal.message
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id, metric="acuracy"))
    assert "did you mean accuracy?" in refusal.fields["metric"]
    assert "known are loss, accuracy" in refusal.fields["metric"]


@pytest.mark.parametrize("rpc", [*ONE_SWEEP, "GetEdf", "CompareSweeps"])
async def test_no_such_sweep(analysis: Analysis, rpc: str) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await getattr(analysis, rpc)(request_for(rpc, "aaaaaaaaaaaa"))


async def test_every_unknown_name_is_told(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [])
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await analysis.GetSlices(
            pb.GetSlicesRequest(sweep_id=sweep_id, parameters=["x", "siz", "fixed"], metric="lossy")
        )
    assert set(refusal.fields) == {"parameters[1]", "parameters[2]", "metric"}
    assert "did you mean size?" in refusal.fields["parameters[1]"]
    assert "single value" in refusal.fields["parameters[2]"]


@pytest.mark.parametrize(
    ("rpc", "fields", "problems"),
    [
        ("GetParameterImportance", {"evaluator": 99}, {"sweep_id", "evaluator"}),
        ("GetOptimizationHistory", {"max_points": 10_001}, {"sweep_id", "max_points"}),
        (
            "GetHypervolumeHistory",
            {"max_points": -1, "reference_point": {"loss": math.nan}},
            {"sweep_id", "max_points", "reference_point.loss"},
        ),
        (
            "GetSlices",
            {"max_points": -1, "parameters": ["x", "x"]},
            {"sweep_id", "max_points", "parameters[1]"},
        ),
        (
            "GetContour",
            {"max_points": -1, "resolution": 1, "x_parameter": "x", "y_parameter": "x"},
            {"sweep_id", "max_points", "resolution", "y_parameter"},
        ),
        ("GetContour", {}, {"sweep_id", "x_parameter", "y_parameter"}),
        ("GetEdf", {"max_points": 1}, {"sweep_ids", "max_points"}),
        ("GetEdf", {"sweep_ids": ["a", "", "a"]}, {"sweep_ids[1]", "sweep_ids[2]"}),
        ("GetCorrelations", {"method": 9}, {"sweep_id", "method"}),
        ("CompareSweeps", {"sweep_ids": ["a"] * 51, "max_points": 1}, {"sweep_ids", "max_points"}),
    ],
)
async def test_every_problem_of_a_request_is_told(
    analysis: Analysis, rpc: str, fields: dict[str, Any], problems: set[str]
) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await getattr(analysis, rpc)(getattr(pb, f"{rpc}Request")(**fields))
    assert set(refusal.fields) == problems


@pytest.mark.parametrize("rpc", [*ONE_SWEEP, "GetEdf", "CompareSweeps"])
async def test_a_sweep_without_runs(registry: Registry, analysis: Analysis, rpc: str) -> None:
    metrics = BOTH if rpc == "GetHypervolumeHistory" else [LOSS]
    sweep_id = await sweep_of(registry, [], metrics=metrics)
    if rpc == "GetParameterImportance":
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "NOT_ENOUGH_RUNS"):
            await analysis.GetParameterImportance(request_for(rpc, sweep_id))
        return
    answer = await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    for field, value in answer.ListFields():
        if field.name in ("run_numbers", "objectives", "hypervolumes"):
            pytest.fail(f"{field.name} is {value}")


# --- Every law


async def test_every_law_has_its_axis_and_its_importance(
    registry: Registry, analysis: Analysis
) -> None:
    parameters: dict[str, Any] = {
        "beta": {"distribution": "beta", "a": 2, "b": 3},
        "ints": {"min": 1, "max": 9},
        "lognormal": {"distribution": "log_normal", "mu": 0, "sigma": 1},
        "loguniform": {"distribution": "log_uniform_values", "min": 0.1, "max": 10},
        "normal": {"distribution": "normal", "mu": 0, "sigma": 1},
        "qbeta": {"distribution": "q_beta", "a": 2, "b": 3, "q": 0.25},
        "qlognormal": {"distribution": "q_log_normal", "mu": 0, "sigma": 1, "q": 0.5},
        "qloguniform": {
            "distribution": "q_log_uniform_values", "min": 1, "max": 100, "q": 1
        },
        "qnormal": {"distribution": "q_normal", "mu": 0, "sigma": 9, "q": 1},
        "quniform": {"distribution": "q_uniform", "min": 0.3, "max": 9.7, "q": 1},
        "weighted": {"values": ["a", "b"], "probabilities": [0.2, 0.8]},
    }  # fmt: skip
    sweep_id = await new_sweep(registry, parameters)
    runs = await drawn(registry, sweep_id, 30)
    for run in runs:
        values = parameters_from_proto(run.parameters)
        await end(registry, run, float(values["beta"]))  # type: ignore[arg-type]  # a number
    answer = await analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id))
    columns = {column.axis.name: column for column in answer.parameters}
    assert set(columns) == set(parameters)
    logarithmic = {"lognormal", "loguniform", "qloguniform"}
    for name, column in columns.items():
        axis = column.axis
        assert all(axis.min <= value <= axis.max for value in column.values), name
        expected = (
            rpb.AXIS_SCALE_CATEGORY
            if name == "weighted"
            else rpb.AXIS_SCALE_LOG
            if name in logarithmic
            else rpb.AXIS_SCALE_LINEAR
        )
        assert axis.scale == expected, name
    for evaluator in pb.ImportanceEvaluator.values():
        importance = await analysis.GetParameterImportance(
            pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator)
        )
        assert {entry.name for entry in importance.importances} == set(parameters)
        assert math.fsum(e.importance for e in importance.importances) == pytest.approx(1.0)
        beta = next(e for e in importance.importances if e.name == "beta")
        assert beta.linear_correlation == pytest.approx(1.0)


async def drawn(registry: Registry, sweep_id: str, count: int) -> Sequence[run_pb2.Run]:
    """Runs with parameters drawn by their laws."""
    spec = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id))).sweep.spec
    random = Random(5)
    laws = {p.name: p.distribution for p in space_from_proto(spec.search_space).parameters}
    points = [{name: draw(law)(random) for name, law in laws.items()} for _ in range(count)]
    return await start(registry, sweep_id, points)
