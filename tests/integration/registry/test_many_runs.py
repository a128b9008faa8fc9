"""Reads of many runs at once: runs by number, and histories of a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from grpc import StatusCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
from tests.sweeps import Registry, create_runs, create_sweep, proposal, request_id, row
from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

NAN, INF = math.nan, math.inf


async def sweep_with_runs(registry: Registry, runs: int) -> str:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(runs)))
    return sweep.sweep_id


async def report(
    registry: Registry, sweep_id: str, number: int, points: Sequence[tuple[int, float]]
) -> None:
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep_id,
            number=number,
            attempt=1,
            rows=[row(step, {"curve": value, "other": 0.0}) for step, value in points],
            request_id=request_id(),
        )
    )


async def curves_of(
    registry: Registry, sweep_id: str, *numbers: int, max_points: int = 0
) -> list[plots_pb2.MetricCurve]:
    request = plots_pb2.GetMetricHistoriesRequest(
        sweep_id=sweep_id, numbers=numbers, name="curve", max_points=max_points
    )
    return list((await registry.GetMetricHistories(request)).curves)


async def test_runs_come_in_the_order_of_the_request(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 5)
    await report(registry, sweep_id, 3, [(7, 0.5)])

    request = pb.BatchGetRunsRequest(sweep_id=sweep_id, numbers=[3, 0, 4])
    runs = (await registry.BatchGetRuns(request)).runs

    assert [run.number for run in runs] == [3, 0, 4]
    alone = await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=3))
    assert alone.run.metric_values == 0
    alone.run.ClearField("metric_values")
    assert runs[0] == alone.run
    assert dict(runs[0].summary) == {"curve": 0.5, "other": 0.0}


async def test_large_runs_come_in_several_answers(registry: Registry) -> None:
    text = "x" * 90_000
    sweep = await create_sweep(registry, parameters={"s": {"value": text}})
    for start in range(0, 60, 20):
        await create_runs(
            registry, sweep.sweep_id, *(proposal(start + i, s=text) for i in range(20))
        )
    left, answers = list(range(59, -1, -1)), 0
    while left:
        request = pb.BatchGetRunsRequest(sweep_id=sweep.sweep_id, numbers=left)
        runs = (await registry.BatchGetRuns(request)).runs
        assert [run.number for run in runs] == left[: len(runs)]
        assert runs
        left, answers = left[len(runs) :], answers + 1
    assert 1 < answers < 10


async def test_a_run_that_does_not_exist_is_named(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 2)
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND") as failure:
        await registry.BatchGetRuns(pb.BatchGetRunsRequest(sweep_id=sweep_id, numbers=[1, 7, 8]))
    assert failure.metadata["number"] == "7"
    for request in (
        pb.BatchGetRunsRequest(sweep_id="gone", numbers=[0]),
        plots_pb2.GetMetricHistoriesRequest(sweep_id="gone", numbers=[0], name="curve"),
    ):
        with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
            if isinstance(request, pb.BatchGetRunsRequest):
                await registry.BatchGetRuns(request)
            else:
                await registry.GetMetricHistories(request)


@pytest.mark.parametrize("numbers", [[], [1, 1], [-1], range(1001)])
async def test_wrong_numbers_are_rejected(registry: Registry, numbers: Sequence[int]) -> None:
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.BatchGetRuns(pb.BatchGetRunsRequest(sweep_id="s", numbers=numbers))
    assert failure.fields.keys() == {"numbers"}
    request = plots_pb2.GetMetricHistoriesRequest(sweep_id="s", numbers=numbers, max_points=10_001)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.GetMetricHistories(request)
    assert failure.fields.keys() == {"numbers", "name", "max_points"}


async def test_a_short_history_is_whole(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 4)
    await report(registry, sweep_id, 0, [(5, 1.5), (0, NAN), (9, -INF)])
    await report(registry, sweep_id, 2, [(1, 3.0)])

    curves = await curves_of(registry, sweep_id, 2, 3, 0, max_points=3)

    # Run 3 reported nothing.
    assert [(curve.number, curve.attempt) for curve in curves] == [(2, 1), (0, 1)]
    assert list(curves[0].values) == [3.0]
    assert list(curves[1].steps) == [0, 5, 9]
    assert math.isnan(curves[1].values[0])
    assert list(curves[1].values[1:]) == [1.5, -INF]
    assert (list(curves[1].min_values), list(curves[1].max_values)) == ([], [])
    assert [curve.point_count for curve in curves] == [1, 3]


async def test_a_history_has_the_extremes_of_each_bucket(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 1)
    values = [1.0, 5.0, INF, NAN, -INF, NAN, 2.0]
    await report(registry, sweep_id, 0, [(10 * i, value) for i, value in enumerate(values)])

    (curve,) = await curves_of(registry, sweep_id, 0, max_points=3)

    assert list(curve.steps) == [20, 50, 60]
    assert curve.values[0] == INF
    assert math.isnan(curve.values[1])
    assert curve.values[2] == 2.0
    assert (curve.min_values[0], curve.max_values[0]) == (1.0, 5.0)
    # No finite value.
    assert math.isnan(curve.min_values[1])
    assert math.isnan(curve.max_values[1])
    assert (curve.min_values[2], curve.max_values[2]) == (2.0, 2.0)
    assert curve.point_count == 7


async def test_only_the_latest_attempt_counts(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 1)
    await report(registry, sweep_id, 0, [(0, 1.0), (1, 2.0)])
    await registry.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep_id, number=0, attempt=1))
    assert [list(curve.values) for curve in await curves_of(registry, sweep_id, 0)] == [[1.0, 2.0]]
    await create_runs(registry, sweep_id, proposal(0))
    assert await curves_of(registry, sweep_id, 0) == []
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=2, rows=[row(0, {"curve": 9.0})]
        )
    )
    (curve,) = await curves_of(registry, sweep_id, 0)
    assert (curve.attempt, list(curve.values)) == (2, [9.0])


async def test_the_answer_names_the_revision_that_it_includes(registry: Registry) -> None:
    sweep_id = await sweep_with_runs(registry, 1)
    await report(registry, sweep_id, 0, [(0, 1.0)])
    request = plots_pb2.GetMetricHistoriesRequest(sweep_id=sweep_id, numbers=[0], name="curve")
    answer = await registry.GetMetricHistories(request)
    assert answer.revision == (await get_sweep(registry, sweep_id)).revision


async def test_many_runs_have_fewer_buckets_each_and_fit_into_a_message(
    registry: Registry,
) -> None:
    sweep_id = await sweep_with_runs(registry, 1_000)
    points = [(2**62 + step, float(step)) for step in range(200)]
    for number in range(0, 1_000, 2):
        await report(registry, sweep_id, number, points[:100])
        await report(registry, sweep_id, number, points[100:])

    curves = await curves_of(registry, sweep_id, *range(1_000), max_points=10_000)

    assert [curve.number for curve in curves] == list(range(0, 1_000, 2))
    # 90 buckets for each run: 200 points in buckets of 3.
    assert {len(curve.steps) for curve in curves} == {67}


points = st.lists(st.floats() | st.sampled_from([NAN, INF, -INF, 0.0]), min_size=1, max_size=60)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=points, max_points=st.integers(1, 70))
async def test_buckets_are_those_of_plain_python(
    registry: Registry, values: list[float], max_points: int
) -> None:
    sweep_id = await sweep_with_runs(registry, 1)
    await report(registry, sweep_id, 0, [(3 * step, value) for step, value in enumerate(values)])

    (curve,) = await curves_of(registry, sweep_id, 0, max_points=max_points)

    size = -(-len(values) // max_points)
    buckets = [values[start : start + size] for start in range(0, len(values), size)]
    assert len(buckets) <= max_points
    ends = [min((index + 1) * size, len(values)) - 1 for index in range(len(buckets))]
    assert list(curve.steps) == [3 * end for end in ends]
    assert list(map(repr, curve.values)) == [repr(bucket[-1]) for bucket in buckets]
    finite = [[value for value in bucket if math.isfinite(value)] for bucket in buckets]
    is_whole = len(buckets) == len(values)
    lows = [min(bucket, default=NAN) for bucket in finite]
    highs = [max(bucket, default=NAN) for bucket in finite]
    assert _same(curve.min_values, [] if is_whole else lows)
    assert _same(curve.max_values, [] if is_whole else highs)


def _same(left: Sequence[float], right: Sequence[float]) -> bool:
    """Return whether the numbers are equal, where NaN equals NaN and -0.0 equals 0.0."""
    return len(left) == len(right) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(left, right, strict=True)
    )
