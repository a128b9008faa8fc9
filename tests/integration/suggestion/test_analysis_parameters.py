"""Slices, contours and correlations through both services."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.integration.suggestion.finished_sweeps import (
    CONDITIONAL,
    Analysis,
    Row,
    point,
    sweep_of,
)
from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import (
    value_from_proto,
)


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
    assert columns["x"].axis.scale == plots_pb2.AXIS_SCALE_LINEAR
    assert (columns["lr"].axis.min, columns["lr"].axis.max) == (0.001, 10.0)
    assert columns["lr"].axis.scale == plots_pb2.AXIS_SCALE_LOG
    size = columns["size"]
    assert size.axis.scale == plots_pb2.AXIS_SCALE_CATEGORY
    assert [value_from_proto(c) for c in size.axis.categories] == [16, 32, 64]
    assert list(size.values) == [2.0, 0.0, 0.0, 0.0]

    some = await analysis.GetSlices(
        pb.GetSlicesRequest(sweep_id=sweep_id, parameters=["x", "lr"], max_points=2)
    )
    assert [column.axis.name for column in some.parameters] == ["lr", "x"]
    assert some.total_finished_runs == 4
    assert len(some.run_numbers) == 2
    assert 1 in some.run_numbers  # the best run
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
    assert list(answer.x_positions) == pytest.approx(np.linspace(0, 4, 7).tolist())
    assert list(answer.y_positions) == pytest.approx(np.geomspace(0.001, 10, 7).tolist())
    assert len(answer.run_numbers) == 24
    assert list(answer.x.values)[:4] == [0.0, 0.0, 4.0, 4.0]
    assert (answer.x.axis.name, answer.y.axis.name) == ("x", "lr")
    surface = np.array(answer.surface).reshape(7, 7)
    plane = 2 * np.array(answer.x_positions) - np.log10(answer.y_positions)[:, np.newaxis]
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
    assert list(answer.x_positions) == [0.0, 1.0]
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


async def test_correlations_use_runs_that_have_both_values(
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
