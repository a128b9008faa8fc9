"""What the deletion of a large sweep costs the callers of another sweep.

Two equal sweeps are deleted: one in a single transaction, as before there was a purge, and one by
DeleteSweep, whose rows the registry purges in parts.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import asyncpg

from tests.benchmarks.calls import Calls, end_of
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.growth import LARGE, RUNS, connection_to, copy_runs, services_on
from tests.benchmarks.load import table
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_local.platform import Endpoints

# Runs of each deleted sweep, and values of one metric of each run.
SIZE = LARGE
POINTS = 20
# Trials of the other sweep before each deletion.
TRIALS = 200
CLIENTS = 4

_POINTS = """
    INSERT INTO metric_points (sweep_id, number, attempt, name, step, value, time)
    SELECT sweep_id, number, attempt, 'loss', step, step, create_time
    FROM runs, generate_series(100, 99 + $2::int) AS step WHERE sweep_id = $1
"""
_TABLES = ("metric_points", "last_values", "runs", "prior_runs", "sweep_events", "sweeps")
_PURGING = "SELECT count(*) > 0 FROM deleted_sweeps WHERE purge_time IS NOT NULL"

T = TypeVar("T")
Database: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class _Times(defaultdict[str, list[float]]):
    """The milliseconds of calls, by RPC."""

    def __init__(self) -> None:
        super().__init__(list)

    async def of(self, rpc: str, answer: Awaitable[T]) -> T:
        """Await the answer and record how long that took."""
        began = time.perf_counter()
        answered = await answer
        self[rpc].append((time.perf_counter() - began) * 1_000)
        return answered

    def at(self, rpc: str, share: float) -> float:
        times = sorted(self[rpc])
        return times[min(len(times) - 1, int(len(times) * share))]


_RPCS = ("Suggest", "ReportMetrics", "FinishRun")


async def run(platform: Endpoints) -> list[Figure]:
    """Measure the trials of one sweep without a deletion, and during two of other sweeps."""
    async with (
        services_on(platform, "deleting") as (calls, database_url),
        connection_to(database_url) as database,
    ):
        at_once, in_parts = [await _large_sweep(calls, database) for _ in range(2)]
        await database.execute("VACUUM ANALYZE", timeout=600)
        await database.execute("CHECKPOINT", timeout=600)
        other = await calls.create_sweep("random")
        await _trials(calls, other, TRIALS // 10, _Times())
        without, before, after = _Times(), _Times(), _Times()
        await _trials(calls, other, TRIALS, without)
        began = time.perf_counter()
        deleting = asyncio.ensure_future(_delete_at_once(database, at_once))
        await _trials_while(calls, other, before, lambda: _is_running(deleting))
        await deleting
        transaction = time.perf_counter() - began
        await _trials(calls, other, TRIALS, without)
        began = time.perf_counter()
        request = pb.DeleteSweepRequest(sweep_id=in_parts, request_id=str(uuid.uuid4()))
        await calls.registry.DeleteSweep(request)
        answered = time.perf_counter() - began
        await _trials_while(calls, other, after, lambda: database.fetchval(_PURGING))
        purged = time.perf_counter() - began
    rows = [
        _row("no deletion", None, without, without),
        _row("one transaction", transaction, before, without),
        _row("DeleteSweep and purge", purged, after, without),
    ]
    table(
        f"The deletion of {SIZE:,} runs with {SIZE * POINTS:,} metric values; DeleteSweep itself "
        f"took {answered * 1_000:.0f} ms. Calls about another sweep by {CLIENTS} clients in ms, "
        "and over those without a deletion",
        ["", "s", "trials", *(f"{rpc} {part}" for rpc in _RPCS for part in ("p50", "p99"))],
        rows,
    )
    return [
        Figure("DeleteSweep", "s", (answered,), SIZE, clients=1),
        Figure("purge after a DeleteSweep", "s", (purged,), SIZE, clients=1),
        *(
            Figure(f"{rpc} {when}, p99", "ms", (times.at(rpc, 0.99),), SIZE, CLIENTS)
            for rpc in _RPCS
            for when, times in (("before a purge", without), ("during a purge", after))
        ),
    ]


async def _large_sweep(calls: Calls, database: Database) -> str:
    sweep_id = await calls.create_sweep("random")
    await fill(calls, sweep_id, RUNS)
    await copy_runs(database, sweep_id, SIZE)
    await database.execute(_POINTS, sweep_id, POINTS, timeout=600)
    return sweep_id


async def _delete_at_once(database: Database, sweep_id: str) -> None:
    async with database.transaction():
        for name in _TABLES:
            await database.execute(f"DELETE FROM {name} WHERE sweep_id = $1", sweep_id, timeout=600)


async def _is_running(task: asyncio.Future[None]) -> bool:
    return not task.done()


async def _trials_while(
    calls: Calls, sweep_id: str, times: _Times, goes_on: Callable[[], Awaitable[bool]]
) -> None:
    # The last trials may follow the deletion; they are few.
    while await goes_on():
        await _trials(calls, sweep_id, CLIENTS, times)


async def _trials(calls: Calls, sweep_id: str, count: int, times: _Times) -> None:
    """Make whole trials with CLIENTS at a time."""

    async def work(agent: int) -> None:
        for _ in range(count // CLIENTS):
            (run,) = await times.of("Suggest", calls.suggest(sweep_id, agent))
            report = pb.ReportMetricsRequest(
                sweep_id=sweep_id,
                number=run.number,
                attempt=run.attempt,
                rows=[run_pb2.MetricRow(step=step, values={"acc": 0.5}) for step in range(10)],
                request_id=str(uuid.uuid4()),
            )
            await times.of("ReportMetrics", calls.registry.ReportMetrics(report))
            await times.of("FinishRun", calls.registry.FinishRun(end_of(run)))

    await asyncio.gather(*(work(agent) for agent in range(CLIENTS)))


def _row(name: str, seconds: float | None, times: _Times, without: _Times) -> list[str]:
    cells = []
    for rpc in _RPCS:
        for share in (0.5, 0.99):
            measured, usual = times.at(rpc, share), without.at(rpc, share)
            ratio = "" if times is without else f" ({measured / usual:.1f})"
            cells.append(f"{measured:.1f}{ratio}")
    duration = "" if seconds is None else f"{seconds:.1f}"
    return [name, duration, str(len(times["FinishRun"])), *cells]
