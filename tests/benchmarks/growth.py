"""What a large database costs: the same calls on a small one, in turns.

Two databases of one PostgreSQL, with a registry and a suggestion service each: one with a single
sweep of 100 runs, and one with 10,000 sweeps and 1,000,000 runs, of which one sweep has 100,000.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from statistics import median

import asyncpg
from sqlalchemy import Table

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.columns import registry_process
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.load import table
from tests.benchmarks.replicas import replica
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.store.schema import last_values, runs, sweeps

SWEEPS = 10_000
RUNS = 100
LARGE = 100_000
ROUNDS = 5
# Calls of one kind in a round.
CALLS = 20
PAGE = 100

Read = Callable[[], Awaitable[object]]


async def run(platform: Endpoints) -> list[Figure]:
    """Measure the calls on both databases, and the pages of the large sweep."""
    async with (
        services_on(platform, "small") as (small, _),
        services_on(platform, "large") as (large, database_url),
    ):
        sweep_ids = []
        for calls in (small, large):
            sweep_ids.append(await calls.create_sweep("random"))
            await fill(calls, sweep_ids[-1], RUNS)
        one = await large.create_sweep("random")
        await fill(large, one, RUNS)
        async with connection_to(database_url) as database:
            await _copy_sweeps(database, sweep_ids[1])
            await copy_runs(database, one)
            await database.execute("VACUUM ANALYZE")
        growing = await _compare(
            await _calls(small, sweep_ids[0]), await _calls(large, sweep_ids[1])
        )
        return growing + await _pages(large, one)


@contextlib.asynccontextmanager
async def services_on(platform: Endpoints, name: str) -> AsyncIterator[tuple[Calls, str]]:
    """Run a registry and a suggestion service on a database of their own for the block."""
    database_url = create_database(platform.database_url, f"growth_{name}")
    with registry_process(database_url) as (_, registry), replica(registry) as suggestion:
        async with calls_to(registry, suggestion.address) as calls:
            yield calls, database_url


@contextlib.asynccontextmanager
async def connection_to(
    database_url: str,
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    database = await asyncpg.connect(database_url)
    try:
        yield database
    finally:
        await database.close()


async def _copy_sweeps(database: asyncpg.Connection[asyncpg.Record], sweep_id: str) -> None:
    """Copy a sweep with its runs until there are SWEEPS sweeps."""
    copies = f"generate_series(1, {SWEEPS - 1}) AS copy"
    own_id = {"sweep_id": "substr(md5(copy::text), 1, 12)"}
    new = {
        **own_id,
        "name": "'sweep number ' || copy",
        "create_time": "create_time - copy * interval '1 minute'",
        "update_time": "update_time - ((copy * 7919) % 10007) * interval '1 second'",
    }
    await _copy(database, sweeps, sweep_id, copies, new)
    for copied in (runs, last_values):
        await _copy(database, copied, sweep_id, copies, own_id)


async def copy_runs(
    database: asyncpg.Connection[asyncpg.Record], sweep_id: str, size: int = LARGE
) -> None:
    """Copy the runs of a sweep until it has `size` runs, each with an objective of its own."""
    copies = f"generate_series(1, {size // RUNS - 1}) AS copy"
    new = {
        "number": f"number + copy * {RUNS}",
        "revision": f"revision + copy * {3 * RUNS}",
        "objective": "objective * (1 + copy / 1e4)",
        "external_run_id": "NULL",
    }
    for copied in (runs, last_values):
        await _copy(database, copied, sweep_id, copies, new)
    await database.execute(
        "UPDATE sweeps SET next_number = $2::int, finished = $2::int, revision = 4 * $2::int "
        "WHERE sweep_id = $1",
        sweep_id,
        size,
    )


async def _copy(
    database: asyncpg.Connection[asyncpg.Record],
    copied: Table,
    sweep_id: str,
    copies: str,
    new: Mapping[str, str],
) -> None:
    """Insert a copy of the sweep's rows for each of `copies`, with new values of some columns."""
    names = [column.name for column in copied.columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(new.get(name, f'"{name}"') for name in names)
    await database.execute(
        f"INSERT INTO {copied.name} ({quoted}) SELECT {values} FROM {copied.name}, {copies} "
        "WHERE sweep_id = $1",
        sweep_id,
        timeout=600,
    )


async def _calls(calls: Calls, sweep_id: str) -> dict[str, Read]:
    """Return the calls whose cost must not grow, by name."""
    newest = sweep_list_pb2.ListSweepsRequest(
        view=sweep_list_pb2.SWEEP_VIEW_BASIC,
        order=sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC,
        page_size=50,
    )
    trials = await calls.create_sweep("random")
    return {
        "trial, random": lambda: calls.trial(trials, 0),
        f"ListRuns, {PAGE} by number": lambda: calls.registry.ListRuns(
            pb.ListRunsRequest(sweep_id=sweep_id, page_size=PAGE)
        ),
        "GetSweep": lambda: calls.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id)),
        "ListSweeps, 50 by last change": lambda: calls.registry.ListSweeps(newest),
    }


