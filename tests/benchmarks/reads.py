"""Reads of a sweep with 10,000 finished runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median

from tests.benchmarks.calls import calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.load import measure, table
from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb_local.platform import Endpoints

SIZE = 10_000
ROUNDS = 3


async def run(platform: Endpoints) -> list[Figure]:
    """Measure each read."""
    async with calls_to(platform.registry, platform.suggestion) as calls:
        sweep_id = await calls.create_sweep("random")
        await fill(calls, sweep_id, SIZE)
        registry, suggestion = calls.registry, calls.suggestion
        middle = (
            await registry.ListRuns(
                pb.ListRunsRequest(
                    sweep_id=sweep_id, page_size=100, order=pb.RUN_ORDER_OBJECTIVE_ASC
                )
            )
        ).next_page_token
        reads: dict[str, Callable[[], Awaitable[object]]] = {
            "GetSweep": lambda: registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id)),
            "GetSweepStats": lambda: registry.GetSweepStats(
                pb.GetSweepStatsRequest(sweep_id=sweep_id)
            ),
            "ListRuns, 100 by number": lambda: registry.ListRuns(
                pb.ListRunsRequest(sweep_id=sweep_id, page_size=100)
            ),
            "ListRuns, 100 by objective, second page": lambda: registry.ListRuns(
                pb.ListRunsRequest(
                    sweep_id=sweep_id,
                    page_size=100,
                    order=pb.RUN_ORDER_OBJECTIVE_ASC,
                    page_token=middle,
                )
            ),
            "GetParallelCoordinates, 1,000 rows": lambda: registry.GetParallelCoordinates(
                plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep_id)
            ),
            "GetParallelCoordinates, 10,000 rows": lambda: registry.GetParallelCoordinates(
                plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep_id, max_rows=SIZE)
            ),
            "GetBestRuns, 10": lambda: suggestion.GetBestRuns(
                suggestion_pb.GetBestRunsRequest(sweep_id=sweep_id)
            ),
            "GetOptimizationHistory, 1,000 points": lambda: calls.analysis.GetOptimizationHistory(
                analysis_pb.GetOptimizationHistoryRequest(sweep_id=sweep_id)
            ),
        }
        rows = []
        figures = []
        for name, read in reads.items():

            async def call(_: int, read: Callable[[], Awaitable[object]] = read) -> None:
                await read()

            loads = [
                await measure(call, clients=1, seconds=0.5, warm_up=0.2) for _ in range(ROUNDS)
            ]
            p50s, p99s = tuple(load.p50 for load in loads), [load.p99 for load in loads]
            figures.append(Figure(name, "ms", p50s, SIZE, clients=1, hops=1))
            rows.append([name, f"{median(p50s):.2f}", f"{max(p99s):.2f}"])
    table(
        f"(d) Reads of a sweep with {SIZE:,} finished runs, one client",
        ["read", "p50 ms", "p99 ms"],
        rows,
    )
    return figures
