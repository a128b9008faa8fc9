"""Analyses that would be too large, and analyses whose callers have gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import grpc
import grpc.aio
import pytest

from tests.conftest import suggestion_server
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import reason
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc


def wide_space(categories: int) -> str:
    values = ", ".join(f"v{i}" for i in range(categories))
    return f"\n  x: {{values: [{values}]}}\n  y: {{values: [{values}]}}\n  z: {{min: 0, max: 9}}"


async def error_of(call: Awaitable[object]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert reason(refused.value) == "INVALID_REQUEST"
    return refused.value.details() or ""


async def test_contours_and_forests_over_very_many_categories_are_rejected(
    new_sweep: NewSweep, analysis: analysis_grpc.AnalysisServiceAsyncStub
) -> None:
    sweep = await new_sweep(space=wide_space(3_000))
    for loss in (1.0, 2.0, 3.0):
        [run] = (await sweep.suggest()).runs
        await sweep.finish(run, loss)
    contour = pb.GetContourRequest(sweep_id=sweep.sweep_id, x_parameter="x", y_parameter="y")
    assert "fewer categories" in await error_of(analysis.GetContour(contour))
    forest = pb.GetParameterImportanceRequest(sweep_id=sweep.sweep_id)
    assert "PED_ANOVA" in await error_of(analysis.GetParameterImportance(forest))
    # The alternative that the error recommends works.
    contour.y_parameter = "z"
    assert len((await analysis.GetContour(contour)).surface) == 3_000 * 50
    forest.evaluator = pb.IMPORTANCE_EVALUATOR_PED_ANOVA
    assert len((await analysis.GetParameterImportance(forest)).importances) == 3


async def test_a_response_that_is_too_large_is_an_error(
    new_sweep: NewSweep, registry_address: str
) -> None:
    values = ", ".join(f"{i}{'x' * 9_000}" for i in range(20))
    sweep = await new_sweep(space=f"\n  x: {{values: [{values}]}}\n  y: {{min: 0, max: 9}}")
    [run] = (await sweep.suggest()).runs
    await sweep.finish(run, 1.0)
    async with (
        suggestion_server(registry_address, max_message_bytes=64 * 1024) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        analysis = analysis_grpc.AnalysisServiceStub(channel)
        request = pb.GetSlicesRequest(sweep_id=sweep.sweep_id)
        assert "fewer parameters" in await error_of(analysis.GetSlices(request))
        request.parameters.append("y")
        assert len((await analysis.GetSlices(request)).parameters) == 1


async def test_an_analysis_without_callers_is_canceled(
    new_sweep: NewSweep, analysis: analysis_grpc.AnalysisServiceAsyncStub
) -> None:
    sweep = await new_sweep()
    for loss in range(3):
        [run] = (await sweep.suggest()).runs
        await sweep.finish(run, float(loss))
    request = pb.GetParameterImportanceRequest(sweep_id=sweep.sweep_id)
    calls = [analysis.GetParameterImportance(request) for _ in range(5)]
    await asyncio.sleep(0)
    for call in calls[:-1]:
        call.cancel()
    # The last caller still gets its response.
    assert (await calls[-1]).runs_used == 3
