"""Fills a sweep with many finished runs: `fill.py SWEEP COUNT`, the database by DATABASE_URL.

The first runs are made by the calls of agents. The database copies them with values of their own,
which takes seconds for 100,000 runs; by calls, it would take minutes.
"""

from __future__ import annotations

import asyncio
import os
import sys

import asyncpg

from wanllmdb import AsyncClient, Succeeded

REAL = 20
# Each copy draws its own point and result.
DRAWN = {
    "number": "number + $2::bigint * copy",
    "revision": "revision + $2::bigint * copy",
    "parameters": (
        "json_build_object('x', random(), 'depth', (random() * 30)::int, 'width', 8 + "
        "(random() * 500)::int, 'rate', 10 ^ (-5 * random()), 'kind', "
        "(array['adam', 'sgd', 'rmsprop'])[1 + (number + copy) % 3])::text"
    ),
    "objective": "random() * 2",
    "external_run_id": "null",
}


async def make_real(sweep: str) -> None:
    """Finish a few runs as agents do."""
    async with AsyncClient() as client:
        for run in (await client.suggest(sweep, agent_id="filler", count=REAL)).runs:
            loss = float(run.parameters["x"])
            await client.finish_run(sweep, run.number, run.attempt, Succeeded(loss))


async def copy(url: str, sweep: str, count: int) -> None:
    """Copy the runs of a sweep until it has `count`."""
    database = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        rows = await database.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'runs'"
        )
        names = [row["column_name"] for row in rows]
        values = ", ".join(DRAWN.get(name, name) for name in names)
        copies = count // REAL - 1
        added = copies * REAL
        async with database.transaction():
            real = await database.fetchval(
                "SELECT next_number FROM sweeps WHERE sweep_id = $1 FOR UPDATE", sweep
            )
            assert real == REAL, f"the sweep has {real} runs"
            await database.execute(
                f"INSERT INTO runs ({', '.join(names)}) SELECT {values} FROM runs, "
                "generate_series(1, $3::bigint) AS copy WHERE sweep_id = $1",
                sweep,
                REAL,
                copies,
            )
            await database.execute(
                "UPDATE sweeps SET next_number = next_number + $2, finished = finished + $2, "
                "revision = greatest(revision, (SELECT max(revision) FROM runs WHERE "
                "sweep_id = $1)) + 1 WHERE sweep_id = $1",
                sweep,
                added,
            )
        await database.execute("ANALYZE runs")
    finally:
        await database.close()


async def main() -> None:
    sweep, count = sys.argv[1], int(sys.argv[2])
    await make_real(sweep)
    await copy(os.environ["DATABASE_URL"], sweep, count)


if __name__ == "__main__":
    asyncio.run(main())
