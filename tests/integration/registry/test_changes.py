"""Changes since a revision: syncs and watches."""

from __future__ import annotations

import asyncio

from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.watcher import Watcher
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import plots_pb2, sweep_pb2, watch_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb


async def sync_all(
    registry: Registry, sweep_id: str, since: int = 0, page_size: int = 0
) -> tuple[dict[int, internal_pb.SyncedRun], dict[tuple[int, int], float], int]:
    runs: dict[int, internal_pb.SyncedRun] = {}
    points: dict[tuple[int, int], float] = {}
    while True:
        page = await registry.SyncRuns(
            internal_pb.SyncRunsRequest(
                sweep_id=sweep_id,
                since_revision=since,
                page_size=page_size,
                include_objective_points=True,
            )
        )
        runs |= {run.number: run for run in page.runs}
        points |= {(p.number, p.step): p.value for p in page.objective_points}
        assert page.revision >= since
        since = page.revision
        if not page.has_more:
            return runs, points, since


async def test_a_sync_gives_what_changed_and_nothing_else(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    everything, _, revision = await sync_all(registry, sweep.sweep_id)
    assert everything.keys() == {0, 1, 2}
    await finish_run(registry, runs[1], 0.5)
    request = internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id, since_revision=revision)
    change = await registry.SyncRuns(request)
    assert [(r.number, r.objective) for r in change.runs] == [(1, 0.5)]
    assert change.next_number == 3
    assert not change.HasField("sweep")
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id))
    change = await registry.SyncRuns(request)
    assert change.sweep.state == change.state == sweep_pb2.SWEEP_STATE_PAUSED
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id="gone"))


async def test_pages_of_any_size_add_up(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(10)))
    for run in runs[::-1]:
        await registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep.sweep_id,
                number=run.number,
                attempt=1,
                rows=[row(s, {"loss": run.number + s, "other": 0.0}) for s in range(3)],
            )
        )
    whole = await sync_all(registry, sweep.sweep_id)
    assert whole[1] == {(n, s): float(n + s) for n in range(10) for s in range(3)}
    for page_size in (1, 3, 10):
        assert await sync_all(registry, sweep.sweep_id, page_size=page_size) == whole


async def test_large_runs_end_a_page_before_the_message_grows_too_large(
    registry: Registry,
) -> None:
    big = "x" * 90_000
    sweep = await create_sweep(registry, parameters={"s": {"value": big}})
    for start in range(0, 60, 20):
        await create_runs(
            registry, sweep.sweep_id, *(proposal(start + i, s=big) for i in range(20))
        )
    runs, _, _ = await sync_all(registry, sweep.sweep_id)
    assert runs.keys() == set(range(60))
    first = await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id, page_size=60))
    rest = await registry.ListRuns(
        pb.ListRunsRequest(sweep_id=sweep.sweep_id, page_size=60, page_token=first.next_page_token)
    )
    assert [r.number for r in [*first.runs, *rest.runs]] == list(range(60))


async def test_a_watch_is_ordered_complete_and_resumable(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=30)
    watcher = Watcher()

    async def work() -> None:
        for number in range(30):
            (run,) = await create_runs(registry, sweep.sweep_id, proposal(number))
            await finish_run(registry, run, float(number))

    async def watch() -> None:
        for until in (10, 11, 35, 2 * 30 + 3):
            await watcher.follow(registry, sweep.sweep_id, until)

    await asyncio.gather(work(), watch())
    final = (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))).sweep
    assert watcher.revision == final.revision
    assert watcher.sweep is not None
    assert watcher.sweep.state == sweep_pb2.SWEEP_STATE_FINISHED
    listed = (await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))).runs
    assert [watcher.runs[n] for n in range(30)] == list(listed)


async def test_an_idle_watch_says_that_it_is_current(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    call = registry.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id))
    kinds = []
    async for message in call:
        kinds.append(message.WhichOneof("change"))
        if kinds[-1] == "checkpoint":
            break
    call.cancel()
    assert kinds == ["sweep", "checkpoint"]


async def test_a_watch_of_no_sweep_and_of_a_deleted_one_ends(registry: Registry) -> None:
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        async for _ in registry.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id="gone")):
            raise AssertionError("a message of no sweep")
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        async with asyncio.timeout(60):
            async for _ in registry.WatchSweep(
                watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id)
            ):
                await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))


async def test_parallel_coordinates_are_columns_ready_to_plot(registry: Registry) -> None:
    parameters = {
        "a": {"values": ["u", 7]},
        "b": {"distribution": "log_uniform", "min": 0.001, "max": 10.0},
        "c": {"distribution": "normal"},
    }
    sweep = await create_sweep(registry, parameters=parameters)
    runs = await create_runs(
        registry,
        sweep.sweep_id,
        *(proposal(i, a=["u", 7][i % 2], b=float(i + 1), c=float(-i)) for i in range(9)),
    )
    for run in runs[:8]:
        await finish_run(registry, run, abs(run.number - 5))
    request = plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep.sweep_id)
    plot = await registry.GetParallelCoordinates(request)
    axes = {axis.name: axis for axis in plot.dimensions}
    assert list(axes) == ["a", "b", "c", "loss"]
    assert list(axes["a"].values) == [0, 1] * 4
    assert (axes["b"].scale, axes["b"].min, axes["b"].max) == (
        plots_pb2.AXIS_SCALE_LOG,
        0.001,
        10.0,
    )
    assert (axes["c"].min, axes["c"].max) == (-7, 0)
    assert axes["loss"].kind == plots_pb2.AXIS_KIND_METRIC
    assert plot.run_numbers[plot.best_index] == 5
    request.max_rows = 3
    sample = await registry.GetParallelCoordinates(request)
    assert len(sample.run_numbers) <= 3
    assert sample.run_numbers[sample.best_index] == 5
    assert sample.total_finished_runs == 8
