"""Upgrades two replicas of each service under load: `python -m tests.upgrade`.

The services, agents and drivers begin with an older commit. The tables and then each replica are
brought to the working tree's version, in the order of docs/operations.md#upgrade, and new agents
join the old ones. Afterwards the program compares what each agent and driver knows with what is
stored, and prints what happened.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from sqlalchemy import text

from tests.upgrade.checks import check, longest_pause
from tests.upgrade.load import Load, load
from tests.upgrade.replicas import REGISTRIES, SERVICES, SUGGESTIONS, Replicas
from tests.upgrade.versions import THIS, Version, before_newest_migration, checked_out
from wanllmdb import Client
from wanllmdb_local.postgres import embedded_postgres
from wanllmdb_registry.store.database import Database

# Runs of each sweep that old agents finish before the upgrade begins.
WARM_RUNS = 3
PATIENCE = 600.0


def main() -> int:
    """Return 0 if no agent and no driver saw an error and no result was lost, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade", description=__doc__)
    parser.add_argument(
        "--from",
        dest="revision",
        default="",
        help="the commit to begin with; by default the last one without the newest migration",
    )
    parser.add_argument("--agents", type=int, default=8, help="agents of each version")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="for how long each state is kept under load"
    )
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wanllmdb-upgrade-") as name:
        folder = Path(name)
        # PostgreSQL's own user must be able to enter it.
        folder.chmod(0o711)
        revision = options.revision or before_newest_migration()
        with (
            checked_out(revision, folder / "old") as old,
            embedded_postgres(folder / "data") as url,
        ):
            problems = asyncio.run(
                upgrade(old, url, folder, agents=options.agents, seconds=options.seconds)
            )
    for problem in problems:
        say(f"FAILED: {problem}")
    say(f"{len(problems)} problems, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


async def upgrade(
    old: Version, url: str, folder: Path, *, agents: int, seconds: float
) -> list[str]:
    """Carry the upgrade out and print the table; return the problems."""
    database = Database(url, pool_size=1)
    replicas = Replicas(url, folder)
    rows: list[tuple[str, str]] = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await stack.enter_async_context(replicas.running(old))
        working = stack.enter_context(load(replicas.environment, folder))
        client = stack.enter_context(
            Client(replicas.addresses(REGISTRIES), replicas.addresses(SUGGESTIONS))
        )
        before = await _schema(database)
        await asyncio.to_thread(working.create_sweeps, client)
        say(f"{old.name} serves on the tables {before}; its agents start")
        working.start(old, agents)
        await _until(lambda: _are_warm(client, working))
        began = datetime.now(UTC)
        await _under_load(working, replicas, seconds)
        took = await asyncio.to_thread(replicas.migrate, THIS)
        after = await _schema(database)
        rows.append((f"tables {before} to {after}", f"{took:.1f} s"))
        say(f"the tables are those of {after} after {took:.1f} s")
        await _under_load(working, replicas, seconds)
        for name in SERVICES:
            took = await replicas.replace(name, THIS)
            rows.append((f"{name} drained and replaced", f"{took:.1f} s"))
            say(f"{name} is replaced after {took:.1f} s")
            await _under_load(working, replicas, seconds / len(SERVICES))
        working.start(THIS, agents)
        await _under_load(working, replicas, seconds)
        ended = datetime.now(UTC)
        outcome = await asyncio.to_thread(working.end, client)
        runs, problems = await asyncio.to_thread(check, client, working, outcome)
    problems += [*outcome.errors, *replicas.problems]
    pruned = sum(run.state == "pruned" for run in runs)
    calls = ", ".join(f"{code} {count:,}" for code, count in replicas.calls.most_common())
    rows += [
        ("calls that the services answered", calls),
        ("runs finished", f"{sum(run.state == 'finished' for run in runs):,}"),
        ("runs stopped early", f"{pruned:,}"),
        ("runs assigned twice", f"{sum(run.attempt > 1 for run in runs)}"),
        ("errors of agents and drivers", f"{len(outcome.errors)}"),
        ("times that an agent had to wait", f"{outcome.waits}"),
        ("ShouldStop of drivers without an answer", f"{outcome.unanswered}"),
        ("longest time without an ended run", f"{longest_pause(runs, began, ended):.1f} s"),
    ]
    width = max(len(name) for name, _ in rows)
    say(f"\n{old.name} to {THIS.name}, {agents} agents of each version and a driver")
    for name, value in rows:
        say(f"{name:{width}}  {value}")
    return problems


def _are_warm(client: Client, working: Load) -> bool:
    working.check_running()
    return all(
        client.get_sweep_stats(sweep_id).finished_runs >= WARM_RUNS
        for sweep_id in working.sweeps.values()
    )


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def _under_load(working: Load, replicas: Replicas, seconds: float) -> None:
    await asyncio.sleep(seconds)
    try:
        working.check_running()
    except AssertionError:
        say("\n".join(replicas.last_lines()))
        raise


async def _schema(database: Database) -> str:
    async with database.migration() as connection:
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def _leave(number: int, _frame: object) -> NoReturn:
    """End what was started, also in the background of a shell."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
