"""What the deletion of a large sweep costs the callers of another sweep."""

from __future__ import annotations

import asyncio
import time
import uuid

from tests.benchmarks.calls import Calls
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.growth import LARGE, RUNS, connection_to, copy_runs, services_on
from tests.benchmarks.load import table
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_local.platform import Endpoints

# Values of one metric of each run.
POINTS = 10
# Trials of the other sweep before the deletion.
TRIALS = 200
CLIENTS = 4

_POINTS = """
    INSERT INTO metric_points (sweep_id, number, attempt, name, step, value, time)
    SELECT sweep_id, number, attempt, 'loss', step, step, create_time
    FROM runs, generate_series(100, 99 + $2::int) AS step WHERE sweep_id = $1
"""


async def run(platform: Endpoints) -> list[Figure]:
    """Measure the trials of one sweep before and during the deletion of another one."""
    async with services_on(platform, "deleting") as (calls, database_url):
        large, other = [await calls.create_sweep("random") for _ in range(2)]
        await fill(calls, large, RUNS)
        async with connection_to(database_url) as database:
            await copy_runs(database, large)
            await database.execute(_POINTS, large, POINTS, timeout=600)
            await database.execute("VACUUM ANALYZE", timeout=600)
        await _trials(calls, other, TRIALS // 10)
        before = await _trials(calls, other, TRIALS)
        began = time.perf_counter()
        request = pb.DeleteSweepRequest(sweep_id=large, request_id=str(uuid.uuid4()))
        deletion = asyncio.ensure_future(calls.registry.DeleteSweep(request))
        # The last trials may follow the deletion; they are few.
        during: list[float] = []
        while not deletion.done():
            during += await _trials(calls, other, CLIENTS)
        await deletion
        seconds = time.perf_counter() - began
    table(
        f"DeleteSweep of {LARGE:,} runs with {LARGE * POINTS:,} metric points: {seconds:.1f} s; "
        f"trials of another sweep with {CLIENTS} clients",
        ["", "trials", "p50 ms", "p99 ms", "longest ms"],
        [_row("before", before), _row("during", during)],
    )
    return [
        Figure("DeleteSweep", "s", (seconds,), LARGE, clients=1),
        Figure("trial before a DeleteSweep, p99", "ms", (_at(before, 0.99),), LARGE, CLIENTS),
        Figure("trial during a DeleteSweep, p99", "ms", (_at(during, 0.99),), LARGE, CLIENTS),
    ]


async def _trials(calls: Calls, sweep_id: str, count: int) -> list[float]:
    """Make whole trials with CLIENTS at a time; return the milliseconds of each."""
    took: list[float] = []

    async def work(agent: int) -> None:
        for _ in range(count // CLIENTS):
            began = time.perf_counter()
            await calls.trial(sweep_id, agent)
            took.append((time.perf_counter() - began) * 1_000)

    await asyncio.gather(*(work(agent) for agent in range(CLIENTS)))
    return took


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def _row(name: str, times: list[float]) -> list[str]:
    return [name, str(len(times)), *(f"{_at(times, share):.1f}" for share in (0.5, 0.99, 1.0))]
