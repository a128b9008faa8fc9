"""Lists of 10,000 sweeps, lists that are watched, and histories of many runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import asyncpg
from google.protobuf.message import Message

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import measure, table
from tests.sweeps import create_runs_request, proposal
from wanllmdb.api.registry.v1 import plots_pb2, sweep_list_pb2, watch_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_local.platform import Endpoints

SWEEPS = 10_000
PROJECTS = 50
RUNS, POINTS = 100, 10_000
WATCHERS, WRITERS, SECONDS = 20, 8, 5.0
ROUNDS = 3
# A search space as large as a careful user writes by hand.
_SPACE = {f"parameter_{i:02}": {"min": 0.0, "max": 1.0 + i} for i in range(30)}
_TICKS = os.sysconf("SC_CLK_TCK")

_STATES = "ARRAY['PENDING', 'RUNNING', 'RUNNING', 'PAUSED', 'FINISHED', 'FINISHED', 'CANCELED']"


async def run(platform: Endpoints) -> list[Figure]:
    """Measure lists, histories and watches."""
    processes = {name: platform.pids[name] for name in ("registry", "postgres")}
    async with calls_to(platform.registry, platform.suggestion) as calls:
        database = await asyncpg.connect(platform.database_url)
        try:
            sweep_id = await calls.create_sweep("random", parameters=_SPACE, description="d" * 200)
            await calls.registry.CreateRuns(_first_run(sweep_id))
            await _copy_sweeps(database, sweep_id)
            figures = await _lists(calls, processes)
            await _copy_runs(database, sweep_id)
            figures += await _histories(calls, sweep_id, processes)
            return figures + await _watches(calls, processes)
        finally:
            await database.close()


def _first_run(sweep_id: str) -> internal_pb.CreateRunsRequest:
    request = create_runs_request(sweep_id, proposal(0))
    parameters = request.requests[0].proposals[0].parameters
    parameters.clear()
    for name in _SPACE:
        parameters[name].double_value = 0.5
    return request


async def _copy_sweeps(database: asyncpg.Connection[asyncpg.Record], sweep_id: str) -> None:
    columns = [
        row["column_name"]
        for row in await database.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'sweeps'"
        )
    ]
    new = {
        "sweep_id": "substr(md5(i::text), 1, 12)",
        "project": f"'project ' || i % {PROJECTS}",
        "name": "'sweep number ' || i",
        "state": f"({_STATES})[1 + i % 7]",
        "next_number": "(i * 7919) % 1000",
        "create_time": "create_time - i * interval '1 minute'",
        "update_time": "update_time - ((i * 7919) % 10007) * interval '1 second'",
        "best_number": "0",
        "best_objective": "0.5",
        "best_parameters": "(SELECT parameters FROM runs WHERE runs.sweep_id = sweeps.sweep_id)",
    }
    values = ", ".join(new.get(column, column) for column in columns)
    await database.execute(
        "INSERT INTO projects SELECT 'project ' || i, now() FROM generate_series(0, $1 - 1) AS i",
        PROJECTS,
    )
    await database.execute(
        f"INSERT INTO sweeps ({', '.join(columns)}) SELECT {values} FROM sweeps, "
        f"generate_series(1, {SWEEPS - 1}) AS i WHERE sweep_id = $1",
        sweep_id,
    )
    await database.execute("VACUUM ANALYZE sweeps")


async def _copy_runs(database: asyncpg.Connection[asyncpg.Record], sweep_id: str) -> None:
    columns = [
        row["column_name"]
        for row in await database.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'runs'"
        )
    ]
    values = ", ".join({"number": "i"}.get(column, column) for column in columns)
    await database.execute(
        f"INSERT INTO runs ({', '.join(columns)}) SELECT {values} FROM runs, "
        f"generate_series(1, {RUNS - 1}) AS i WHERE sweep_id = $1 AND number = 0",
        sweep_id,
    )
    await database.execute(
        "INSERT INTO metric_points (sweep_id, number, attempt, name, step, value, time) "
        f"SELECT $1, number, 1, 'loss', step, 1 / (1 + step) + random() / 10, now() "
        f"FROM generate_series(0, {RUNS - 1}) AS number, generate_series(0, {POINTS - 1}) AS step",
        sweep_id,
    )
    await database.execute("VACUUM ANALYZE metric_points, runs")


async def _lists(calls: Calls, processes: dict[str, list[int]]) -> list[Figure]:
    views = {"FULL": sweep_list_pb2.SWEEP_VIEW_FULL, "BASIC": sweep_list_pb2.SWEEP_VIEW_BASIC}
    basic = sweep_list_pb2.SWEEP_VIEW_BASIC
    request = sweep_list_pb2.ListSweepsRequest
    reads: dict[str, Message] = {
        f"{name}, {size} sweeps": request(view=view, page_size=size)
        for size in (50, 1_000)
        for name, view in views.items()
    }
    for name, order in sweep_list_pb2.SweepOrder.items()[1:]:
        short = name.removeprefix("SWEEP_ORDER_")
        first = request(view=basic, order=order, page_size=50)
        reads[f"BASIC, 50 by {short}"] = first
        hundredth = request()
        hundredth.CopyFrom(first)
        for _ in range(99):
            page = await calls.registry.ListSweeps(hundredth)
            hundredth.page_token = page.next_page_token
        reads[f"BASIC, 50 by {short}, page 100"] = hundredth
    project = sweep_list_pb2.SweepFilter(project="project 7")
    last = sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC
    reads |= {
        "BASIC, 50 of a project by UPDATE_TIME_DESC": request(
            view=basic, filter=project, order=last, page_size=50
        ),
        "BASIC, 50, total of all": request(view=basic, include_total_count=True),
        "BASIC, query that matches 1 sweep": request(
            view=basic, filter=sweep_list_pb2.SweepFilter(query="Number 4321")
        ),
        "BASIC, the same with the total": request(
            view=basic,
            filter=sweep_list_pb2.SweepFilter(query="Number 4321"),
            include_total_count=True,
        ),
        "BASIC, query in a project": request(
            view=basic, filter=sweep_list_pb2.SweepFilter(project="project 7", query="nothing")
        ),
        "ListProjects, 50": sweep_list_pb2.ListProjectsRequest(),
    }
    rows = []
    figures = []
    for name, read in reads.items():
        row, p50s = await _row(calls, name, read, processes)
        rows.append(row)
        full_name = name if name.startswith("List") else f"ListSweeps, {name}"
        figures.append(Figure(full_name, "ms", p50s, SWEEPS, clients=1, hops=1))
    table(
        f"Lists of {SWEEPS:,} sweeps with {len(_SPACE)} parameters in {PROJECTS} projects, one "
        f"client; load {os.getloadavg()[0]:.1f}",
        ["ListSweeps", "p50 ms", "p99 ms", "KiB", "registry CPU ms", "PostgreSQL CPU ms"],
        rows,
    )
    return figures


async def _histories(calls: Calls, sweep_id: str, processes: dict[str, list[int]]) -> list[Figure]:
    reads: dict[str, Message] = {
        f"GetMetricHistories, {most} buckets each": plots_pb2.GetMetricHistoriesRequest(
            sweep_id=sweep_id, numbers=range(RUNS), name="loss", max_points=most
        )
        for most in (100, 900)
    }
    reads["GetMetricHistory of one run, all points"] = pb.GetMetricHistoryRequest(
        sweep_id=sweep_id, number=0, names=["loss"], page_size=POINTS
    )
    reads["BatchGetRuns, 100"] = pb.BatchGetRunsRequest(sweep_id=sweep_id, numbers=range(RUNS))
    rows = []
    figures = []
    for name, read in reads.items():
        row, p50s = await _row(calls, name, read, processes)
        rows.append(row)
        figures.append(Figure(name, "ms", p50s, RUNS, clients=1, hops=1))
    table(
        f"Histories of {RUNS} runs with {POINTS:,} points each; load {os.getloadavg()[0]:.1f}",
        ["", "p50 ms", "p99 ms", "KiB", "registry CPU ms", "PostgreSQL CPU ms"],
        rows,
    )
    return figures


async def _row(
    calls: Calls, name: str, request: Message, processes: dict[str, list[int]]
) -> tuple[list[str], tuple[float, ...]]:
    """Return the cells of a read, and the median latency of each round."""
    rpc = request.DESCRIPTOR.name.removesuffix("Request")
    read: Callable[[Message], Awaitable[Message]] = getattr(calls.registry, rpc)
    size = (await read(request)).ByteSize()

    done = 0

    async def call(_: int) -> None:
        nonlocal done
        await read(request)
        done += 1

    before = _cpu(processes)
    loads = [await measure(call, clients=1, seconds=0.3, warm_up=0.1) for _ in range(ROUNDS)]
    used = [(after - b) * 1e3 / done for after, b in zip(_cpu(processes), before, strict=True)]
    p50s, p99 = tuple(load.p50 for load in loads), max(load.p99 for load in loads)
    return [name, *(f"{v:.2f}" for v in (median(p50s), p99, size / 1024, *used))], p50s


async def _watches(calls: Calls, processes: dict[str, list[int]]) -> list[Figure]:
    """Let writers change sweeps, without and with watchers of the list of latest changes."""
    sweeps = [await calls.create_sweep("random") for _ in range(WRITERS)]
    rows = []
    figures = []
    for watchers in (0, 1, WATCHERS):
        seen = [0, 0, 0]

        async def watch(seen: list[int] = seen) -> None:
            request = watch_pb2.WatchSweepsRequest(
                order=sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC, max_sweeps=50
            )
            async for message in calls.registry.WatchSweeps(request):
                seen[0] += 1
                seen[1] += message.ByteSize()
                seen[2] += len(message.sweeps)

        watching = [asyncio.create_task(watch()) for _ in range(watchers)]
        await asyncio.sleep(1)
        seen[:] = [0, 0, 0]
        before, began, changes = _cpu(processes), time.perf_counter(), 0
        end = began + SECONDS

        async def write(sweep_id: str, end: float = end) -> None:
            nonlocal changes
            while time.perf_counter() < end:
                await calls.registry.EnqueueRuns(
                    pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=[pb.EnqueuedRun()])
                )
                changes += 1
                await asyncio.sleep(0.02)

        await asyncio.gather(*map(write, sweeps))
        elapsed = time.perf_counter() - began
        used = [(a - b) / elapsed * 100 for a, b in zip(_cpu(processes), before, strict=True)]
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        figures.append(
            Figure(
                f"a list of latest changes, {watchers} watchers: CPU of the registry",
                "us CPU",
                (used[0] / 100 * elapsed / changes * 1e6,),
                clients=WRITERS,
            )
        )
        per_watcher = [value / elapsed / max(1, watchers) for value in seen]
        rows.append(
            [
                f"{watchers} watchers",
                f"{changes / elapsed:,.0f}",
                f"{per_watcher[0]:.2f}",
                f"{per_watcher[2]:.1f}",
                f"{per_watcher[1] / 1024:.1f}",
                *(f"{share:.0f}" for share in used),
            ]
        )
    table(
        f"WatchSweeps, 50 sweeps by last change, interval 1 s, {WRITERS} sweeps that change; "
        f"load {os.getloadavg()[0]:.1f}",
        [
            "",
            "changes/s",
            "messages/s each",
            "sweeps/s each",
            "KiB/s each",
            "registry CPU %",
            "PostgreSQL CPU %",
        ],
        rows,
    )
    return figures


def _cpu(processes: dict[str, list[int]]) -> list[float]:
    """Return the seconds of CPU time of each part's processes, children included."""
    return [sum(map(_seconds, _with_children(pids))) for pids in processes.values()]


def _with_children(pids: list[int]) -> set[int]:
    found = set(pids)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            if parent in pids:
                found.add(int(path.parent.name))
    return found


def _seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0
