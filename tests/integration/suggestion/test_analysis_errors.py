"""The errors of the analysis service, and their messages."""

from __future__ import annotations

import math
from typing import Any

import grpc
import pytest

from tests.errors import rpc_fails
from tests.integration.suggestion.finished_sweeps import (
    BOTH,
    LOSS,
    Analysis,
    sweep_of,
)
from tests.sweeps import Registry
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb

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
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "NO_METRIC") as caught:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    assert caught.metadata["sweep_id"] == sweep_id


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
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "SEVERAL_METRICS") as caught:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    assert "loss, accuracy" in caught.message
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await getattr(analysis, rpc)(request_for(rpc, sweep_id, metric="acuracy"))
    assert "did you mean accuracy?" in caught.fields["metric"]
    assert "known names are loss, accuracy" in caught.fields["metric"]


@pytest.mark.parametrize("rpc", [*ONE_SWEEP, "GetEdf", "CompareSweeps"])
async def test_no_such_sweep(analysis: Analysis, rpc: str) -> None:
    with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await getattr(analysis, rpc)(request_for(rpc, "aaaaaaaaaaaa"))


async def test_every_unknown_name_is_reported(registry: Registry, analysis: Analysis) -> None:
    sweep_id = await sweep_of(registry, [])
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await analysis.GetSlices(
            pb.GetSlicesRequest(sweep_id=sweep_id, parameters=["x", "siz", "fixed"], metric="lossy")
        )
    assert set(caught.fields) == {"parameters[1]", "parameters[2]", "metric"}
    assert "did you mean size?" in caught.fields["parameters[1]"]
    assert "single value" in caught.fields["parameters[2]"]


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
async def test_every_violation_of_a_request_is_reported(
    analysis: Analysis, rpc: str, fields: dict[str, Any], problems: set[str]
) -> None:
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await getattr(analysis, rpc)(getattr(pb, f"{rpc}Request")(**fields))
    assert set(caught.fields) == problems


@pytest.mark.parametrize("rpc", [*ONE_SWEEP, "GetEdf", "CompareSweeps"])
async def test_a_sweep_without_runs(registry: Registry, analysis: Analysis, rpc: str) -> None:
    metrics = BOTH if rpc == "GetHypervolumeHistory" else [LOSS]
    sweep_id = await sweep_of(registry, [], metrics=metrics)
    if rpc == "GetParameterImportance":
        with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "NOT_ENOUGH_RUNS"):
            await analysis.GetParameterImportance(request_for(rpc, sweep_id))
        return
    answer = await getattr(analysis, rpc)(request_for(rpc, sweep_id))
    for field, value in answer.ListFields():
        if field.name in ("run_numbers", "objectives", "hypervolumes"):
            pytest.fail(f"{field.name} is {value}")


async def test_an_error_reports_as_many_violations_as_fit(
    registry: Registry, analysis: Analysis
) -> None:
    parameters = {f"parameter_{i:03}": {"min": 0.0, "max": 1.0} for i in range(150)}
    sweep_id = await sweep_of(registry, [], parameters)
    unknown = [f"unknown_{i:04}" for i in range(500)]
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as caught:
        await analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id, parameters=unknown))
    # Violations that do not fit into the trailers are counted.
    assert 5 <= len(caught.fields) < 20
    assert caught.metadata["problems"] == "20"
    assert "parameter_019 and 130 more" in caught.fields["parameters[0]"]
