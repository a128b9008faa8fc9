"""GetRun and the answers to agents count the finite values that an attempt has reported."""

from __future__ import annotations

import math
from datetime import timedelta

from tests.integration.registry.reads import get_run
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb

LEASE = timedelta(seconds=60)


async def report(registry: Registry, run: run_pb2.Run, *rows: run_pb2.MetricRow) -> None:
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, rows=rows
        )
    )


async def resume(
    registry: Registry, sweep_id: str, key: str = ""
) -> internal_pb.ResumeRunsResponse:
    return await registry.ResumeRuns(
        internal_pb.ResumeRunsRequest(
            sweep_id=sweep_id, agent_id="agent", count=10, request_id=key or request_id()
        )
    )


async def test_finite_values_count_once_for_each_step(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    first, second = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    assert first.HasField("metric_values")
    assert first.metric_values == 0
    await report(
        registry,
        first,
        row(0, {"loss": 1.0, "other": 1.0}),
        row(1, {"loss": math.nan}),
        row(2, {"loss": -math.inf}),
        row(3, {"loss": 0.5}),
        row(4, {"other": 1.0}),
        run_pb2.MetricRow(step=9, values={"loss": 1.0}, is_summary=True),
    )
    # The value of a known step is overwritten.
    await report(registry, first, row(3, {"loss": 0.25}), row(1, {"loss": 2.0}))
    assert (await get_run(registry, sweep.sweep_id, 0)).metric_values == 3
    assert (await get_run(registry, sweep.sweep_id, 1)).metric_values == 0
    held = await resume(registry, sweep.sweep_id)
    assert [run.metric_values for run in held.runs] == [3, 0]
    assert second.metric_values == 0


async def test_a_new_attempt_has_no_values(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await report(registry, run, row(0, {"loss": 1.0}))
    await registry.ReleaseRun(
        pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=run.attempt)
    )
    (again,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (again.attempt, again.metric_values) == (2, 0)
    assert (await get_run(registry, sweep.sweep_id, 0)).metric_values == 0


async def test_a_repeated_resume_counts_what_was_reported_since(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    key = request_id()
    first = await resume(registry, sweep.sweep_id, key)
    assert first == await resume(registry, sweep.sweep_id, key)
    await report(registry, run, row(0, {"loss": 1.0}))
    later = await resume(registry, sweep.sweep_id, key)
    assert [held.metric_values for held in later.runs] == [1]
    later.runs[0].metric_values = 0
    assert later == first


async def test_without_one_metric_nothing_is_counted(registry: Registry) -> None:
    two = [{"name": "a", "goal": "minimize"}, {"name": "b", "goal": "minimize"}]
    for metrics in ({"metric": None}, {"metric": None, "metrics": two}):
        sweep = await create_sweep(registry, **metrics)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        await report(registry, run, row(0, {"a": 1.0}))
        held = await resume(registry, sweep.sweep_id)
        for each in (run, held.runs[0], await get_run(registry, sweep.sweep_id, 0)):
            assert not each.HasField("metric_values")


async def test_agents_learn_how_long_a_lease_lasts(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    created = await registry.CreateRuns(create_runs_request(sweep.sweep_id, proposal(0)))
    beat = await registry.Heartbeat(
        pb.HeartbeatRequest(leases=[pb.RunLease(sweep_id=sweep.sweep_id, number=0, attempt=1)])
    )
    held = await resume(registry, sweep.sweep_id)
    for message in (created, beat, held):
        assert message.lease_duration.ToTimedelta() == LEASE