async def _compare(small: Mapping[str, Read], large: Mapping[str, Read]) -> list[Figure]:
    """Return the milliseconds of each call on the large database, and their ratio to the small."""
    figures = []
    rows = []
    for name in small:
        of_small: list[float] = []
        of_large: list[float] = []
        for _ in range(ROUNDS):
            of_small.append(await _milliseconds(small[name]))
            of_large.append(await _milliseconds(large[name]))
        ratios = tuple(b / a for a, b in zip(of_small, of_large, strict=True))
        hops = 2 if name.startswith("trial") else 1
        size = SWEEPS * RUNS
        figures += [
            Figure(name, "ms", tuple(of_large), size, clients=1, hops=hops),
            Figure(name, f"times {RUNS} runs", ratios, size, clients=1),
        ]
        rows.append([name, *(f"{median(each):.2f}" for each in (of_small, of_large, ratios))])
    table(
        f"{SWEEPS:,} sweeps with {SWEEPS * RUNS:,} runs beside one sweep with {RUNS}, in turns",
        ["call", "small ms", "large ms", "ratio"],
        rows,
    )
    return figures


async def _pages(calls: Calls, sweep_id: str) -> list[Figure]:
    """Return the milliseconds of the large sweep's statistics, first and last pages."""
    figures = []
    statistics = await _rounds(
        lambda: calls.registry.GetSweepStats(pb.GetSweepStatsRequest(sweep_id=sweep_id))
    )
    figures.append(Figure("GetSweepStats", "ms", statistics, LARGE, clients=1, hops=1))
    for name, order in pb.RunOrder.items()[1:]:
        first = pb.ListRunsRequest(sweep_id=sweep_id, order=order, page_size=PAGE)
        for which, request in (("first", first), ("last", await _last_page(calls, first))):
            times = await _rounds(partial(calls.registry.ListRuns, request))
            by = name.removeprefix("RUN_ORDER_")
            figures.append(
                Figure(f"ListRuns, {PAGE} by {by}, {which} page", "ms", times, LARGE, 1, hops=1)
            )
    table(
        f"A sweep of {LARGE:,} runs",
        ["call", "ms"],
        [[each.name, f"{each.value:.2f}"] for each in figures],
    )
    return figures


async def _last_page(calls: Calls, first: pb.ListRunsRequest) -> pb.ListRunsRequest:
    """Return the request for the last page, found with pages that are as large as allowed."""
    request = pb.ListRunsRequest()
    request.CopyFrom(first)
    request.page_size = 1_000
    while True:
        page = await calls.registry.ListRuns(request)
        if not page.next_page_token:
            request.page_size = first.page_size
            return request
        request.page_token = page.next_page_token


async def _rounds(read: Read) -> tuple[float, ...]:
    return tuple([await _milliseconds(read) for _ in range(ROUNDS)])


async def _milliseconds(read: Read) -> float:
    """Return the median milliseconds of some calls, after one that warms up."""
    await read()
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await read()
        took.append((time.perf_counter() - began) * 1_000)
    return median(took)
