"""All runs of a large sweep: as columns, as pages of runs, and as an export.

Also a busy sweep, watched as runs and as columns, with several intervals.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import asyncpg
import psutil
from google.protobuf.duration_pb2 import Duration

from tests.benchmarks.calls import PARAMETERS, Calls, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.load import table
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_columns_pb2, run_pb2, watch_pb2
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.store.schema import last_values, runs

SIZE = int(os.environ.get("RUNS", "100000"))
# Runs that are created through the API; the others are copies of them in the tables.
FILLED = 2_000
SECONDS = 6.0
# Runs that report at once; together about 1,000 changes a second.
REPORTERS, CHANGES_A_SECOND = 50, 1_000
Field = run_columns_pb2.RunColumnKey
COLUMNS = [
    *(Field(parameter=name) for name in sorted(PARAMETERS)),
    Field(objective="loss"),
    Field(summary="loss"),
    Field(summary="accuracy"),
    Field(field=run_columns_pb2.RUN_FIELD_START_TIME),
    Field(field=run_columns_pb2.RUN_FIELD_END_TIME),
    Field(field=run_columns_pb2.RUN_FIELD_AGENT_ID),
]


@dataclass
class Cost:
    """What a read took: seconds, CPU seconds of the registry, bytes, and growth of its RSS."""

    wall: float
    registry: float
    size: int
    messages: int
    growth: int


async def run(platform: Endpoints) -> list[Figure]:
    """Measure reads and watches, with a registry process of their own."""
    database_url = create_database(platform.database_url, "columns")
    with registry_process(database_url) as (process, address):
        async with calls_to(address, platform.suggestion) as calls:
            reads = await _reads(calls, process, database_url)
            return reads + await _watches(calls, process)


async def _reads(calls: Calls, process: psutil.Process, database_url: str) -> list[Figure]:
    sweep_id = await calls.create_sweep("random")

    async def finish(run: run_pb2.Run) -> None:
        await calls.registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep_id,
                number=run.number,
                attempt=1,
                rows=[run_pb2.MetricRow(step=0, values={"loss": 0.5, "accuracy": 0.75})],
            )
        )
        await calls.finish(run)

    await fill(calls, sweep_id, FILLED, finish=finish)
    await _multiply(database_url, sweep_id)

    async def columns() -> AsyncIterator[int]:
        request = run_columns_pb2.ReadRunColumnsRequest(sweep_id=sweep_id, columns=COLUMNS)
        async for part in calls.registry.ReadRunColumns(request):
            yield part.ByteSize()

    async def pages() -> AsyncIterator[int]:
        token = ""
        while True:
            page = await calls.registry.ListRuns(
                pb.ListRunsRequest(sweep_id=sweep_id, page_size=1_000, page_token=token)
            )
            yield page.ByteSize()
            token = page.next_page_token
            if not token:
                return

    async def export() -> AsyncIterator[int]:
        request = pb.ExportRunsRequest(sweep_id=sweep_id, format=pb.RUN_FORMAT_JSON_LINES)
        async for part in calls.registry.ExportRuns(request):
            yield part.ByteSize()

    ways: dict[str, Callable[[], AsyncIterator[int]]] = {
        f"ReadRunColumns, {len(COLUMNS)} columns, first": columns,
        f"ReadRunColumns, {len(COLUMNS)} columns, again": columns,
        "ListRuns, pages of 1,000": pages,
        "ExportRuns, JSON lines": export,
    }
    rows = []
    figures = []
    for name, way in ways.items():
        cost = await _cost(process, way)
        figures += [
            Figure(name, "s", (cost.wall,), SIZE, clients=1),
            Figure(f"{name}: CPU of the registry", "s CPU", (cost.registry,), SIZE, clients=1),
        ]
        rows.append(
            [
                name,
                f"{cost.registry:.2f}",
                f"{cost.wall:.2f}",
                f"{cost.size / 1e6:.1f}",
                f"{cost.messages:,}",
                f"{cost.growth / 1e6:.0f}",
            ]
        )
    table(
        f"All of {SIZE:,} runs; load of the machine {_load()}",
        ["way", "registry CPU s", "wall s", "MB", "messages", "RSS growth MB"],
        rows,
    )
    return figures


async def _multiply(database_url: str, sweep_id: str) -> None:
    """Copy the runs of a sweep until it has SIZE runs."""
    changed = {
        "number": f"number + copy * {FILLED}",
        "revision": f"revision + copy * {3 * FILLED}",
        "external_run_id": "NULL",
    }
    copies = f"generate_series(1, {SIZE // FILLED - 1}) AS copy"
    connection = await asyncpg.connect(database_url)
    try:
        for copied in (runs, last_values):
            names = [column.name for column in copied.columns]
            values = ", ".join(changed.get(name, name) for name in names)
            await connection.execute(
                f"INSERT INTO {copied.name} ({', '.join(names)}) "
                f"SELECT {values} FROM {copied.name}, {copies} WHERE sweep_id = $1",
                sweep_id,
            )
        await connection.execute(
            "UPDATE sweeps SET next_number = $2::int, finished = $2::int, revision = 4 * $2::int "
            "WHERE sweep_id = $1",
            sweep_id,
            SIZE,
        )
        await connection.execute("ANALYZE runs, last_values")
    finally:
        await connection.close()


async def _watches(calls: Calls, process: psutil.Process) -> list[Figure]:
    sweep_id = await calls.create_sweep("random")
    # Runs as the suggestion service would create them: this registry is not its own.
    await fill(calls, sweep_id, REPORTERS, finish=_leave_running)
    rows = []
    figures = []
    for name, columns in (("runs", []), (f"{len(COLUMNS)} columns", COLUMNS)):
        for interval in (None, 0.0, 0.25, 1.0):
            if interval is None and columns:
                # The cost of the changes alone is measured once.
                continue
            row, figure = await _watch(calls, process, sweep_id, name, columns, interval)
            rows.append(row)
            figures.append(figure)
    table(
        f"A watch of about {CHANGES_A_SECOND:,} changes a second in {REPORTERS} runs, "
        f"{SECONDS:g} s each; load of the machine {_load()}",
        ["sent as", "interval s", "changes/s", "messages/s", "kB/s", "registry CPU %"],
        rows,
    )
    return figures


async def _leave_running(_run: run_pb2.Run) -> None:
    """Leave the run running, so that it can report."""


async def _watch(
    calls: Calls,
    process: psutil.Process,
    sweep_id: str,
    name: str,
    columns: list[run_columns_pb2.RunColumnKey],
    interval: float | None,
) -> tuple[list[str], Figure]:
    before = (await calls.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep.revision
    seen = [0, 0]

    async def follow() -> None:
        request = watch_pb2.WatchSweepRequest(
            sweep_id=sweep_id, since_revision=before, columns=columns
        )
        request.min_interval.CopyFrom(Duration(nanos=int((interval or 0) * 1e9) % 10**9))
        request.min_interval.seconds = int(interval or 0)
        async for message in calls.registry.WatchSweep(request):
            seen[0] += 1
            seen[1] += message.ByteSize()

    following = [] if interval is None else [asyncio.create_task(follow())]
    cpu, began = _cpu(process), time.perf_counter()
    await _change(calls, sweep_id)
    wall, used = time.perf_counter() - began, _cpu(process) - cpu
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    after = (await calls.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep.revision
    row = [
        name if following else "no watch",
        "" if interval is None else f"{interval:g}",
        f"{(after - before) / wall:,.0f}",
        f"{seen[0] / wall:,.0f}",
        f"{seen[1] / wall / 1e3:,.0f}",
        f"{100 * used / wall:.0f}",
    ]
    watched = f"watched as {name}, interval {interval:g} s" if following else "not watched"
    microseconds = used / max(1, after - before) * 1e6
    return row, Figure(f"a change, {watched}: CPU of the registry", "us CPU", (microseconds,))


async def _change(calls: Calls, sweep_id: str) -> None:
    """Report metrics of every run, again and again, at the wanted rate."""
    begin = time.perf_counter()
    period = REPORTERS / CHANGES_A_SECOND

    async def report(number: int) -> None:
        place = 0
        while (now := time.perf_counter() - begin) < SECONDS:
            step = time.time_ns()
            await calls.registry.ReportMetrics(
                pb.ReportMetricsRequest(
                    sweep_id=sweep_id,
                    number=number,
                    attempt=1,
                    rows=[run_pb2.MetricRow(step=step, values={"loss": now, "accuracy": 0.5})],
                )
            )
            place += 1
            await asyncio.sleep(place * period - (time.perf_counter() - begin))

    await asyncio.gather(*map(report, range(REPORTERS)))


async def _cost(process: psutil.Process, way: Callable[[], AsyncIterator[int]]) -> Cost:
    resident = process.memory_info().rss
    peak = resident

    async def sample() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.01)

    sampling = asyncio.create_task(sample())
    cpu, began = _cpu(process), time.perf_counter()
    sizes = [size async for size in way()]
    wall, used = time.perf_counter() - began, _cpu(process) - cpu
    sampling.cancel()
    await asyncio.gather(sampling, return_exceptions=True)
    return Cost(wall, used, sum(sizes), len(sizes), peak - resident)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


@contextlib.contextmanager
def registry_process(database_url: str) -> Iterator[tuple[psutil.Process, str]]:
    """Run a registry process for the block; yield it and its address."""
    flags = ["--port", "0", "--audit-log", "off", "--log-level", "warning"]
    command = [sys.executable, "-m", "wanllmdb_registry", *flags]
    with subprocess.Popen(
        [*command, "--database-url", database_url], stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            assert started.stdout is not None
            # The line is: ready ADDRESS.
            yield psutil.Process(started.pid), started.stdout.readline().split()[-1]
        finally:
            started.terminate()
            started.wait(30)
