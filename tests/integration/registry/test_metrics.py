"""Metric values over gRPC: reported, stored, read."""

from __future__ import annotations

import asyncio
import math
import uuid

from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    row,
)
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb


async def test_a_new_attempt_starts_with_no_values(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id, number=0, attempt=1, rows=[row(3, {"loss": 0.5})]
    )
    await registry.ReportMetrics(report)
    await registry.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_NOT_RUNNING"):
        await finish_run(registry, run, 1.0)
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (again.attempt, dict(again.summary), again.HasField("last_step")) == (2, {}, False)
    ended = await finish_run(registry, again)
    assert ended.run.state == run_pb2.RUN_STATE_FINISHED
    assert not ended.run.HasField("objective")


async def test_nan_and_infinity_are_kept_in_the_history(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    values = [math.nan, math.inf, -math.inf]
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=[row(i, {"loss": v}) for i, v in enumerate(values)],
        )
    )
    history = await registry.GetMetricHistory(
        pb.GetMetricHistoryRequest(sweep_id=sweep.sweep_id, number=0)
    )
    seen = [point.value for point in history.histories[0].points]
    assert math.isnan(seen[0])
    assert seen[1:] == values[1:]


async def test_a_step_reported_again_is_overwritten(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    for value in (1.0, 2.0):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=0,
                attempt=1,
                rows=[row(0, {"loss": value - 0.5}), row(0, {"loss": value})],
            )
        )
    history = await registry.GetMetricHistory(
        pb.GetMetricHistoryRequest(sweep_id=sweep.sweep_id, number=0)
    )
    assert [p.value for p in history.histories[0].points] == [2.0]


async def test_reports_replace_stored_steps_and_fill_gaps(registry: Registry) -> None:
    """Values up to the highest stored step may be stored already, those beyond it cannot be."""
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))

    async def report(number: int, *rows: run_pb2.MetricRow) -> None:
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=number, attempt=1, rows=rows)
        )

    await report(0, row(1, {"loss": 0.1}), row(5, {"loss": 0.5, "other": 5.0}))
    # In one batch: steps that are stored, missing and new, beside another run's.
    await asyncio.gather(
        report(
            0, row(5, {"loss": 1.5}), row(3, {"loss": 1.3}), row(7, {"loss": 1.7, "other": 7.0})
        ),
        report(1, row(5, {"loss": 2.5}), row(5, {"loss": 2.6})),
        report(0, row(7, {"loss": 1.7}), row(1, {"other": 1.0})),
    )
    curves = await _curves(registry, sweep.sweep_id)
    assert curves[0, "loss"] == {1: 0.1, 3: 1.3, 5: 1.5, 7: 1.7}
    assert curves[0, "other"] == {1: 1.0, 5: 5.0, 7: 7.0}
    assert curves[1, "loss"] == {5: 2.6}


async def test_a_large_report_replaces_what_is_stored(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    for first, sign in ((0, 1.0), (600, -1.0)):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=0,
                attempt=1,
                # The second report begins with its highest step.
                rows=[
                    row(step, {"loss": sign * step, "other": sign})
                    for step in sorted(range(first, first + 1_200), key=lambda step: step != 1_799)
                ],
            )
        )
    curves = await _curves(registry, sweep.sweep_id)
    signs = {step: 1.0 if step < 600 else -1.0 for step in range(1_800)}
    assert curves[0, "other"] == signs
    assert curves[0, "loss"] == {step: sign * step for step, sign in signs.items()}


async def _curves(registry: Registry, sweep_id: str) -> dict[tuple[int, str], dict[int, float]]:
    """Return the values of runs 0 and 1 by step."""
    curves = {}
    for name in ("loss", "other"):
        found = await registry.GetMetricHistories(
            plots_pb2.GetMetricHistoriesRequest(
                sweep_id=sweep_id, numbers=[0, 1], name=name, max_points=10_000
            )
        )
        for curve in found.curves:
            curves[curve.number, name] = dict(zip(curve.steps, curve.values, strict=True))
    return curves


async def test_large_reports_are_stored_whole_beside_small_ones(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))

    async def report(number: int, first: int, count: int) -> None:
        request = pb.ReportMetricsRequest(
            sweep_id=sweep.sweep_id,
            number=number,
            attempt=1,
            rows=[row(step, {"loss": float(step)}) for step in range(first, first + count)],
            request_id=str(uuid.uuid4()),
        )
        for _ in range(2):
            await registry.ReportMetrics(request)

    await asyncio.gather(report(0, 0, 2_500), report(1, 0, 7), report(1, 7, 5_001))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=0,
                attempt=2,
                rows=[row(step, {"loss": -1.0}) for step in range(3_000)],
            )
        )
    found = await registry.GetMetricHistories(
        plots_pb2.GetMetricHistoriesRequest(
            sweep_id=sweep.sweep_id, numbers=[0, 1], name="loss", max_points=10_000
        )
    )
    assert [list(curve.values) for curve in found.curves] == [
        [float(step) for step in range(2_500)],
        [float(step) for step in range(5_008)],
    ]
    run = await get_run(registry, sweep.sweep_id, 1)
    assert (run.last_step, dict(run.summary)) == (5_007, {"loss": 5_007.0})


async def test_histories_page(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    rows = [row(step, {"loss": step, "acc": -step, "z": 0.0}) for step in range(10)]
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=0, attempt=1, rows=rows)
    )
    request = pb.GetMetricHistoryRequest(
        sweep_id=sweep.sweep_id, number=0, names=["acc", "loss"], min_step=2, page_size=3
    )
    seen: list[tuple[str, int]] = []
    while True:
        page = await registry.GetMetricHistory(request)
        seen += [(h.name, p.step) for h in page.histories for p in h.points]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == [(name, step) for name in ("acc", "loss") for step in range(2, 10)]


async def test_wrong_reports_are_rejected_with_every_field(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    report = pb.ReportMetricsRequest(
        sweep_id=sweep.sweep_id, number=-1, rows=[row(-5, {"": 1.0})], request_id="no"
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ReportMetrics(report)
    assert failure.fields.keys() == {
        "number",
        "attempt",
        "rows[0].step",
        "rows[0].values",
        "request_id",
    }
    for attempt in (0, 2):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
            await registry.ReportMetrics(
                pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=0, attempt=attempt)
            )
        assert failure.fields.keys() == {"attempt"}
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.FinishRun(pb.FinishRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    assert failure.fields.keys() == {"outcome"}
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(sweep_id=sweep.sweep_id, number=5, attempt=1)
        )
